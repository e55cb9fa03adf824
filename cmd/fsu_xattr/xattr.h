/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside fsu_xattr: values and names as getfattr(1) and setfattr(1) write them. */
#ifndef XATTR_H
#define XATTR_H

#include "fsu/fmt.h"

enum xattr_encoding { XATTR_AUTO, XATTR_TEXT, XATTR_HEX, XATTR_BASE64 };

/* -e's word; false: none. */
bool xattr_encoding_parse(const char *word, enum xattr_encoding *ep);
/* A value with its quotes or prefix.  Not exact: where nobody named an encoding, a
 * text's NUL at the end isn't shown, as with getfattr. */
void xattr_encode(struct fsu_out *o, const void *value, size_t len,
    enum xattr_encoding enc, bool exact);
/* Names: backslashes and the bytes of `also` in octal. */
void xattr_quote(struct fsu_out *o, const char *s, const char *also);
/* The other way, in place. */
void xattr_unquote(char *s);
/* "text", text, 0xHEX, 0sBASE64, in place; false: malformed. */
bool xattr_decode(char *s, size_t *lenp);

#endif /* XATTR_H */
