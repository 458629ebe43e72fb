# SPDX-License-Identifier: MIT
# Completion for fish; what may stand where is known to `coffer complete`.
# fish finds this file in vendor_completions.d.

function __coffer_complete
	set -l words (commandline -opc)
	set -l current (commandline -ct)
	set -l program coffer

	# oesign's and oeedger8r's neighbour knows theirs, too.
	if string match -q -- '*/*' $words[1]
		set program (string replace -r '[^/]*$' coffer -- $words[1])
	end
	for line in ($program complete -- $words "$current" 2>/dev/null)
		switch $line
			case :file
				__fish_complete_path "$current"
			case :directory
				__fish_complete_directories "$current"
			case ':command *'
				# Word N, counted from 0, begins another
				# program's line.
				set -l from (math (string replace ':command ' '' -- $line) + 1)
				set -l rest $words[$from..-1] "$current"
				complete -C (string join ' ' -- (string escape -- $rest[1..-2]) $rest[-1])
			case '*'
				echo $line
		end
	end
end

for program in coffer oesign oeedger8r
	complete -c $program -e
	complete -c $program -f -a '(__coffer_complete)'
end
