/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where makefs and newfs-img put what they make.
 *
 * The image is always built in a file without a name (tg_file), so that however
 * we end nothing is left over; fsu_target_publish() then puts it in its place:
 *	NEW, REPLACE	linked beside the target and renamed over it
 *	INPLACE		copied into a block device, a partition of an image, or to an
 *			offset of a file: first blocks cleared first and written
 *			last, the rest of what is taken reads as zeros
 *	STDOUT		written to standard output
 * An old file stays locked from fsu_target_open() until fsu_target_close().
 */
#ifndef FSU_TARGET_H
#define FSU_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct fsu_confine;
struct rumpuser_file;

enum fsu_target_kind {
	FSU_TARGET_NEW,
	FSU_TARGET_REPLACE,
	FSU_TARGET_INPLACE,
	FSU_TARGET_STDOUT,
};

struct fsu_target {
	const char *tg_name; /* as the user gave it */
	char *tg_path;	     /* symlinks resolved; NULL: standard output */
	enum fsu_target_kind tg_kind;
	struct rumpuser_file *tg_file; /* build here, from tg_offset on */
	struct rumpuser_file *tg_old;  /* REPLACE, INPLACE: locked */
	uint64_t tg_offset;	       /* where in the file the image starts */
	uint64_t tg_room; /* bytes there are, of a device or partition; 0: no
			     limit */
	bool tg_part;	  /* a partition */
	mode_t tg_mode;	  /* REPLACE: the old one's */
	uid_t tg_uid;
	gid_t tg_gid;
	uint64_t tg_olddev,
	    tg_oldino; /* identities, to be skipped as sources */
	uint64_t tg_dev, tg_ino;
};

#define FSU_TARGET_FORCE  0x1 /* whatever is there */
#define FSU_TARGET_NOWAIT 0x2 /* don't wait for a lock */
#define FSU_TARGET_CHECK  0x4 /* look, but make nothing (-n) */
/*
 * Look at the target and refuse what CLI.md says; lock it; make the unnamed
 * file.  name may be an image argument with words, part (NULL: none) are more of
 * them; offset counts inside of them.  A status; a message was printed.  On failure
 * nothing is to be closed.
 */
int fsu_target_open(struct fsu_target *tg, const char *name, const char *part,
    uint64_t offset, unsigned flags);
/* Say in c what publishing will do on the host. */
void fsu_target_access(const struct fsu_target *tg, struct fsu_confine *c);
/* Put the image in its place; size: bytes from tg_offset on.  A status. */
int fsu_target_publish(struct fsu_target *tg, uint64_t size);
void fsu_target_close(struct fsu_target *tg);

#endif /* FSU_TARGET_H */
