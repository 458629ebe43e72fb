# SPDX-License-Identifier: MIT
# Completion for bash; what may stand where is known to `coffer complete`.
# bash-completion finds this file by itself; without that package:
#     source share/completion/coffer.bash

_coffer()
{
	local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]}
	local line candidate

	COMPREPLY=()
	# oesign's and oeedger8r's neighbour knows theirs, too.
	case $program in
	*/*) program=${program%/*}/coffer ;;
	*) program=coffer ;;
	esac
	while IFS= read -r line; do
		case $line in
		:file)
			compopt -o filenames
			while IFS= read -r candidate; do
				COMPREPLY+=("$candidate")
			done < <(compgen -f -- "$current") ;;
		:directory)
			compopt -o filenames
			while IFS= read -r candidate; do
				COMPREPLY+=("$candidate")
			done < <(compgen -d -- "$current") ;;
		":command "*)
			_coffer_other "${line#:command }" ;;
		*)
			COMPREPLY+=("${line%%$'\t'*}") ;;
		esac
	done < <("$program" complete -- \
		"${COMP_WORDS[@]:0:COMP_CWORD+1}" 2>/dev/null)
}

# Word $1 begins the command line of another program.
_coffer_other()
{
	local candidate action=-f

	if declare -F _command_offset >/dev/null; then
		_command_offset "$1"
		return
	fi
	[ "$COMP_CWORD" = "$1" ] && [[ $current != */* ]] && action=-c
	compopt -o filenames
	while IFS= read -r candidate; do
		COMPREPLY+=("$candidate")
	done < <(compgen $action -- "$current")
}

complete -F _coffer coffer oesign oeedger8r
