/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_find's expressions: words to a tree.  From loose to tight: , then -o, then
 * -a or nothing, then ! and parentheses.  Lists of one operator are one node, so
 * that only parentheses nest.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "find.h"

#define PARENS_MAX 1000

static struct find_node *parse_comma(struct find_parser *p);

static struct find_node *
new_node(struct find_parser *p, enum find_kind kind, const char *word)
{
	struct find_node *n = fsu_calloc(1, sizeof(*n));

	n->kind = kind;
	n->word = word;
	n->next_made = p->s->made;
	p->s->made = n;
	return n;
}

static void
add_sub(struct find_node *n, struct find_node *sub)
{
	n->sub = fsu_realloc(n->sub, (n->nsub + 1) * sizeof(*n->sub));
	n->sub[n->nsub++] = sub;
}

static struct find_node *
fail(struct find_parser *p)
{
	p->failed = true;
	return NULL;
}

static const char *
peek(const struct find_parser *p)
{
	return p->i < p->n ? p->argv[p->i] : NULL;
}

/* Which operator, without regard to how it is spelled: ! ( ) a o , or 0. */
static char
operator_of(const char *w)
{
	if (w == NULL)
		return '\0';
	if (strcmp(w, "!") == 0 || strcmp(w, "-not") == 0)
		return '!';
	if (strcmp(w, "-a") == 0 || strcmp(w, "-and") == 0)
		return 'a';
	if (strcmp(w, "-o") == 0 || strcmp(w, "-or") == 0)
		return 'o';
	if (w[0] != '\0' && strchr("(),", w[0]) != NULL && w[1] == '\0')
		return w[0];
	return '\0';
}

/* ---- arguments ------------------------------------------------------------------- */

const char *
find_argument(struct find_parser *p, const struct find_node *n)
{
	if (p->i >= p->n) {
		fsu_usage("missing argument to '%s'", fsu_visible(n->word));
		return NULL;
	}
	return p->argv[p->i++];
}

int
find_bad_argument(const struct find_node *n, const char *arg)
{
	return fsu_usage("invalid argument %s to '%s'", fsu_quote_msg(arg),
	    fsu_visible(n->word));
}

bool
find_parse_number(const char *s, struct find_number *num)
{
	char *end;

	num->sign = '\0';
	if (*s == '+' || *s == '-')
		num->sign = *s++;
	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	num->value = strtoull(s, &end, 10);
	return errno == 0 && *end == '\0';
}

bool
find_compare(const struct find_number *num, uint64_t v)
{
	if (num->sign == '+')
		return v > num->value;
	return num->sign == '-' ? v < num->value : v == num->value;
}

struct find_output *
find_output_get(struct find_parser *p, const char *path)
{
	struct find_output *o;

	if (strcmp(path, "/dev/stdout") == 0)
		return &p->s->standard;
	for (o = p->s->outputs; o != NULL; o = o->next)
		if (strcmp(o->path, path) == 0)
			return o;
	o = fsu_calloc(1, sizeof(*o));
	o->path = fsu_strdup(path);
	o->next = p->s->outputs;
	p->s->outputs = o;
	fsu_host_access(p->f, path, FSU_HOST_WRITE);
	return o;
}

/* ---- primaries --------------------------------------------------------------------- */

static const struct find_primary *
lookup(const char *word, struct find_node *n)
{
	size_t i;

	for (i = 0; i < find_nprimaries; i++) {
		if (strcmp(find_primaries[i].name, word) == 0)
			return &find_primaries[i];
		if (strcmp(find_primaries[i].name, "newerXY") == 0 &&
		    find_newer_word(word, n))
			return &find_primaries[i];
	}
	return NULL;
}

static struct find_node *
parse_primary(struct find_parser *p)
{
	const char *word = p->argv[p->i++];
	struct find_node *n;

	if (word[0] != '-' || word[1] == '\0') {
		fsu_usage(
		    "paths must precede expression: %s", fsu_quote_msg(word));
		return fail(p);
	}
	n = new_node(p, FIND_PRIMARY, word);
	/* Two dashes do as well as one. */
	n->primary = lookup(word + 1 + (word[1] == '-'), n);
	if (n->primary == NULL) {
		fsu_usage("unknown predicate %s", fsu_quote_msg(word));
		return fail(p);
	}
	p->s->wants |= n->primary->flags;
	if (n->primary->flags & FIND_DEPTH)
		p->s->opt.depth = true;
	if (n->primary->parse != NULL && n->primary->parse(p, n) != FSU_OK)
		return fail(p);
	return n;
}

/* ---- operators ------------------------------------------------------------------------ */

static struct find_node *
parse_parens(struct find_parser *p)
{
	struct find_node *n;

	if (++p->parens > PARENS_MAX) {
		fsu_usage(
		    "more than %d parentheses in one another", PARENS_MAX);
		return fail(p);
	}
	p->i++;
	if (operator_of(peek(p)) == ')') {
		fsu_usage("empty parentheses are not allowed");
		return fail(p);
	}
	n = parse_comma(p);
	if (n == NULL)
		return NULL;
	if (operator_of(peek(p)) != ')') {
		fsu_usage("a ')' is missing");
		return fail(p);
	}
	p->i++;
	p->parens--;
	return n;
}

static struct find_node *
parse_unary(struct find_parser *p)
{
	const char *not_word = NULL, *w;
	struct find_node *n, *inner;
	bool negate = false;

	for (;; p->i++) {
		w = peek(p);
		if (operator_of(w) == '!') {
			negate = !negate;
			not_word = w;
		} else if (not_word != NULL && w != NULL &&
		    strcmp(w, "-daystart") == 0 && p->i + 1 < p->n)
			p->s->opt.daystart = true; /* ! is for what follows */
		else
			break;
	}
	switch (operator_of(w)) {
	case '(':
		inner = parse_parens(p);
		break;
	case '\0':
		if (w != NULL) {
			inner = parse_primary(p);
			break;
		}
		/* FALLTHROUGH */
	default:
		if (w != NULL && operator_of(w) != ')')
			fsu_usage("there is nothing in front of '%s'", w);
		else
			fsu_usage("expected an expression after '%s'",
			    p->i > p->s->nstarts ? p->argv[p->i - 1] : "(");
		return fail(p);
	}
	if (inner == NULL || !negate)
		return inner;
	n = new_node(p, FIND_NOT, not_word);
	add_sub(n, inner);
	return n;
}

/* A list of what `inner` parses; *list is its node where there are several. */
static struct find_node *
grow(struct find_parser *p, enum find_kind kind, struct find_node *first,
    struct find_node **list, struct find_node *more)
{
	if (*list == NULL) {
		*list = new_node(p, kind, NULL);
		add_sub(*list, first);
	}
	add_sub(*list, more);
	return *list;
}

static struct find_node *
parse_and(struct find_parser *p)
{
	struct find_node *n, *more, *list = NULL;
	char op;

	n = parse_unary(p);
	while (n != NULL) {
		op = operator_of(peek(p));
		if (peek(p) == NULL || op == ')' || op == 'o' || op == ',')
			break;
		if (op == 'a')
			p->i++;
		more = parse_unary(p);
		if (more == NULL)
			return NULL;
		n = grow(p, FIND_AND, n, &list, more);
	}
	return n;
}

static struct find_node *
parse_or(struct find_parser *p)
{
	struct find_node *n, *more, *list = NULL;

	n = parse_and(p);
	while (n != NULL && operator_of(peek(p)) == 'o') {
		p->i++;
		more = parse_and(p);
		if (more == NULL)
			return NULL;
		n = grow(p, FIND_OR, n, &list, more);
	}
	return n;
}

static struct find_node *
parse_comma(struct find_parser *p)
{
	struct find_node *n, *more, *list = NULL;

	n = parse_or(p);
	while (n != NULL && operator_of(peek(p)) == ',') {
		p->i++;
		more = parse_or(p);
		if (more == NULL)
			return NULL;
		n = grow(p, FIND_COMMA, n, &list, more);
	}
	return n;
}

/* ---- the whole -------------------------------------------------------------------------- */

/* Nothing is done with what is found: it is printed. */
static void
add_print(struct find_parser *p)
{
	struct find_node *all = new_node(p, FIND_AND, NULL);
	struct find_node *print = new_node(p, FIND_PRIMARY, "-print");

	print->primary = lookup("print", print);
	print->output = &p->s->standard;
	if (p->s->root != NULL)
		add_sub(all, p->s->root);
	add_sub(all, print);
	p->s->root = all;
}

int
find_parse(struct fsu *f, struct find_state *s, int n, char **words)
{
	struct find_parser p = {.f = f, .s = s, .n = n, .i = s->nstarts};

	p.argv = words;
	if (p.i < n) {
		s->root = parse_comma(&p);
		if (!p.failed && p.i < n) {
			fsu_usage("you have too many ')'");
			p.failed = true;
		}
	}
	if (p.failed)
		return FSU_USAGE;
	if (s->delete_used && s->prune_used && !s->depth_said)
		return fsu_usage(
		    "-delete turns on -depth, with which -prune does nothing; "
		    "say -depth if that is what you want");
	if (!(s->wants & FIND_ACTION))
		add_print(&p);
	return FSU_OK;
}

void
find_free(struct find_state *s)
{
	struct find_node *n;
	struct find_output *o;

	while ((n = s->made) != NULL) {
		s->made = n->next_made;
		if (n->regex != NULL) {
			regfree(n->regex);
			free(n->regex);
		}
		find_format_free(n->format);
		find_exec_free(n->exec);
		free(n->sub);
		free(n);
	}
	while ((o = s->outputs) != NULL) {
		s->outputs = o->next;
		free(o->path);
		free(o->out);
		free(o);
	}
}
