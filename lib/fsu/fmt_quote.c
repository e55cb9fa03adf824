/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Quoting of file names in GNU's ten styles, and what a terminal makes of them.
 *
 * A name is looked at once (struct look) and then written once.  Characters are
 * the locale's: a byte that begins none counts as one unprintable character; an
 * unfinished one at the end takes all that is left.
 *
 *	shell*	 '...' where the shell would take a character for its own; a
 *		 quote inside is '\'' or, if all else is harmless, the whole is
 *		 put in "..."; with escape, unprintables are $'\n'
 *	c, locale, escape	 backslashes as in C, in "..", in the locale's
 *		 marks, or bare
 */
#include <ctype.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "fsu/fmt.h"
#include "fsu/fsu.h"

const char *const fsu_quotestyle_names[FSU_QUOTE_NSTYLES] = {
    [FSU_QUOTE_LITERAL] = "literal",
    [FSU_QUOTE_SHELL] = "shell",
    [FSU_QUOTE_SHELL_ALWAYS] = "shell-always",
    [FSU_QUOTE_SHELL_ESCAPE] = "shell-escape",
    [FSU_QUOTE_SHELL_ESCAPE_ALWAYS] = "shell-escape-always",
    [FSU_QUOTE_C] = "c",
    [FSU_QUOTE_C_MAYBE] = "c-maybe",
    [FSU_QUOTE_ESCAPE] = "escape",
    [FSU_QUOTE_LOCALE] = "locale",
    [FSU_QUOTE_CLOCALE] = "clocale",
};

/* Bytes that no style changes: alphanumerics and % + , - . / _ ] */
static const uint32_t plain_bytes[8] = {
    0, 0x03fff820, 0xa7fffffe, 0x07fffffe, 0, 0, 0, 0};

static bool
is_plain(unsigned char c)
{
	return (plain_bytes[c >> 5] >> (c & 31) & 1) != 0;
}

bool
fsu_quote_plain(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_plain((unsigned char)name[i]))
			return false;
	}
	return len != 0;
}

/* ---- characters --------------------------------------------------------- */

struct onechar {
	size_t len; /* bytes */
	bool printable;
	bool bad;  /* not a character of the locale */
	wint_t wc; /* if multibyte and not bad */
};

static struct onechar
next_char(const char *s, size_t len)
{
	unsigned char c = (unsigned char)*s;
	mbstate_t state;
	wchar_t wc;
	size_t n;

	if (c < 0x80 || !fsu_locale_multibyte)
		return (struct onechar){1, isprint(c) != 0, false, c};
	memset(&state, 0, sizeof(state));
	n = mbrtowc(&wc, s, len, &state);
	if (n == (size_t)-1)
		return (struct onechar){1, false, true, 0};
	if (n == (size_t)-2)
		return (struct onechar){len, false, true, 0};
	return (struct onechar){
	    n, iswprint((wint_t)wc) != 0, false, (wint_t)wc};
}

/* The letter of C's escape for c; 0: none. */
static char
c_escape(char c)
{
	static const char letters[] = "abtnvfr";

	return c >= '\a' && c <= '\r' ? letters[c - '\a'] : '\0';
}

static bool
is_also(const struct fsu_quoting *q, char c)
{
	return c != '\0' && strchr(q->also, c) != NULL;
}

/* ---- looking -------------------------------------------------------------- */

struct look {
	bool shell_special; /* the shell would act on it */
	bool unprintable;   /* or a control character with a letter */
	bool single_quote;
	bool only_harmless; /* may stand between double quotes, as it is */
	bool also;	    /* has one of q->also */
	bool c_special;	    /* has what needs a backslash in C, but \ itself */
};

/* Printable ASCII that a shell takes for its own; {} only as a whole name, # and
 * ~ only in front. */
static bool
shell_takes(char c, size_t i, size_t len)
{
	if (c == '{' || c == '}')
		return len == 1;
	if (c == '#' || c == '~')
		return i == 0;
	return strchr(" !\"$&()*;<=>?[^`|\\'\n\r\t", c) != NULL;
}

/* What has no meaning inside double quotes. */
static bool
is_harmless(char c)
{
	return strchr("!\"$&()*;<=>?[^`|\\{}#~", c) == NULL;
}

static struct look
look_at(const char *s, size_t len, const struct fsu_quoting *q)
{
	struct look k = {.only_harmless = true, .shell_special = len == 0};

	for (size_t i = 0; i < len;) {
		struct onechar ch = next_char(s + i, len - i);
		char c = s[i];

		if (ch.len > 1 || (unsigned char)c >= 0x80) {
			if (!ch.printable)
				k.unprintable = true;
		} else {
			if (shell_takes(c, i, len))
				k.shell_special = true;
			if (!is_harmless(c))
				k.only_harmless = false;
			if (!ch.printable)
				k.unprintable = true;
			if (c == '\'')
				k.single_quote = true;
			if (c == '"')
				k.c_special = true;
			if (is_also(q, c))
				k.also = true;
		}
		if (!ch.printable)
			k.only_harmless = false;
		i += ch.len;
	}
	k.c_special = k.c_special || k.unprintable;
	return k;
}

/* ---- writing --------------------------------------------------------------- */

/* Room for the longest form that n bytes can take. */
static void
reserve(struct fsu_quoted *out, size_t n)
{
	size_t want = n * 9 + 16;

	if (want > out->cap) {
		out->text = fsu_realloc(out->text, want);
		out->cap = want;
	}
}

static void
put(struct fsu_quoted *out, const char *s, size_t len)
{
	memcpy(out->text + out->len, s, len);
	out->len += len;
}

static void
put_octal(struct fsu_quoted *out, unsigned char c)
{
	char esc[4] = {'\\', (char)('0' + (c >> 6)), (char)('0' + (c >> 3 & 7)),
	    (char)('0' + (c & 7))};

	put(out, esc, 4);
}

/* \n or \012 .. of the unprintable character at s. */
static void
put_escaped(struct fsu_quoted *out, const char *s, size_t len)
{
	char letter = c_escape(*s);

	if (letter != '\0') {
		put(out, (char[2]){'\\', letter}, 2);
		return;
	}
	for (size_t i = 0; i < len; i++)
		put_octal(out, (unsigned char)s[i]);
}

/* 'name', with quotes inside as '\''; escape: unprintables as '$'\n''. */
static void
write_shell(struct fsu_quoted *out, const char *s, size_t len, bool escape)
{
	bool dollar = false; /* between $' and ' */

	put(out, "'", 1);
	for (size_t i = 0; i < len;) {
		struct onechar ch = next_char(s + i, len - i);

		if (escape && !ch.printable) {
			if (!dollar)
				put(out, "'$'", 3);
			dollar = true;
			put_escaped(out, s + i, ch.len);
		} else if (s[i] == '\'') {
			put(out, "'\\''", 4);
			dollar = false;
		} else {
			if (dollar)
				put(out, "''", 2);
			dollar = false;
			put(out, s + i, ch.len);
		}
		i += ch.len;
	}
	put(out, "'", 1);
}

static void
write_backslashed(struct fsu_quoted *out, const char *s, size_t len,
    const char *left, const char *right, const char *also)
{
	size_t rlen = strlen(right);

	put(out, left, strlen(left));
	for (size_t i = 0; i < len;) {
		struct onechar ch = next_char(s + i, len - i);

		if (!ch.printable) {
			put_escaped(out, s + i, ch.len);
		} else {
			if (s[i] == '\\' || strchr(also, s[i]) != NULL ||
			    (rlen != 0 && len - i >= rlen &&
				memcmp(s + i, right, rlen) == 0))
				put(out, "\\", 1);
			put(out, s + i, ch.len);
		}
		i += ch.len;
	}
	put(out, right, rlen);
}

static void
quote_shell(struct fsu_quoted *out, const char *s, size_t len,
    const struct fsu_quoting *q)
{
	bool always = q->style == FSU_QUOTE_SHELL_ALWAYS ||
	    q->style == FSU_QUOTE_SHELL_ESCAPE_ALWAYS;
	bool escape = q->style == FSU_QUOTE_SHELL_ESCAPE ||
	    q->style == FSU_QUOTE_SHELL_ESCAPE_ALWAYS;
	struct look k = look_at(s, len, q);

	if (!always && !k.shell_special && !k.also &&
	    !(escape && k.unprintable)) {
		put(out, s, len);
	} else if (k.single_quote && k.only_harmless) {
		write_backslashed(
		    out, s, len, "\"", "\"", always ? q->also : "");
	} else {
		write_shell(out, s, len, escape);
	}
}

static void
quote_styled(struct fsu_quoted *out, const char *s, size_t len,
    const struct fsu_quoting *q)
{
	const char *left = "'", *right = "'";
	struct look k;

	switch (q->style) {
	case FSU_QUOTE_C:
		write_backslashed(out, s, len, "\"", "\"", q->also);
		break;
	case FSU_QUOTE_C_MAYBE:
		k = look_at(s, len, q);
		if (k.c_special || k.also)
			write_backslashed(out, s, len, "\"", "\"", "");
		else
			put(out, s, len);
		break;
	case FSU_QUOTE_ESCAPE:
		write_backslashed(out, s, len, "", "", q->also);
		break;
	case FSU_QUOTE_LOCALE:
	case FSU_QUOTE_CLOCALE:
		if (fsu_locale_utf8) {
			left = "\xe2\x80\x98";
			right = "\xe2\x80\x99";
		} else if (q->style == FSU_QUOTE_CLOCALE) {
			left = right = "\"";
		}
		write_backslashed(out, s, len, left, right, q->also);
		break;
	case FSU_QUOTE_LITERAL:
	case FSU_QUOTE_NSTYLES:
		put(out, s, len);
		break;
	default:
		quote_shell(out, s, len, q);
		break;
	}
}

/* ---- terminals --------------------------------------------------------------- */

/* Unprintables become ?; in place, it never grows. */
static void
question_marks(struct fsu_quoted *out)
{
	char *text = out->text;
	size_t to = 0, width = 0;

	for (size_t i = 0; i < out->len;) {
		struct onechar ch = next_char(text + i, out->len - i);
		int w = ch.printable ? 1 : -1;

		if (ch.len > 1 && !ch.bad)
			w = wcwidth((wchar_t)ch.wc);
		if (ch.bad || w < 0) {
			text[to++] = '?';
			width++;
		} else {
			memmove(text + to, text + i, ch.len);
			to += ch.len;
			width += (size_t)w;
		}
		i += ch.len;
	}
	out->len = to;
	out->width = width;
}

size_t
fsu_text_width(const char *s, size_t len)
{
	size_t width = 0;

	for (size_t i = 0; i < len;) {
		struct onechar ch = next_char(s + i, len - i);

		if (!fsu_locale_multibyte) {
			width += ch.printable;
		} else if (ch.bad) {
			width++;
		} else {
			int w = wcwidth((wchar_t)ch.wc);

			if (w >= 0)
				width += (size_t)w;
			else if (!iswcntrl(ch.wc))
				width++;
		}
		i += ch.len;
	}
	return width;
}

void
fsu_quote(struct fsu_quoted *out, const char *name, size_t len,
    const struct fsu_quoting *q)
{
	reserve(out, len);
	out->len = 0;
	quote_styled(out, name, len, q);
	out->changed = out->len != len || (len != 0 && out->text[0] != name[0]);
	if (q->qmark)
		question_marks(out);
	else if (fsu_quote_plain(out->text, out->len))
		out->width = out->len;
	else
		out->width = fsu_text_width(out->text, out->len);
	out->text[out->len] = '\0';
}

const char *
fsu_quote_msg(const char *name)
{
	static const struct fsu_quoting q = {
	    .style = FSU_QUOTE_SHELL_ESCAPE_ALWAYS};
	static struct fsu_quoted ring[4];
	static unsigned next;
	struct fsu_quoted *out = &ring[next++ % 4];

	fsu_quote(out, name, strlen(name), &q);
	return out->text;
}

const char *
fsu_quote_maybe(const char *name)
{
	static const struct fsu_quoting q = {
	    .style = FSU_QUOTE_SHELL_ESCAPE, .also = ":"};
	static struct fsu_quoted ring[4];
	static unsigned next;
	struct fsu_quoted *out = &ring[next++ % 4];

	fsu_quote(out, name, strlen(name), &q);
	return out->text;
}
