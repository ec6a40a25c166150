/* SPDX-License-Identifier: BSD-2-Clause */
/* hanok-check: check a configuration with the code that reads it at boot. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/vm/config.h"

enum { EXIT_GOOD = 0, EXIT_MISTAKES = 1, EXIT_USAGE = 2 };

static const char usage[] =
    "usage: hanok-check [--file NAME]... [--memory MIB] [--cpus N] FILE\n"
    "Check a configuration of Hanok: device tree source (*.dts, compiled by dtc) or blob.\n"
    "  --file NAME   NAME is on the boot volume; with at least one --file, all files that\n"
    "                the configuration names must be given (NAME=PATH is allowed)\n"
    "  --memory MIB  memory that there is for guests\n"
    "  --cpus N      processors that there are\n"
    "Exit status: 0 no mistakes, 1 mistakes (one line each), 2 wrong usage or no such file.\n";

struct options {
	const char *path;
	char **files; /* as given, cut at '=' */
	unsigned file_count;
	unsigned long long memory_mib, cpus;
};

static bool file_present(void *ctx, const char *name)
{
	const struct options *o = ctx;

	for (unsigned i = 0; i < o->file_count; i++)
		if (!strcmp(o->files[i], name))
			return true;
	return false;
}

static void print_problem(void *ctx, const struct config_problem *p)
{
	const struct options *o = ctx;

	printf("%s: %s: %s%s%s: %s\n", o->path, p->node, p->property ? p->property : "",
	       p->property ? ": " : "", p->what, p->remedy);
}

static bool parse_number(const char *text, unsigned long long *number)
{
	char *end;

	*number = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && *number;
}

static bool parse(int argc, char **argv, struct options *o)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--file") && i + 1 < argc) {
			o->files[o->file_count] = argv[++i];
			strtok(o->files[o->file_count++], "=");
		} else if (!strcmp(argv[i], "--memory") && i + 1 < argc) {
			if (!parse_number(argv[++i], &o->memory_mib))
				return false;
		} else if (!strcmp(argv[i], "--cpus") && i + 1 < argc) {
			if (!parse_number(argv[++i], &o->cpus))
				return false;
		} else if (argv[i][0] == '-' || o->path) {
			return false;
		} else {
			o->path = argv[i];
		}
	}
	return o->path;
}

/* All of a stream; NULL without memory. */
static char *read_all(FILE *in, size_t *len)
{
	char *data = NULL;
	size_t room = 0, got;

	*len = 0;
	do {
		if (*len == room) {
			room = room ? 2 * room : 65536;
			data = realloc(data, room);
			if (!data)
				return NULL;
		}
		got = fread(data + *len, 1, room - *len, in);
		*len += got;
	} while (got);
	return data;
}

/* The blob of a source file. dtc prints its own messages; NULL when it fails. */
static char *compile(const char *path, size_t *len)
{
	char *blob = NULL;
	int fds[2], status;
	FILE *in;
	pid_t pid;

	if (pipe(fds))
		return NULL;
	pid = fork();
	if (!pid) {
		dup2(fds[1], 1);
		close(fds[0]);
		close(fds[1]);
		execlp("dtc", "dtc", "-q", "-I", "dts", "-O", "dtb", path, (char *)NULL);
		fprintf(stderr, "hanok-check: cannot run dtc: install device-tree-compiler\n");
		_exit(127);
	}
	close(fds[1]);
	in = fdopen(fds[0], "rb");
	if (in) {
		blob = read_all(in, len);
		fclose(in);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status) {
		free(blob);
		blob = NULL;
	}
	return blob;
}

static char *open_blob(const struct options *o, size_t *len)
{
	const char *dot = strrchr(o->path, '.');
	FILE *in = fopen(o->path, "rb");
	char *blob;

	if (!in)
		return NULL;
	if (dot && !strcmp(dot, ".dts")) {
		blob = compile(o->path, len);
		if (!blob)
			printf("%s: /: cannot be compiled: correct what dtc says\n", o->path);
	} else {
		blob = read_all(in, len);
	}
	fclose(in);
	return blob;
}

static int check(const struct options *o)
{
	const struct config_report report = {print_problem, (void *)o};
	const struct config_facts facts = {
	    .memory_mib = o->memory_mib,
	    .cpus = (u32)o->cpus,
	    .file_present = o->file_count ? file_present : NULL,
	    .ctx = (void *)o,
	};
	struct config cfg;
	size_t len = 0;
	char *blob;
	int err;

	if (access(o->path, R_OK)) {
		fprintf(stderr, "hanok-check: cannot read %s\n", o->path);
		return EXIT_USAGE;
	}
	blob = open_blob(o, &len);
	if (!blob)
		return EXIT_MISTAKES;
	err = config_read(&cfg, blob, len, &facts, &report);
	free(blob);
	err = err || cfg.problems ? EXIT_MISTAKES : EXIT_GOOD;
	config_free(&cfg);
	return err;
}

int main(int argc, char **argv)
{
	struct options o = {.files = calloc((size_t)argc, sizeof(char *))};
	int status = EXIT_USAGE;

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		fputs(usage, stdout);
		status = EXIT_GOOD;
	} else if (!parse(argc, argv, &o)) {
		fputs(usage, stderr);
	} else {
		status = check(&o);
	}
	free(o.files);
	return status;
}
