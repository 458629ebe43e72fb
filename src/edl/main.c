/* SPDX-License-Identifier: MIT */
/*
 * oeedger8r: makes the C code that carries calls across the border of an
 * enclave, from EDL files. Options, texts and exit statuses are those of
 * the Open Enclave SDK's program of that name.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "compile.h"
#include "source.h"

struct options {
	struct edl_vec files;	/* char * */
	bool use_prefix, header_only, untrusted, trusted;
	const char *untrusted_dir, *trusted_dir;
};

static void usage(FILE *f)
{
	fputs("usage: oeedger8r [options] <file> ...\n\n"
	      "[options]\n"
	      "--search-path <path>  Look for EDL files in <path> too "
	      "(repeatable)\n"
	      "--use-prefix          Put the enclave's name before the "
	      "host's ecall functions\n"
	      "--header-only         Make header files only\n"
	      "--untrusted           Make the files of the host\n"
	      "--trusted             Make the files of the enclave\n"
	      "--untrusted-dir <dir> Where the files of the host go\n"
	      "--trusted-dir <dir>   Where the files of the enclave go\n"
	      "-D<name>              Define <name> for #ifdef and #ifndef\n"
	      "-W<name>              Turn a warning on\n"
	      "-Wno-<name>           Turn a warning off\n"
	      "-Wall                 Turn all warnings on\n"
	      "-Werror               Make every warning an error\n"
	      "-Werror=<name>        Make one warning an error\n"
	      "--experimental        Accepted, without effect\n"
	      "--help                Print this text\n\n"
	      "Without --untrusted and --trusted both are made.\n\n"
	      "[warnings]\n", f);
	for (enum edl_warning w = 0; w < EDL_WARN_COUNT; w++)
		fprintf(f, "%-21s %s\n", edl_warning_name(w),
			edl_warning_about(w));
}

/* A mistake on the command line: exit status 255, as ever. */
static int mistake(const char *what, const char *arg)
{
	fprintf(stderr, "error: %s%s\n\n", what, arg);
	usage(stderr);
	return -1;
}

/* Make DIR and the directories above it. */
static void make_dir(struct edl_ctx *c, const char *dir)
{
	char *copy = (char *)edl_text(c, "%s", dir);

	for (char *s = copy + 1; *s; s++) {
		if (*s != '/')
			continue;
		*s = 0;
		mkdir(copy, 0777);
		*s = '/';
	}
	if (mkdir(copy, 0777) < 0 && errno != EEXIST)
		edl_fail(c, NULL, "cannot make the directory '%s': %s", dir,
			 strerror(errno));
}

static void write_file(struct edl_ctx *c, const struct options *opt,
		       const struct edl_unit *u, enum edl_file which,
		       const char *dir)
{
	struct edl_out out = edl_generate(c, u, which, opt->use_prefix);
	const char *path = edl_text(c, "%s/%s%s", dir, u->name,
				    edl_file_suffix(which));
	FILE *f = fopen(path, "w");
	bool good = f && fwrite(out.text, 1, out.size, f) == out.size;
	int err = errno;

	if (f && fclose(f) && good) {
		err = errno;
		good = false;
	}
	if (!good)
		edl_fail(c, NULL, "cannot write '%s': %s", path,
			 strerror(err));
}

static void compile_all(struct edl_ctx *c, void *arg)
{
	const struct options *opt = arg;

	if (opt->trusted)
		make_dir(c, opt->trusted_dir);
	if (opt->untrusted)
		make_dir(c, opt->untrusted_dir);
	for (size_t i = 0; i < opt->files.count; i++) {
		struct edl_unit *u = edl_compile(c, opt->files.at[i]);

		if (opt->trusted) {
			write_file(c, opt, u, EDL_FILE_ARGS_H,
				   opt->trusted_dir);
			write_file(c, opt, u, EDL_FILE_T_H, opt->trusted_dir);
		}
		if (opt->trusted && !opt->header_only)
			write_file(c, opt, u, EDL_FILE_T_C, opt->trusted_dir);
		if (opt->untrusted) {
			write_file(c, opt, u, EDL_FILE_ARGS_H,
				   opt->untrusted_dir);
			write_file(c, opt, u, EDL_FILE_U_H,
				   opt->untrusted_dir);
		}
		if (opt->untrusted && !opt->header_only)
			write_file(c, opt, u, EDL_FILE_U_C,
				   opt->untrusted_dir);
	}
}

struct arguments {
	struct options *opt;
	int argc;
	char **argv;
	int status;	/* of the program, if not 2 */
};

/* Everything on the command line; within edl_run for its memory. */
static void read_options(struct edl_ctx *c, void *arg)
{
	struct arguments *a = arg;
	struct options *opt = a->opt;

	for (int i = 1; i < a->argc; i++) {
		const char *s = a->argv[i];
		const char **dir = NULL;

		if (!strcmp(s, "--trusted-dir"))
			dir = &opt->trusted_dir;
		else if (!strcmp(s, "--untrusted-dir"))
			dir = &opt->untrusted_dir;
		if (dir || !strcmp(s, "--search-path")) {
			if (++i == a->argc) {
				mistake("missing directory name after ", s);
				a->status = 1;
				return;
			}
			if (dir)
				*dir = a->argv[i];
			else
				edl_push(c, &c->search, a->argv[i]);
		} else if (!strcmp(s, "--use-prefix")) {
			opt->use_prefix = true;
		} else if (!strcmp(s, "--header-only")) {
			opt->header_only = true;
		} else if (!strcmp(s, "--untrusted")) {
			opt->untrusted = true;
		} else if (!strcmp(s, "--trusted")) {
			opt->trusted = true;
		} else if (!strcmp(s, "--experimental")) {
			continue;
		} else if (!strcmp(s, "--help")) {
			usage(stdout);
			a->status = 1;
			return;
		} else if (!strncmp(s, "-D", 2)) {
			if (!s[2]) {
				a->status = mistake("macro name missing "
						    "after -D", "");
				return;
			}
			edl_push(c, &c->defines, a->argv[i] + 2);
		} else if (!strncmp(s, "-W", 2)) {
			if (!edl_warnings_option(&c->warnings, s + 2)) {
				a->status = mistake("unknown warning: ", s);
				return;
			}
		} else if (s[0] == '-') {
			a->status = mistake("unknown option: ", s);
			return;
		} else {
			edl_push(c, &opt->files, a->argv[i]);
		}
	}
	if (!opt->files.count)
		a->status = mistake("missing edl filename", "");
}

int main(int argc, char **argv)
{
	struct edl_ctx c = {
		.loader = edl_loader_files, .log = stdout, .err = stderr };
	struct options opt = { .untrusted_dir = ".", .trusted_dir = "." };
	struct arguments args = { &opt, argc, argv, 2 };
	int status = 1;

	if (argc == 1) {
		usage(stdout);
		return 1;
	}
	edl_warnings_init(&c.warnings);
	if (edl_run(&c, read_options, &args) && args.status == 2) {
		if (!opt.trusted && !opt.untrusted)
			opt.trusted = opt.untrusted = true;
		puts("Generating edge routine, for the Open Enclave SDK.");
		if (edl_run(&c, compile_all, &opt)) {
			puts("Success.");
			status = 0;
		}
	} else if (args.status != 2) {
		status = args.status;
	}
	edl_arena_free(&c.arena);
	if (fflush(stdout) || ferror(stdout))
		status = status ? status : 1;
	return status;
}
