/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values and names as text, in the forms of getfattr(1) and setfattr(1):
 * "text" with NUL, CR and LF in octal, 0xHEX, 0sBASE64.
 */
#include <ctype.h>
#include <string.h>

#include "xattr.h"

static const char base64[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool
xattr_encoding_parse(const char *word, enum xattr_encoding *ep)
{
	static const char *const words[] = {
	    [XATTR_TEXT] = "text",
	    [XATTR_HEX] = "hex",
	    [XATTR_BASE64] = "base64",
	};

	for (int i = XATTR_TEXT; i <= XATTR_BASE64; i++) {
		if (strcmp(word, words[i]) == 0) {
			*ep = (enum xattr_encoding)i;
			return true;
		}
	}
	return false;
}

static void
put_octal(struct fsu_out *o, unsigned char c)
{
	fsu_out_char(o, '\\');
	fsu_out_char(o, (char)('0' + (c >> 6)));
	fsu_out_char(o, (char)('0' + (c >> 3 & 7)));
	fsu_out_char(o, (char)('0' + (c & 7)));
}

/* Seven of eight bytes can be printed; a NUL at the end doesn't count. */
static bool
is_text(const unsigned char *p, size_t len)
{
	size_t bad = 0;

	if (len > 0 && p[len - 1] == '\0')
		len--;
	for (size_t i = 0; i < len; i++)
		bad += !isprint(p[i]);
	return len >= bad * 8;
}

static void
encode_text(struct fsu_out *o, const unsigned char *p, size_t len)
{
	fsu_out_char(o, '"');
	for (size_t i = 0; i < len; i++) {
		if (p[i] == '\0' || p[i] == '\n' || p[i] == '\r') {
			put_octal(o, p[i]);
			continue;
		}
		if (p[i] == '\\' || p[i] == '"')
			fsu_out_char(o, '\\');
		fsu_out_char(o, (char)p[i]);
	}
	fsu_out_char(o, '"');
}

static void
encode_hex(struct fsu_out *o, const unsigned char *p, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	fsu_out_str(o, "0x");
	for (size_t i = 0; i < len; i++) {
		fsu_out_char(o, digits[p[i] >> 4]);
		fsu_out_char(o, digits[p[i] & 15]);
	}
}

static void
encode_base64(struct fsu_out *o, const unsigned char *p, size_t len)
{
	fsu_out_str(o, "0s");
	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		unsigned v = (unsigned)p[i] << 16;

		if (left > 1)
			v |= (unsigned)p[i + 1] << 8;
		if (left > 2)
			v |= p[i + 2];
		fsu_out_char(o, base64[v >> 18]);
		fsu_out_char(o, base64[v >> 12 & 63]);
		fsu_out_char(o, left > 1 ? base64[v >> 6 & 63] : '=');
		fsu_out_char(o, left > 2 ? base64[v & 63] : '=');
	}
}

void
xattr_encode(struct fsu_out *o, const void *value, size_t len,
    enum xattr_encoding enc, bool exact)
{
	const unsigned char *p = value;

	if (enc == XATTR_AUTO) {
		enc = is_text(value, len) ? XATTR_TEXT : XATTR_BASE64;
		if (enc == XATTR_TEXT && !exact && len > 0 &&
		    p[len - 1] == '\0')
			len--;
	}
	if (enc == XATTR_TEXT)
		encode_text(o, value, len);
	else if (enc == XATTR_HEX)
		encode_hex(o, value, len);
	else
		encode_base64(o, value, len);
}

void
xattr_quote(struct fsu_out *o, const char *s, const char *also)
{
	for (; *s != '\0'; s++) {
		if (*s == '\\' || strchr(also, *s) != NULL)
			put_octal(o, (unsigned char)*s);
		else
			fsu_out_char(o, *s);
	}
}

static bool
octal(const char *s)
{
	return s[0] >= '0' && s[0] <= '3' && s[1] >= '0' && s[1] <= '7' &&
	    s[2] >= '0' && s[2] <= '7';
}

static char
octal_value(const char *s)
{
	return (char)((s[0] - '0') << 6 | (s[1] - '0') << 3 | (s[2] - '0'));
}

void
xattr_unquote(char *s)
{
	char *d = s;

	while (*s != '\0') {
		if (*s == '\\' && octal(s + 1)) {
			*d++ = octal_value(s + 1);
			s += 4;
		} else {
			*d++ = *s++;
		}
	}
	*d = '\0';
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
decode_hex(char *s, size_t *lenp)
{
	const char *p = s + 2;
	char *d = s;

	for (;;) {
		int hi, lo;

		while (isspace((unsigned char)*p))
			p++;
		if (*p == '\0')
			break;
		hi = hex_digit(p[0]);
		lo = hi < 0 ? -1 : hex_digit(p[1]);
		if (lo < 0)
			return false;
		*d++ = (char)(hi << 4 | lo);
		p += 2;
	}
	*lenp = (size_t)(d - s);
	return true;
}

static bool
decode_base64(char *s, size_t *lenp)
{
	const char *p = s + 2;
	unsigned v = 0, bits = 0, pad = 0;
	char *d = s;

	for (; *p != '\0'; p++) {
		const char *at;

		if (isspace((unsigned char)*p))
			continue;
		if (*p == '=') {
			pad++;
			continue;
		}
		at = strchr(base64, *p);
		if (at == NULL || pad > 0)
			return false;
		v = (v << 6 | (unsigned)(at - base64)) & 0xffffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			*d++ = (char)(v >> bits);
		}
	}
	*lenp = (size_t)(d - s);
	return pad <= 2 && bits < 6 && (v & ((1u << bits) - 1)) == 0;
}

static bool
decode_text(char *s, size_t *lenp)
{
	size_t n = strlen(s);
	char *d = s, *p = s;

	if (*s == '"') {
		if (n < 2 || s[n - 1] != '"')
			return false;
		p[n - 1] = '\0';
		p++;
	}
	while (*p != '\0') {
		if (*p == '\\' && octal(p + 1)) {
			*d++ = octal_value(p + 1);
			p += 4;
		} else {
			if (*p == '\\' && (p[1] == '\\' || p[1] == '"'))
				p++;
			*d++ = *p++;
		}
	}
	*lenp = (size_t)(d - s);
	return true;
}

bool
xattr_decode(char *s, size_t *lenp)
{
	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
		return decode_hex(s, lenp);
	if (s[0] == '0' && (s[1] == 's' || s[1] == 'S'))
		return decode_base64(s, lenp);
	return decode_text(s, lenp);
}
