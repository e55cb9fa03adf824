/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the commands share: options, the image argument, the session (open, lock,
 * mount, unmount), messages, sizes, paths, globs.  The copy engine has copy.h.
 *
 * A command is a table (struct fsu_command), NAME_command in cmd/NAME/NAME.c, and
 * main() is the same for all (cmd/command_main.c), so that a shell can run the
 * same commands on an image that is open already: no state but what the table
 * asks for, and no global names without the command's own in front.
 * fsu_main parses, opens, gives up what prepare() didn't ask for, calls run(),
 * unmounts; run() acts on the image with
 * rump_sys_*() (the thread is bound to it, the current directory is "/") or
 * ukfs_*(fsu_ukfs(f)).  rump_sys_*() gives minus an error number.
 *
 * Status: 0 done; 1 something failed (the rest was tried); 2 usage, or the image
 * couldn't be opened.  Functions here that return "a status" return one of these.
 */
#ifndef FSU_H
#define FSU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <rump/rump.h>
#include <rump/rump_abi.h>
#include <rump/rump_syscalls.h>
#include <rump/ukfs.h>

#define FSU_OK		 0
#define FSU_FAIL	 1
#define FSU_USAGE	 2

#define FSU_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* ---- options (options.c) ---------------------------------------------- */

/* FSU_OPTARG: --long=VALUE; the letter beside it takes none, as in all of coreutils,
 * one that stands alone -xVALUE. */
enum fsu_argkind { FSU_NOARG, FSU_ARG, FSU_OPTARG };

/*
 * key: the letter ('a'), or from FSU_KEY_LONG up for options without one.  Two
 * rows may have the same key (synonyms: help NULL hides the row).
 */
#define FSU_KEY_LONG 0x100
struct fsu_option {
	int key;
	const char *longname; /* without --; NULL: none */
	enum fsu_argkind arg;
	const char *argname; /* "SIZE", for --help; NULL if none */
	const char *help;    /* one line; NULL: works, but isn't shown */
};

/*
 * A parser as GNU's getopt_long behaves: clusters, -xVALUE, --long=VALUE, --long
 * VALUE, unambiguous beginnings, `--`.  Two tables are searched, the command's
 * own first.  For programs that have no image argument of fsu's kind.
 */
struct fsu_optparser {
	int op_argc;
	char **op_argv;
	const struct fsu_option *op_table[2];
	size_t op_n[2];
	bool op_posix; /* the first operand ends options (exec, find) */
	/* state */
	int op_next;
	const char *op_cluster;
	bool op_ended;
};
#define FSU_OPT_END	(-1) /* no more arguments */
#define FSU_OPT_OPERAND (-2) /* *valuep is an operand */
#define FSU_OPT_ERROR	(-3) /* a message was printed */
/* The next key, or one of the above; *valuep: its value or NULL. */
int fsu_opt_next(struct fsu_optparser *op, const char **valuep);
/* --help: usage, summary and both tables, on standard output. */
void fsu_opt_help(const char *name, const char *synopsis, const char *summary,
    const struct fsu_option *table, size_t n);
void fsu_opt_version(const char *name);

/* ---- commands (command.c, session.c) ----------------------------------- */

struct fsu;

#define FSU_READS  0x00 /* opens the image for reading, shared lock */
#define FSU_WRITES 0x01 /* opens it for writing, alone */
#define FSU_GLOBS \
	0x02 /* run() gets operands with globs expanded (else: only
                              with --glob, or where it calls fsu_glob itself) */
#define FSU_OWNGLOB   0x10 /* run() expands what it wants by fsu_glob itself */
#define FSU_POSIXARGS 0x04 /* the first operand after IMAGE ends options */
#define FSU_HIDDEN    0x08 /* not in lists of commands */
#define FSU_NOSANDBOX 0x20 /* runs programs of the host */
#define FSU_NOMOUNT \
	0x80 /* the image is opened and locked, not mounted: fsu_ukfs() is NULL */
#define FSU_RAWARGS \
	0x40 /* all behind IMAGE goes to run() as it stands, words that begin
                with - too (find); the common long options and -- only where
                they come first.  Options in front of IMAGE, as always. */

struct fsu_command {
	const char *name; /* "fsu_cat" */
	const char *
	    synopsis; /* what follows the name: "[-n] IMAGE [FILE]..."; \n: another form */
	const char *summary; /* one sentence */
	const struct fsu_option *options;
	size_t noptions;
	unsigned flags;
	int min_operands; /* fewer: status 2 "missing operand" */
	int max_operands; /* more: status 2 "extra operand"; -1: any */
	int trouble; /* a status instead of 1 and 2, where those are the status of
	                what run() ran (exec: 125); 0: none */
	size_t state_size;	   /* zeroed before option() */
	void (*init)(void *state); /* may be NULL */
	/* One option; 0, or FSU_USAGE after fsu_usage().  NULL if there are none. */
	int (*option)(void *state, int key, const char *value);
	/* Each word of the line that such an option is in or has as its value, in
	 * order, before option(); key: the word's first option.  May be NULL. */
	void (*word)(void *state, int key, const char *word);
	/* Before the image is opened and locked: check usage, read standard input,
	 * fsu_want_write(), fsu_second_image().  A status.  May be NULL. */
	int (*prepare)(struct fsu *f, void *state, int n, char **operands);
	int (*run)(
	    struct fsu *f, void *state, int n, char **operands); /* a status */
	void (*done)(void *state); /* may be NULL; called in every case */
};

/* Every command, sorted by name: only for programs that link all of them. */
extern const struct fsu_command *const fsu_commands[];
extern const size_t fsu_ncommands;

int fsu_main(const struct fsu_command *cmd, int argc, char **argv);
/*
 * The same on an open image: argv[0] is the command's name, then X's own options
 * and operands.  A status, or 128 and the signal that came (130: ^C; 141: nobody
 * reads standard output).  Each run is as the first: nothing of an earlier one's
 * options, output or failure is left.  A command that changes an image that is
 * open for reading only is refused; a second image's lock isn't waited for.
 */
int fsu_run_command(
    struct fsu *f, const struct fsu_command *cmd, int argc, char **argv);
/* For shells: the signal that came, 0 if none did.  SIGINT is forgotten, so that a
 * ^C ends one command. */
int fsu_signal_take(void);
/* In prepare(): may it be opened for writing?  If not, *whyp says why (NULL: -o ro);
 * static. */
bool fsu_image_changeable(struct fsu *f, const char **whyp);

struct ukfs *fsu_ukfs(struct fsu *f);
/* The image as the user named it (after aliases). */
const char *fsu_image_name(struct fsu *f);
/* The image's host descriptor (to see whether a host path is the image itself). */
int fsu_image_fd(struct fsu *f);
/* In prepare(): open for writing after all, or only for reading. */
void fsu_want_write(struct fsu *f, bool write);
/* Is it open for writing?  (-o ro, a file without a write bit: no.) */
bool fsu_writable(struct fsu *f);
/* In prepare(): an image argument to open as well (--to=IMAGE2). */
void fsu_second_image(struct fsu *f, const char *arg, bool write);
struct fsu *fsu_second(struct fsu *f);
/*
 * In prepare(): a host path that run() will open, with all that is below it.
 * What isn't named can't be opened any more once the image is.  A path that
 * is no directory, or doesn't exist yet, stands for the directory that it is or
 * will be in, if it is to be written.  NULL: the directory for temporaries.
 */
#define FSU_HOST_READ  0x1
#define FSU_HOST_WRITE 0x2 /* and make, change, remove */
void fsu_host_access(struct fsu *f, const char *path, unsigned access);
/* In prepare(): run() will run programs of the host, as FSU_NOSANDBOX says it for
 * commands that always do. */
void fsu_want_programs(struct fsu *f);
/*
 * In run(): unmount, close and unlock the image, and take it again, for writing or
 * for reading; descriptors in it are gone, the current directory stays.  Between
 * the two only messages work.  A status, after a message; leave: of what couldn't
 * be written out; again: also when another file has taken the image's place, and
 * then, as after every failure, the image stays closed.
 */
int fsu_image_leave(struct fsu *f);
int fsu_image_again(struct fsu *f, bool write);
/* ^C or SIGTERM came: finish, tidy up, return. */
bool fsu_interrupted(void);
/* -o NAME, -o NAME=VALUE: the value, "" if it has none; NULL if not given. */
const char *fsu_mount_option(struct fsu *f, const char *name);
/* --no-glob and --glob as given. */
bool fsu_glob_wanted(struct fsu *f, bool bydefault);

/* For programs without a session: the same list, and the sandbox itself.  No thread
 * but the calling one may exist.  A status, after a message. */
struct fsu_confine {
	struct fsu_host_path {
		char *path;
		unsigned access;
	} * paths;
	size_t n;
};
void fsu_confine_add(struct fsu_confine *c, const char *path, unsigned access);
int fsu_confine(const struct fsu_confine *c, bool verbose);
void fsu_confine_free(struct fsu_confine *c);

/* ---- messages (message.c) ---------------------------------------------- */

/* "fsu_cat: disk.img: /etc/x: No such file or directory", path quoted as GNU's are,
 * where it must be; error: RUMP_E* or the
 * host's errno, either sign; marks the session failed (status 1).  f may be NULL. */
void fsu_error(struct fsu *f, const char *path, int error);
/* "fsu_cat: disk.img: " and the text; marks the session failed. */
void fsu_errorf(struct fsu *f, const char *fmt, ...) FSU_PRINTF(2, 3);
/* The same line, but the status stays. */
void fsu_warnf(struct fsu *f, const char *fmt, ...) FSU_PRINTF(2, 3);
/* "fsu_cat: " and the text, for what doesn't concern the image. */
void fsu_msg(const char *fmt, ...) FSU_PRINTF(1, 2);
/* "fsu_cat: text" and "Try 'fsu_cat --help' ..."; returns FSU_USAGE. */
int fsu_usage(const char *fmt, ...) FSU_PRINTF(1, 2);
const char *fsu_strerror(int error);
/* The same; for ENOSPC what is needed ("a block is"), what the image has, and what
 * helps.  Static. */
const char *fsu_no_room(struct fsu *f, int error, const char *needed);
void fsu_set_progname(const char *name);
/* First of all: standard descriptors that are closed must not become an image's,
 * or messages would be written into it.  They fail as closed ones do. */
void fsu_guard_stdio(void);
const char *fsu_progname(void);
/* Control characters of s made visible, as messages show names; a ring of
 * four results for each thread. */
const char *fsu_visible(const char *s);
/* Flush standard output and report what went wrong with it; a status.  SIGPIPE
 * and EPIPE are silent. */
int fsu_flush_stdout(void);
/* "remove 'x'? ": y or Y from standard input. */
bool fsu_confirm(const char *fmt, ...) FSU_PRINTF(1, 2);

/* ---- memory: these never fail (they end the process with a message) ------ */
void *fsu_malloc(size_t size);
void *fsu_calloc(size_t n, size_t size);
void *fsu_realloc(void *p, size_t size);
char *fsu_strdup(const char *s);
char *fsu_strndup(const char *s, size_t n);
char *fsu_asprintf(const char *fmt, ...) FSU_PRINTF(1, 2);

/* ---- sizes (sizes.c) ------------------------------------------------------ */

/* Bytes: decimal, 0x..; b s = 512; k m g t (any case, also kiB) x1024; kB MB GB
 * TB x1000; products 2x1024.  0, EINVAL or ERANGE. */
int fsu_parse_size(const char *s, uint64_t *bytesp);
/* "+200m": *relative is set. */
int fsu_parse_size_rel(const char *s, uint64_t *bytesp, bool *relative);
/* As ls -h and df -h print: "1.1K", rounded up; base 1024 or 1000 (--si). */
const char *fsu_human_size(char buf[16], uint64_t bytes, unsigned base);

/* ---- paths and globs (path.c, glob.c) ------------------------------------- */

/* dir/name, without doubled slashes; to be freed. */
char *fsu_path_join(const char *dir, const char *name);
/* The last component without trailing slashes ("/" for "/"); to be freed. */
char *fsu_basename(const char *path);
/* All before it ("." if there is no slash); to be freed. */
char *fsu_dirname(const char *path);
bool fsu_has_glob(const char *s);
/* fnmatch as the shell's globs: * ? [set] \x; never a leading dot by *. */
bool fsu_glob_match(const char *pattern, const char *name);
/*
 * Expand operands over the image, sorted by bytes; a name that exists literally
 * wins; a pattern without a match stays as it is.  *outp is NULL-terminated; free
 * with fsu_glob_free.
 */
/* Returns how many. */
int fsu_glob(struct fsu *f, int n, char *const *operands, char ***outp);
/* One pattern as a shell has it: names that match, and no names if none does. */
int fsu_glob_pattern(struct fsu *f, const char *pattern, char ***outp);
void fsu_glob_free(char **list);

/* A whole directory, sorted by name bytewise; "." and ".." left out.  Entries
 * with d_error lack their attributes. */
struct fsu_dirlist {
	size_t dl_n;
	struct rump_direntplus **dl_ent;
	void *dl_mem;
};
#define FSU_DIR_DOTS	 0x1 /* "." and ".." too */
#define FSU_DIR_UNSORTED 0x2
/* 0 or minus an error number. */
int fsu_readdir(int dirfd, unsigned flags, struct fsu_dirlist *dl);
void fsu_readdir_free(struct fsu_dirlist *dl);

/* ---- what is in a host file? (inspect.c) ----------------------------------- */

enum fsu_content {
	FSU_CONTENT_EMPTY, /* no bytes */
	FSU_CONTENT_ZERO, /* nothing but zeros (FSU_INSPECT_ZEROS), or its head is */
	FSU_CONTENT_FS,	       /* a file system's signature (ours or not) */
	FSU_CONTENT_PARTTABLE, /* MBR, GPT, disklabel .. */
	FSU_CONTENT_CONTAINER, /* gzip, qcow2, LUKS.. : ci_hint says what unpacks it */
	FSU_CONTENT_ARCHIVE, /* tar, cpio, zip.. */
	FSU_CONTENT_UNKNOWN,
};
struct fsu_contentinfo {
	enum fsu_content ci_kind;
	const char
	    *ci_name; /* "gzip", "ext2", "GPT" .. (into the struct or static) */
	const char *ci_hint; /* "gzip -dk %s"; NULL if none */
	unsigned ci_nparts;
	char ci_table[16];
	struct ukfs_content ci_content; /* of a file system: label, uuid */
};
#define FSU_INSPECT_ZEROS 0x1 /* read all to see that it is all zero */
/* 0 or an errno. */
int fsu_inspect(int hostfd, uint64_t off, uint64_t len, unsigned flags,
    struct fsu_contentinfo *ci);

/* ---- host files that images are in (hostimage.c) ---------------------------- */

/* Is the open host file in use by the host: a mounted device, a file behind a
 * loop device?  Returns NULL, or words for it ("/dev/loop0 uses it"), static. */
const char *fsu_host_in_use(int hostfd);
/*
 * Open and lock for writing or reading the bytes that words lead to (without words:
 * those of *pw).  After two seconds of waiting one line; after a wait the path is
 * looked up and the partition table read again.  FSU_LOCK_NOWAIT: EWOULDBLOCK at
 * once.  0 or an errno (a message was printed where *told is set).
 */
#define FSU_LOCK_WRITE	 0x1
#define FSU_LOCK_NOWAIT	 0x2
#define FSU_LOCK_VERBOSE 0x4 /* warn where the host file system has no locks */
#define FSU_LOCK_FORCE	 0x8 /* a block device even if the host uses it */
int fsu_open_locked(const char *path, unsigned flags, const char *words,
    struct ukfs_window *pw, struct rumpuser_file **hfp, bool *told);
/* ---- partitions (parttable.c) --------------------------------------------- */

/* The image's host file, and the words behind it (NULL: none). */
const char *fsu_image_path(struct fsu *f);
const char *fsu_image_words(struct fsu *f);
#define FSU_PART_BYTES	0x1 /* sizes in bytes, not for people */
#define FSU_PART_LONG	0x2 /* where it begins, type and UUID of the table */
#define FSU_PART_NOHEAD 0x4
/* A table, max rows at most (0: all). */
void fsu_part_print(FILE *fp, const char *path, const struct ukfs_parts *parts,
    size_t max, unsigned flags);
/* The argument that names a partition, quoted for a shell; to be freed. */
char *fsu_part_argument(const char *path, const struct ukfs_part *up);

/* The type that a user's word means: vfat, fat: msdos .. ; itself if no alias. */
const char *fsu_type_alias(const char *name);

#endif /* FSU_H */
