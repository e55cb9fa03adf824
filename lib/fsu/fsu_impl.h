/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside lib/fsu: the session.
 *
 *	parsed -> resolved -> locked -> mounted -> (run) -> unmounted
 *
 * command.c parses the line, image.c resolves the argument to a host path and a
 * window, session.c does the rest in both directions; fsu_session_close takes a
 * session in any state.
 */
#ifndef FSU_IMPL_H
#define FSU_IMPL_H

#include <sys/types.h>

#include "fsu.h"

struct rumpuser_file;

/* Where an image argument leads. */
struct fsu_image {
	char *im_name;		 /* as messages say it */
	char *im_path;		 /* the host file */
	char *im_words;		 /* behind the first %; NULL: all of the file */
	uint64_t im_off, im_len; /* the window, once the file is open; im_len 0:
				    to the end */
	char *im_type;		 /* NULL: to be found out */
	char *im_options;	 /* an alias's own, or NULL */
};

struct fsu {
	const struct fsu_command *cmd;
	struct fsu_image image;
	char *options; /* all mount options, comma-separated */
	bool write, force, nowait, verbose;
	bool glob, noglob;
	bool readonly; /* it is mounted read-only */
	bool reading;  /* a shell that only reads runs the command */
	bool programs; /* runs programs of the host: no sandbox */
	struct rumpuser_file *hf;
	struct rumpuser_file *stdout_file; /* confine.c */
	struct ukfs *ukfs;
	unsigned loglines; /* what the kernel said */
	int status;	   /* of messages */
	char *second_arg;
	bool second_write;
	struct fsu *second;
	struct fsu_confine confine;
	/* left for a while: which file it was, and where in it we were */
	uint64_t left_dev, left_ino;
	char *left_cwd;
};

/* image.c: a status, after a message.  Words are well-formed then; where they lead
 * only the file can tell (fsu_open_locked). */
#define FSU_IMAGE_ALIASES 0x1
#define FSU_IMAGE_NEW	  0x2 /* a file that isn't there is no error */
int fsu_image_resolve(
    const char *arg, const char *part, unsigned flags, struct fsu_image *im);
/* For two images of one file: where do they lead, before anything is locked? */
int fsu_image_window(struct fsu_image *im);
void fsu_image_free(struct fsu_image *im);
/* Does arg end in a window suffix?  *wordsp: where its first % is. */
bool fsu_window_suffix(const char *arg, const char **wordsp);

/* confine.c */
/* Once all images are open, and before anything in them is looked at. */
int fsu_session_confine(struct fsu *f);

/* session.c */
/* Open f (and its second image): a status, after a message. */
int fsu_session_open(struct fsu *f);
/* Unmount; a status. */
int fsu_session_close(struct fsu *f);
/* The second image alone, where f is open already: without waiting for its lock,
 * since whoever has it may wait for f's.  Closing takes any state. */
int fsu_second_open(struct fsu *f);
int fsu_second_close(struct fsu *f);
/* The words after "--help": common to all commands. */
extern const struct fsu_option fsu_common_options[];
extern const size_t fsu_ncommon_options;
enum {
	FSU_KEY_FSTYPE = 0x7000,
	FSU_KEY_MNTOPTS,
	FSU_KEY_IMAGE,
	FSU_KEY_PART,
	FSU_KEY_GLOB,
	FSU_KEY_NOGLOB,
	FSU_KEY_FORCE,
	FSU_KEY_HELP,
	FSU_KEY_VERSION,
};
/* explain.c: why it isn't a file system we can mount, in one message. */
void fsu_explain_content(struct fsu *f);
/* Is name a type that this kernel has? */
bool fsu_type_known(const char *name);
char *fsu_known_types(void);

/* signal.c */
void fsu_signals_catch(void);
int fsu_signal_seen(void); /* its number, or 0 */
void fsu_signals_restore(void);
bool fsu_sigpipe_was_ignored(void);

/* message.c */
void fsu_log_hook(void *arg, const char *line);
bool fsu_stdout_gone(void); /* EPIPE was met */
void fsu_stdout_is_gone(void);
/* Forget that, and what an earlier command couldn't write. */
void fsu_stdout_fresh(void);

#endif /* FSU_IMPL_H */
