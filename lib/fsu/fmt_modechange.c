/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Modes as chmod(1) and mkdir(1) take them: octal, or clauses [ugoa]*([-+=]
 * ([rwxXst]*|[ugo]|octal))+ with commas between.  Without a letter for whom, the
 * umask holds bits back.  Set-id bits of a directory stay unless they are named,
 * or an octal mode has five digits or more.
 */
#include <stdlib.h>
#include <string.h>

#include "fsu/fmt.h"
#include "fsu/fsu.h"

#define PERM_R	 0444u
#define PERM_W	 0222u
#define PERM_X	 0111u
#define ALL_BITS 07777u
#define SETIDS	 06000u

struct change {
	char op;	   /* - + = */
	char copy;	   /* u g o: take their bits; else NUL */
	bool x_if;	   /* X: PERM_X where a directory or any x */
	bool octal;	   /* bits are meant as they stand, umask or not */
	uint32_t affected; /* bits of those it is for; 0: all, less the umask */
	uint32_t bits;
	uint32_t mentioned; /* bits named; those of a directory's set-ids */
};

struct fsu_modechange {
	size_t n;
	struct change c[];
};

/* Up to 07777; false: not octal, or too much. */
static bool
parse_octal(const char **pp, uint32_t *vp)
{
	const char *p = *pp;
	uint32_t v = 0;

	if (*p < '0' || *p > '7')
		return false;
	for (; *p >= '0' && *p <= '7'; p++) {
		v = v * 8 + (uint32_t)(*p - '0');
		if (v > ALL_BITS)
			return false;
	}
	*pp = p;
	*vp = v;
	return true;
}

static const char *
parse_who(const char *p, uint32_t *affected)
{
	*affected = 0;
	for (;; p++) {
		if (*p == 'u')
			*affected |= 04700;
		else if (*p == 'g')
			*affected |= 02070;
		else if (*p == 'o')
			*affected |= 01007;
		else if (*p == 'a')
			*affected |= ALL_BITS;
		else
			return p;
	}
}

/* What follows an operator. */
static const char *
parse_perms(const char *p, struct change *c)
{
	if (*p == 'u' || *p == 'g' || *p == 'o') {
		c->copy = *p;
		return p + 1;
	}
	for (;; p++) {
		if (*p == 'r')
			c->bits |= PERM_R;
		else if (*p == 'w')
			c->bits |= PERM_W;
		else if (*p == 'x')
			c->bits |= PERM_X;
		else if (*p == 'X')
			c->x_if = true;
		else if (*p == 's')
			c->bits |= SETIDS;
		else if (*p == 't')
			c->bits |= 01000;
		else
			return p;
	}
}

/* One [ugoa]*op.. clause; NULL: malformed.  Changes go to c[*np].. */
static const char *
parse_clause(const char *p, struct change *c, size_t *np)
{
	uint32_t affected;

	p = parse_who(p, &affected);
	if (*p != '-' && *p != '+' && *p != '=')
		return NULL;
	while (*p == '-' || *p == '+' || *p == '=') {
		struct change *n = &c[(*np)++];

		*n = (struct change){.op = *p++, .affected = affected};
		if (*p >= '0' && *p <= '7') {
			if (!parse_octal(&p, &n->bits) || affected != 0 ||
			    (*p != '\0' && *p != ','))
				return NULL;
			n->octal = true;
			n->affected = n->mentioned = ALL_BITS;
			return p;
		}
		p = parse_perms(p, n);
		n->mentioned = affected != 0 ? affected & n->bits : n->bits;
	}
	return p;
}

struct fsu_modechange *
fsu_mode_parse(const char *text)
{
	struct fsu_modechange *mc = fsu_calloc(
	    1, sizeof(*mc) + (strlen(text) + 1) * sizeof(*mc->c));
	const char *p = text;

	if (*p >= '0' && *p <= '7') {
		struct change *c = &mc->c[0];

		if (!parse_octal(&p, &c->bits) || *p != '\0')
			goto bad;
		c->op = '=';
		c->octal = true;
		c->affected = ALL_BITS;
		c->mentioned = p - text < 5 ? (c->bits & SETIDS) | 01777
					    : ALL_BITS;
		mc->n = 1;
		return mc;
	}
	for (;;) {
		p = parse_clause(p, mc->c, &mc->n);
		if (p == NULL || (*p != ',' && *p != '\0'))
			goto bad;
		if (*p++ == '\0')
			return mc;
	}
bad:
	free(mc);
	return NULL;
}

/* The bits of u, g or o, repeated for all three. */
static uint32_t
copied_bits(uint32_t mode, char who)
{
	uint32_t v = mode >> (who == 'u' ? 6 : who == 'g' ? 3 : 0) & 7;

	return v << 6 | v << 3 | v;
}

uint32_t
fsu_mode_apply(
    const struct fsu_modechange *mc, uint32_t old, bool dir, uint32_t umask)
{
	uint32_t mode = old & ALL_BITS;

	for (size_t i = 0; i < mc->n; i++) {
		const struct change *c = &mc->c[i];
		uint32_t omit = (dir ? SETIDS : 0) & ~c->mentioned;
		uint32_t bits = c->copy != '\0' ? copied_bits(mode, c->copy)
						: c->bits;

		if (c->x_if && (dir || (mode & PERM_X) != 0))
			bits |= PERM_X;
		bits &= (c->affected != 0 ? c->affected : ~umask) & ~omit;
		if (c->op == '=') {
			uint32_t keep = c->affected != 0 ? ~c->affected : 0;

			mode = (mode & (keep | omit)) | bits;
		} else if (c->op == '+') {
			mode |= bits;
		} else {
			mode &= ~bits;
		}
	}
	return mode;
}

void
fsu_mode_free(struct fsu_modechange *mc)
{
	free(mc);
}
