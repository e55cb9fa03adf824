/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "USER:GROUP", in the form that GNU chown 9.1 takes: see chown.h.
 */
#include <stdlib.h>
#include <string.h>

#include "fsu/chown.h"
#include "fsu/fmt.h"

static const char bad_user[] = "invalid user";
static const char bad_group[] = "invalid group";
static const char bad_spec[] = "invalid spec";

/* A number in decimal, "+" in front or not. */
static bool
number(const char *s, uint32_t max, uint32_t *idp)
{
	uint64_t v = 0;
	const char *p = s + (*s == '+');

	if (*p == '\0')
		return false;
	for (; *p != '\0'; p++) {
		if (*p < '0' || *p > '9')
			return false;
		v = v * 10 + (uint64_t)(*p - '0');
		if (v > max)
			return false;
	}
	*idp = (uint32_t)v;
	return true;
}

/* The group of a user named with nothing behind the separator. */
static void
login_group(struct fsu_owner *o, uint32_t gid)
{
	const char *name = fsu_group_name(gid);

	o->gid = gid;
	o->group = name != NULL ? fsu_strdup(name) : fsu_asprintf("%u", gid);
}

/* sep: where the separator is in text, or NULL. */
static const char *
parse_at(const char *text, const char *sep, struct fsu_owner *o)
{
	bool alone = sep != NULL && sep[1] == '\0'; /* no group behind it */
	uint32_t gid;
	char *user;

	memset(o, 0, sizeof(*o));
	o->uid = o->gid = FSU_NO_ID;
	user = sep == NULL ? fsu_strdup(text)
			   : fsu_strndup(text, (size_t)(sep - text));
	if (*user != '\0' && *user != '+' && fsu_user_id(user, &o->uid, &gid)) {
		o->user = user;
		if (alone)
			login_group(o, gid);
	} else {
		bool none = *user == '\0';
		bool good = none || number(user, FSU_NO_ID - 1, &o->uid);

		free(user);
		if (!none && alone)
			return bad_spec;
		if (!good)
			return bad_user;
	}
	if (sep == NULL || alone)
		return NULL;
	if (sep[1] != '+' && fsu_group_id(sep + 1, &o->gid))
		o->group = fsu_strdup(sep + 1);
	else if (!number(sep + 1, FSU_NO_ID - 1, &o->gid))
		return bad_group;
	return NULL;
}

const char *
fsu_group_parse(const char *text, struct fsu_owner *o)
{
	if (*text == '\0')
		return NULL;
	if ((text[0] == '+' || !fsu_group_id(text, &o->gid)) &&
	    !number(text, FSU_NO_ID, &o->gid))
		return bad_group;
	o->group = fsu_strdup(text);
	return NULL;
}

const char *
fsu_owner_parse(const char *text, struct fsu_owner *o)
{
	const char *colon = strchr(text, ':'), *dot, *wrong;
	struct fsu_owner old;

	wrong = parse_at(text, colon, o);
	if (wrong == NULL || colon != NULL)
		return wrong;
	/* The old form, where the whole isn't a name. */
	dot = strchr(text, '.');
	if (dot == NULL)
		return wrong;
	if (parse_at(text, dot, &old) != NULL) {
		fsu_owner_free(&old);
		return wrong;
	}
	fsu_msg("warning: '.' should be ':': %s", fsu_quote_msg(text));
	fsu_owner_free(o);
	*o = old;
	return NULL;
}

void
fsu_owner_free(struct fsu_owner *o)
{
	free(o->user);
	free(o->group);
	o->user = o->group = NULL;
}
