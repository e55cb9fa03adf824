/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_sum -c: lists of checksums against the image, as coreutils checks them.
 *
 *	DIGEST  NAME	or DIGEST *NAME
 *	DIGEST NAME	of BSD's -r: then the whole list is so
 *	ALG (NAME) = DIGEST
 *
 * A backslash in front of the line: \n, \r and \\ in NAME are escapes.  Lines that
 * begin with # are left out.  Without -a the tag says the algorithm, or the
 * digest's length does.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "sum.h"

struct check {
	struct sum_state *s;
	const char *list;
	int reversed; /* BSD's -r: 1 yes, 0 no, -1 not known yet */
	uint64_t line, formed, malformed, unread, different, matched;
};

struct entry {
	const struct sum_algorithm *alg;
	char *hex, *name;
};

/* ---- lines ------------------------------------------------------------------------- */

static bool
is_hex(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!isxdigit((unsigned char)s[i]))
			return false;
	return true;
}

/* \n \r \\ in place; false: another, or one at the end. */
static bool
unescape(char *s)
{
	char *out = s;

	for (; *s != '\0'; s++) {
		if (*s != '\\') {
			*out++ = *s;
			continue;
		}
		switch (*++s) {
		case 'n':
			*out++ = '\n';
			break;
		case 'r':
			*out++ = '\r';
			break;
		case '\\':
			*out++ = '\\';
			break;
		default:
			return false;
		}
	}
	*out = '\0';
	return true;
}

static bool
right_length(const struct check *c, struct entry *e, size_t digits)
{
	if (!is_hex(e->hex, digits))
		return false;
	if (e->alg == NULL)
		e->alg = c->s->alg != NULL ? c->s->alg
					   : fsu_sum_by_length(digits);
	return e->alg != NULL && digits == e->alg->bytes * 2;
}

/* "SHA256 (NAME) = DIGEST"; p is at the tag's end. */
static bool
parse_tagged(const struct check *c, char *line, char *p, struct entry *e)
{
	char *end;

	e->alg = fsu_sum_by_tag(line, (size_t)(p - line));
	if (e->alg == NULL || (c->s->alg != NULL && c->s->alg != e->alg))
		return false;
	if (*p == ' ')
		p++;
	if (*p++ != '(')
		return false;
	e->name = p;
	end = strrchr(p, ')');
	if (end == NULL)
		return false;
	*end++ = '\0';
	end += strspn(end, " \t");
	if (*end++ != '=')
		return false;
	end += strspn(end, " \t");
	e->hex = end;
	return right_length(c, e, strlen(end));
}

static bool
parse_plain(struct check *c, char *line, struct entry *e)
{
	size_t digits = strcspn(line, " \t");
	char *p = line + digits;

	e->hex = line;
	e->alg = NULL;
	if (*p == '\0' || !right_length(c, e, digits))
		return false;
	*p++ = '\0';
	if (*p == '\0')
		return false;
	if (p[1] == '\0' || (*p != ' ' && *p != '*')) {
		if (c->reversed == 0)
			return false;
		c->reversed = 1;
	} else if (c->reversed != 1) {
		c->reversed = 0;
		p++;
	}
	e->name = p;
	return true;
}

static bool
parse_line(struct check *c, char *line, struct entry *e)
{
	bool escaped, ok;
	size_t tag;

	line += strspn(line, " \t");
	escaped = *line == '\\';
	line += escaped;
	tag = strcspn(line, " (");
	ok = line[tag] != '\0' && fsu_sum_by_tag(line, tag) != NULL
	    ? parse_tagged(c, line, line + tag, e)
	    : parse_plain(c, line, e);
	return ok && *e->name != '\0' && (!escaped || unescape(e->name));
}

/* ---- what they name -------------------------------------------------------------------- */

static void
say(const struct check *c, const struct entry *e, const char *verdict)
{
	bool escape = fsu_sum_escapes(e->name) && strchr(e->name, '\n') != NULL;

	if (c->s->status)
		return;
	if (escape)
		fsu_out_char(&fsu_stdout, '\\');
	fsu_sum_put_name(e->name, escape);
	fsu_out_str(&fsu_stdout, ": ");
	fsu_out_str(&fsu_stdout, verdict);
	fsu_out_char(&fsu_stdout, '\n');
}

static bool
same_hex(const char *a, const char *b)
{
	for (; *a != '\0'; a++, b++)
		if (*a != tolower((unsigned char)*b))
			return false;
	return *b == '\0';
}

static void
check_entry(struct check *c, const struct entry *e)
{
	uint8_t digest[SUM_DIGEST_MAX];
	char hex[2 * SUM_DIGEST_MAX + 1];
	struct rump_stat st;
	uint64_t length;
	int fd, r;

	fd = rump_sys_open(e->name, RUMP_O_RDONLY | RUMP_O_NONBLOCK, 0);
	r = fd < 0 ? fd : rump_sys_fstat(fd, &st);
	if (r == 0 && (st.st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR)
		r = -RUMP_EISDIR;
	if (r == 0)
		r = fsu_sum_fd(c->s, e->alg, fd, st.st_size, digest, &length);
	if (fd >= 0)
		rump_sys_close(fd);
	if (r == -RUMP_ENOENT && c->s->ignore_missing)
		return;
	if (r != 0) {
		c->unread++;
		fsu_error(c->s->f, e->name, r);
		say(c, e, "FAILED open or read");
		return;
	}
	fsu_sum_hex(hex, digest, e->alg->bytes);
	if (!same_hex(hex, e->hex)) {
		c->different++;
		say(c, e, "FAILED");
		return;
	}
	c->matched++;
	if (!c->s->quiet)
		say(c, e, "OK");
}

static void
one_line(struct check *c, char *line, size_t len)
{
	const struct sum_algorithm *alg = c->s->alg;
	struct entry e = {0};

	c->line++;
	if (len > 0 && line[len - 1] == '\n')
		line[--len] = '\0';
	if (len > 0 && line[len - 1] == '\r')
		line[--len] = '\0';
	if (len == 0 || *line == '#')
		return;
	if (parse_line(c, line, &e)) {
		c->formed++;
		check_entry(c, &e);
		return;
	}
	c->malformed++;
	if (c->s->warn)
		fsu_msg("%s: %llu: improperly formatted %s checksum line",
		    fsu_quote_maybe(c->list), (unsigned long long)c->line,
		    alg != NULL ? alg->tag : "SHA256");
}

/* ---- a list ---------------------------------------------------------------------------------- */

static void
warn_count(uint64_t n, const char *one, const char *many)
{
	if (n != 0)
		fsu_msg("WARNING: %llu %s", (unsigned long long)n,
		    n == 1 ? one : many);
}

static int
verdict(const struct check *c)
{
	const struct sum_state *s = c->s;

	if (c->formed == 0) {
		fsu_msg("%s: no properly formatted checksum lines found",
		    fsu_quote_maybe(c->list));
		return FSU_FAIL;
	}
	if (!s->status) {
		warn_count(c->malformed, "line is improperly formatted",
		    "lines are improperly formatted");
		warn_count(c->unread, "listed file could not be read",
		    "listed files could not be read");
		warn_count(c->different, "computed checksum did NOT match",
		    "computed checksums did NOT match");
		if (s->ignore_missing && c->matched == 0)
			fsu_msg("%s: no file was verified",
			    fsu_quote_maybe(c->list));
	}
	return c->matched != 0 && c->different == 0 && c->unread == 0 &&
		(!s->strict || c->malformed == 0)
	    ? FSU_OK
	    : FSU_FAIL;
}

int
fsu_sum_check(struct sum_state *s, const char *name, FILE *fp)
{
	struct check c = {.s = s, .list = name, .reversed = -1};
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	while ((n = getline(&line, &cap, fp)) != -1 && !fsu_interrupted())
		one_line(&c, line, (size_t)n);
	free(line);
	fclose(fp);
	return verdict(&c);
}
