/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What fsu_chown and fsu_chgrp have in common, and "USER:GROUP" as chown(1) takes
 * it.
 */
#ifndef FSU_CHOWN_H
#define FSU_CHOWN_H

#include "fsu/fsu.h"
#include "fsu/tree.h"

#define FSU_NO_ID UINT32_MAX /* leave it, or: whatever it is */
struct fsu_owner {
	uint32_t uid, gid;
	char *user, *group; /* names that were given; NULL: none, or a number */
};

/*
 * "USER", "USER:GROUP", "USER:" (USER's own group), ":GROUP", ":" or "", with names
 * or numbers ("+5" is never a name), and with a warning a dot for the colon.  Names
 * are those that were loaded (fsu_ids_load*).  NULL: done; else what is wrong.
 */
const char *fsu_owner_parse(const char *text, struct fsu_owner *o);
/* "GROUP" alone, or "", or all ones, which chgrp(1) takes for no group; numbers are
 * names here. */
const char *fsu_group_parse(const char *text, struct fsu_owner *o);
void fsu_owner_free(struct fsu_owner *o);

struct fsu_chown {
	struct fsu_tree tree;
	bool groups; /* chgrp: the operand is a group */
	bool force;
	char say;  /* 'v', 'c' or NUL */
	int deref; /* 1: --dereference, 0: -h, -1: neither */
	const char *reference, *from_text;
	struct fsu_owner to, from;
	/* while it runs */
	struct fsu *f;
	bool failed;
};
extern const struct fsu_option fsu_chown_options[];
#define FSU_CHOWN_NOPTIONS 14

/* The members of struct fsu_command; state is a struct fsu_chown. */
void fsu_chown_init(void *state);
int fsu_chown_option(void *state, int key, const char *value);
int fsu_chown_prepare(struct fsu *f, void *state, int n, char **operands);
int fsu_chown_run(struct fsu *f, void *state, int n, char **operands);
void fsu_chown_done(void *state);

#endif /* FSU_CHOWN_H */
