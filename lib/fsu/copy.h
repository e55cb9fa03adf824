/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The copy engine of fsu_get, fsu_put, fsu_cp (and fsu_mv between images): trees
 * and files from a side to a side, where a side is the host or an image.
 *
 *	copy_cmd.c    options and operands, what DEST means
 *	copy_move.c   a move: what was copied is removed
 *	copy_tree.c   the walk: types, hard links, -i -n -u -f, attributes
 *	copy_host.c   the host as a side
 *	copy_image.c  an image as a side
 */
#ifndef FSU_COPY_H
#define FSU_COPY_H

#include "fsu.h"

enum fsu_copykind {
	FSU_COPY_NONE, /* not said yet */
	FSU_COPY_GET,  /* image to host */
	FSU_COPY_PUT,  /* host to image */
	FSU_COPY_CP,   /* image to the same or another image */
};

struct fsu_copyopts {
	enum fsu_copykind kind;
	bool recursive;	    /* -R */
	bool preserve;	    /* -p */
	bool force;	    /* -f */
	bool interactive;   /* -i */
	bool noclobber;	    /* -n */
	bool update;	    /* -u */
	bool verbose;	    /* -v */
	bool hardlink;	    /* -l */
	bool symlink;	    /* -s */
	bool onefs;	    /* -x */
	bool parents;	    /* -D */
	bool nodir;	    /* -T */
	bool inplace;	    /* --in-place */
	bool move;	    /* remove each source once its copy is durable */
	char deref;	    /* 'H', 'L', 'P', or 0: L without -R, P with it */
	const char *target; /* -t DIR */
	const char *owner;  /* --owner=U[:G] */
	const char *mode;   /* --mode=0644 */
	const char *to;	    /* --to=IMAGE2 */
	/* filled by fsu_copy_prepare */
	bool set_mode, set_uid, set_gid;
	uint32_t mode_bits, uid, gid;
	int *streams; /* by operand: its content, spooled, or -1; NULL: none */
	int nstreams;
};

extern const struct fsu_option fsu_copy_options[];
/* How many of them, from the first on, each command has. */
#define FSU_CP_NOPTIONS	 22
#define FSU_PUT_NOPTIONS (FSU_CP_NOPTIONS - 3)
#define FSU_GET_NOPTIONS (FSU_PUT_NOPTIONS - 1)

/* struct fsu_command's option(); state is a struct fsu_copyopts. */
int fsu_copy_option(void *state, int key, const char *value);
/* ... and its prepare(), and run(). */
int fsu_copy_prepare(struct fsu *f, void *state, int n, char **operands);
int fsu_copy_run(struct fsu *f, void *state, int n, char **operands);
void fsu_copy_done(void *state);

/*
 * Standard input (or what else can't be read twice) whole, before an image is
 * locked: a descriptor at offset 0 of memory (up to 16 MiB) or of an unnamed
 * temporary.  A regular file is given back as it is (a duplicate).  -1 and errno.
 */
int fsu_spool(int hostfd);
/*
 * In prepare(): the same of what will go into f's image, which can't take more bytes
 * than it has: a stream without an end isn't waited for.  -1 after a message.
 */
int fsu_spool_into(struct fsu *f, const char *name, int hostfd);

#endif /* FSU_COPY_H */
