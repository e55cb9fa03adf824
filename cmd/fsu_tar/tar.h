/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside fsu_tar.
 *
 *	fsu_tar.c	 what is opened before the image, and which mode runs
 *	tar_options.c	 the command line
 *	tar_names.c	 --exclude, members, leading components, name lists
 *	tar_create.c	 the walk: what is archived, and the data
 *	tar_attr.c	 extended attributes, access lists, file flags
 *	tar_format.c	 pax, gnutar and ustar, header by header
 *	tar_foreign.c	 the other formats, which libarchive writes
 *	tar_out.c	 the archive's bytes on their way out, through a filter or not
 *	tar_list.c	 lines as tar -t and -tv print them
 *	tar_read.c	 archives in, of any format that libarchive has
 *	tar_extract.c	 members into the image
 *	tar_place.c	 directories below the destination, never through a symlink
 */
#ifndef FSU_TAR_H
#define FSU_TAR_H

#include <fsu/fmt.h>
#include <fsu/fsu.h>

struct archive;
struct archive_entry;

#define TAR_BLOCK  512u
#define TAR_RECORD 10240u

enum tar_format {
	TAR_PAX,
	TAR_GNU,
	TAR_USTAR,
	TAR_FOREIGN, /* to_format names it for libarchive */
};

struct tar_names {
	char **n_list;
	size_t n, cap;
};

/* The command line. */
struct tar_opts {
	char to_mode; /* 'c', 'x', 't'; 0: not said */
	const char *to_file, *to_dir, *to_format, *to_filter;
	const char *to_level;
	enum tar_format to_kind;
	unsigned to_verbose;
	bool to_auto; /* -a */
	bool to_numeric, to_follow, to_onefs, to_norecurse, to_absolute;
	bool to_noxattrs, to_noacls, to_noflags;
	bool to_keep, to_skip, to_newer; /* -k, --skip-old-files, .. */
	bool to_keepdirlink, to_notimes, to_nomode, to_noowner;
	bool to_wildcards, to_fulltime, to_null;
	unsigned long to_strip;
	struct tar_names to_excludes;
	int to_taken;	/* operands that were letters, and their values */
	bool *to_found; /* by operand: a member was it */
	const char *to_fromfile; /* -T */
	struct tar_names to_from;
	/* --owner --group --mode --mtime */
	bool to_setuid, to_setgid, to_setmtime, to_clamp;
	uint32_t to_uid, to_gid;
	char *to_uname, *to_gname;
	struct fsu_modechange *to_mode_change;
	int64_t to_mtime;
	int32_t to_mtime_ns;
	bool to_epoch; /* SOURCE_DATE_EPOCH: no time after it */
	int64_t to_epoch_sec;
	/* opened in prepare() */
	int to_fd;
	bool to_made; /* -c -f made the file */
	void *to_locale;
	size_t to_width, to_timewidth; /* of listed fields so far */
	struct fsu_out *to_says;       /* -v's lines go here */
};

/* An entry, as it is archived and listed. */
struct tar_member {
	const char *m_name; /* without a directory's slash */
	const char *m_link; /* a symlink's target, a link's first name */
	bool m_hardlink;
	struct rump_stat m_st;
	const char *m_uname, *m_gname; /* "": none */
	const char *m_source;	       /* its path in the image */
	/* pax only */
	struct tar_xattr {
		char *name;
		void *value;
		size_t len;
	} * m_xattr;
	size_t m_nxattr;
	char *m_acl[2]; /* access, default: star's text; NULL: none */
	char *m_fflags; /* "nodump,schg"; NULL: none */
	/* sparse: the ranges that have data, in order */
	struct tar_range {
		uint64_t off, len;
	} * m_range;
	size_t m_nrange;
	bool m_sparse;
};

/* ---- tar_options.c ------------------------------------------------------------ */

#define TAR_NOPTIONS 52
extern const struct fsu_option tar_option_table[TAR_NOPTIONS];
int tar_option(void *state, int key, const char *value);
int tar_set_format(struct tar_opts *o, const char *name);
/*
 * "cvf FILE", as tar's letters were first: one word, and values behind it.  It can
 * only be that where no mode was said.  Operands that it took, or -1.
 */
int tar_old_letters(struct tar_opts *o, int n, char **operands);

/* ---- tar_out.c --------------------------------------------------------------- */

struct tar_out {
	int o_fd;
	char *o_buf;
	size_t o_used;
	uint64_t o_total; /* the archive's bytes before compression */
	int o_error; /* the first that a write gave; then nothing is written */
	struct archive *o_filter;
};
/* filter: "gzip" .. or NULL.  false after a message. */
bool tar_out_open(
    struct tar_out *o, int fd, const char *filter, const char *level);
/* At least want bytes (at most TAR_RECORD) to be filled and then said with did(). */
char *tar_out_room(struct tar_out *o, size_t want, size_t *roomp);
void tar_out_did(struct tar_out *o, size_t n);
void tar_out_mem(struct tar_out *o, const void *p, size_t n);
void tar_out_zero(struct tar_out *o, uint64_t n);
/* Zeros up to a multiple. */
void tar_out_pad(struct tar_out *o, size_t multiple);
void tar_out_close(struct tar_out *o);
/* Add the filter to a libarchive writer; false after a message. */
bool tar_add_filter(struct archive *a, const char *filter, const char *level);
int tar_write_fd(int fd, const char *p, size_t n);

/* ---- tar_format.c ------------------------------------------------------------- */

/* The headers of m, up to its data; *sizep: how many bytes of data and map follow
 * (the map is written).  NULL, or why it can't be archived. */
const char *tar_header(
    struct tar_out *o, enum tar_format kind, const struct tar_member *m);
void tar_end(struct tar_out *o);

/* ---- tar_attr.c ----------------------------------------------------------------- */

/* Attributes of name in dirfd, or of the open fd where >= 0.  0 or -error. */
int tar_attr_read(struct tar_member *m, int fd, int dirfd, const char *name,
    const struct tar_opts *o);
void tar_attr_free(struct tar_member *m);
/* ... onto an entry of libarchive's; */
void tar_attr_to_entry(const struct tar_member *m, struct archive_entry *ae);
/* ... of an entry to what was made.  *mode gets what an access list says. */
uint32_t tar_acl_mode(struct archive_entry *ae, uint32_t mode);
int tar_attr_apply(struct archive_entry *ae, int fd, int dirfd,
    const char *name, const struct tar_opts *o, bool *lost);
uint32_t tar_entry_flags(struct archive_entry *ae);

/* ---- tar_foreign.c --------------------------------------------------------------- */

struct tar_foreign;
/* NULL after a message. */
struct tar_foreign *tar_foreign_open(struct fsu *f, const struct tar_opts *o);
/* A status. */
int tar_foreign_add(struct tar_foreign *w, const struct tar_member *m);
int tar_foreign_close(struct tar_foreign *w);
bool tar_foreign_dead(const struct tar_foreign *w);
/* Is there such a format?  */
bool tar_foreign_known(const char *format);

/* ---- tar_names.c ------------------------------------------------------------------- */

void tar_names_add(struct tar_names *n, char *name);
void tar_names_free(struct tar_names *n);
/* Lines (or NUL-ended) of a host file; false after a message. */
bool tar_names_read(struct tar_names *n, const char *file, bool null);
bool tar_excluded(const struct tar_opts *o, const char *name);
/* Is it asked for?  No operands: everything is. */
bool tar_wanted(struct tar_opts *o, int n, char **operands, const char *name);
/* Without n leading components; NULL: nothing is left. */
const char *tar_strip(const char *name, unsigned long n);
/* An image path as a member's name: no leading slashes or "..". */
const char *tar_member_name(const struct tar_opts *o, const char *path);

/* ---- the modes ----------------------------------------------------------------------- */

int tar_create(struct fsu *f, struct tar_opts *o, int n, char **operands);
int tar_extract(struct fsu *f, struct tar_opts *o, int n, char **operands);
int tar_list(struct fsu *f, struct tar_opts *o, int n, char **operands);
/* A line for m. */
void tar_list_member(
    struct fsu_out *out, struct tar_opts *o, const struct tar_member *m);
void tar_list_name(struct fsu_out *out, const struct tar_member *m);

/* ---- tar_read.c ----------------------------------------------------------------------- */

struct tar_reader {
	struct archive *r_a;
	struct archive_entry *r_ae;
	void *r_locale;
	int r_fd;
	char *r_buf;
	uint64_t r_entries;
	uint64_t r_end; /* decoded bytes up to the last entry's end */
	char *r_title;
	/* of the entry */
	const char *r_name, *r_link, *r_uname, *r_gname;
	bool r_hardlink;
	uint32_t r_mode; /* with the type */
};
/* false after a message. */
bool tar_read_open(struct tar_reader *r, const struct tar_opts *o);
/* 1: an entry; 0: the end, whole; -1 after a message. */
int tar_read_next(struct fsu *f, struct tar_reader *r);
struct rump_timespec tar_read_mtime(const struct tar_reader *r);
void tar_read_close(struct tar_reader *r);
/* Its line of a list. */
void tar_list_entry(struct tar_reader *r, struct tar_opts *o, bool in_full);

/* ---- tar_place.c ------------------------------------------------------------------------ */

struct tar_place {
	int p_root; /* a descriptor of the destination */
	bool p_follow;
	struct tar_level {
		char *name;
		int fd;
	} * p_lv;
	size_t p_n, p_cap;
};
/*
 * The directory that path (relative, no "..") is in; missing ones are made with
 * make.  *namep: the last component, in a buffer of the caller's path; "" for the
 * destination itself.  A descriptor that stays ours, or -error.
 */
int tar_place_parent(
    struct tar_place *p, const char *path, bool make, const char **namep);
/* Something that isn't a directory may be where one was. */
void tar_place_forget(struct tar_place *p);
/* path without ".", "//" and leading slashes; NULL: it has a "..". */
char *tar_place_clean(const char *path);

#endif /* FSU_TAR_H */
