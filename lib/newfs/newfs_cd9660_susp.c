/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System use entries: SUSP (IEEE P1281) and Rock Ridge (IEEE P1282, whose PX has a
 * serial number).
 *
 * What doesn't fit its record goes on in continuation areas behind the directory.
 * None of them crosses the border of a block, which Linux wants.
 */
#include <string.h>

#include "newfs/newfs_cd9660_int.h"

#define RECORD_MAX  254u
#define ENTRY_MAX   255u
#define CE_LEN	    ((uint32_t)sizeof(struct cd9660_ce_disk))
#define NM_CONTINUE 0x01u

/* ---- the entries ------------------------------------------------------------------- */

/* A new entry of len bytes, zeros but for its head. */
static uint8_t *
add(struct iso_susp *s, const char *sig, uint32_t len)
{
	uint8_t *p = s->s_buf + s->s_len;

	memset(p, 0, len);
	p[0] = (uint8_t)sig[0];
	p[1] = (uint8_t)sig[1];
	p[2] = (uint8_t)len;
	p[3] = 1;
	s->s_len += len;
	return p;
}

static void
add_sp(struct iso_susp *s)
{
	uint8_t *p = add(s, "SP", sizeof(struct cd9660_sp_disk));

	p[4] = 0xbe;
	p[5] = 0xef;
}

static void
add_er(struct iso_susp *s)
{
	static const char id[] = "IEEE_1282";
	static const char text[] =
	    "THE IEEE 1282 PROTOCOL PROVIDES SUPPORT FOR "
	    "POSIX FILE SYSTEM SEMANTICS";
	static const char from[] = "PLEASE CONTACT THE IEEE STANDARDS "
				   "DEPARTMENT, PISCATAWAY, NJ, USA FOR THE "
				   "1282 SPECIFICATION.";
	uint32_t a = sizeof(id) - 1, b = sizeof(text) - 1, c = sizeof(from) - 1;
	uint8_t *p = add(s, "ER", 8 + a + b + c);

	p[4] = (uint8_t)a;
	p[5] = (uint8_t)b;
	p[6] = (uint8_t)c;
	p[7] = 1;
	memcpy(p + 8, id, a);
	memcpy(p + 8 + a, text, b);
	memcpy(p + 8 + a + b, from, c);
}

static void
add_px(struct iso_susp *s, const struct iso_node *n,
    const struct newfs_treenode *tn)
{
	struct cd9660_px_disk px;
	both32_t serial;
	uint8_t *p = add(s, "PX", sizeof(px) + sizeof(serial));

	memcpy(&px, p, sizeof(px));
	both32_put(&px.px_mode, tn->tn_mode);
	both32_put(&px.px_nlink, n->n_nlink);
	both32_put(&px.px_uid, tn->tn_uid);
	both32_put(&px.px_gid, tn->tn_gid);
	both32_put(&serial, n->n_serial);
	memcpy(p, &px, sizeof(px));
	memcpy(p + sizeof(px), &serial, sizeof(serial));
}

static void
add_tf(struct iso_susp *s, int64_t sec)
{
	uint8_t *p = add(s, "TF", 5 + 3 * 7);

	p[4] = CD9660_TF_MODIFY | CD9660_TF_ACCESS | CD9660_TF_ATTR;
	iso_date7(p + 5, sec);
	memcpy(p + 12, p + 5, 7);
	memcpy(p + 19, p + 5, 7);
}

static void
add_nm(struct iso_susp *s, const char *name, uint32_t len)
{
	do {
		uint32_t n = len < ENTRY_MAX - 5 ? len : ENTRY_MAX - 5;
		uint8_t *p = add(s, "NM", 5 + n);

		memcpy(p + 5, name, n);
		name += n;
		len -= n;
		p[4] = len > 0 ? NM_CONTINUE : 0;
	} while (len > 0);
}

/* Small numbers as one of 16 bits or a few more, which all readers take to be what it
 * is; others apart, as Linux does. */
static void
add_pn(struct iso_susp *s, uint64_t rdev)
{
	struct cd9660_pn_disk pn;
	uint8_t *p = add(s, "PN", sizeof(pn));
	uint32_t major = RUMP_MAJOR(rdev), minor = RUMP_MINOR(rdev);

	if (major > 0 && major < 4096 && minor < 256) {
		minor |= major << 8;
		major = 0;
	}
	memcpy(&pn, p, sizeof(pn));
	both32_put(&pn.pn_high, major);
	both32_put(&pn.pn_low, minor);
	memcpy(p, &pn, sizeof(pn));
}

static void
add_place(struct iso_susp *s, const char *sig, uint32_t lba)
{
	struct cd9660_cl_disk cl;
	uint8_t *p = add(s, sig, sizeof(cl));

	memcpy(&cl, p, sizeof(cl));
	both32_put(&cl.cl_block, lba);
	memcpy(p, &cl, sizeof(cl));
}

/* A file that proved not worth compressing has a pad of the same length. */
static void
add_zf(struct iso_susp *s, const struct iso_node *n, uint64_t size)
{
	struct cd9660_zf_disk zf;
	bool zipped = (n->n_flags & ISO_N_ZF) != 0;
	uint8_t *p = add(s, zipped ? "ZF" : "PD", sizeof(zf));

	if (!zipped)
		return;
	memcpy(&zf, p, sizeof(zf));
	zf.zf_algorithm[0] = 'p';
	zf.zf_algorithm[1] = 'z';
	zf.zf_header = 4;
	zf.zf_shift = 15;
	both32_put(&zf.zf_size, (uint32_t)size);
	memcpy(p, &zf, sizeof(zf));
}

/* ---- symbolic links ---------------------------------------------------------------------- */

/* A component, or part of one, in the SL entry at *slp, or the next one. */
static void
component(struct iso_susp *s, uint8_t **slp, uint8_t flags, const char *text,
    uint32_t len)
{
	uint8_t *p = *slp;

	if (p == NULL || p[2] + 2u + len > ENTRY_MAX) {
		if (p != NULL)
			p[4] = CD9660_SLC_CONTINUE;
		p = *slp = add(s, "SL", 5);
	}
	s->s_buf[s->s_len++] = flags;
	s->s_buf[s->s_len++] = (uint8_t)len;
	memcpy(s->s_buf + s->s_len, text, len);
	s->s_len += len;
	p[2] = (uint8_t)(p[2] + 2 + len);
}

/*
 * An entry ends amidst a component rather than behind one, where it may: libarchive
 * forgets the slash that is between two of them in different entries.
 */
static void
text_component(struct iso_susp *s, uint8_t **slp, const char *text,
    uint32_t len, bool last)
{
	for (;;) {
		uint32_t room = *slp != NULL ? ENTRY_MAX - (*slp)[2] : 0, n;

		if (room < 3)
			room = ENTRY_MAX - 5; /* a new one */
		n = len + 2 <= room ? len : room - 2;
		if (n == len && n > 1 && !last && room - n - 2 < 3)
			n--;
		component(s, slp, n == len ? 0 : CD9660_SLC_CONTINUE, text, n);
		if (n == len)
			return;
		text += n;
		len -= n;
	}
}

static void
add_sl(struct iso_susp *s, const char *target)
{
	uint8_t *sl = NULL;
	size_t n;

	if (*target == '/') {
		component(s, &sl, CD9660_SLC_ROOT, "", 0);
		if (*++target == '\0')
			return;
	}
	for (;; target += n + 1) {
		n = strcspn(target, "/");
		if (n == 1 && target[0] == '.')
			component(s, &sl, CD9660_SLC_CURRENT, "", 0);
		else if (n == 2 && target[0] == '.' && target[1] == '.')
			component(s, &sl, CD9660_SLC_PARENT, "", 0);
		else
			text_component(
			    s, &sl, target, (uint32_t)n, target[n] == '\0');
		if (target[n] == '\0')
			return;
	}
}

/* ---- a record's ----------------------------------------------------------------------------- */

/* The directory that moved ones are in belongs to nobody. */
static struct newfs_treenode
moved_node(const struct iso *is)
{
	struct newfs_treenode tn = {
	    .tn_name = "rr_moved",
	    .tn_namelen = 8,
	    .tn_mode = RUMP_S_IFDIR | 0755,
	    .tn_sec = is->i_o->no_time,
	    .tn_owner = is->i_moved,
	};

	return tn;
}

void
iso_susp_make(struct iso *is, uint32_t node, unsigned what, struct iso_susp *s)
{
	struct newfs_treenode tn = node == is->i_moved ? moved_node(is)
						       : iso_node_of(is, node);
	const struct iso_node *n = &is->i_node[tn.tn_owner];
	uint32_t type = tn.tn_mode & RUMP_S_IFMT;

	s->s_len = 0;
	if (!iso_has(is, NC_ROCKRIDGE))
		return;
	if ((what & ISO_R_DOT) != 0 && node == 0)
		add_sp(s);
	if ((what & ISO_R_DOTDOT) == 0 && node == is->i_moved &&
	    (what & ISO_R_DOT) == 0)
		what |= ISO_E_RE; /* hidden as all that is in it */
	add_px(s, n, &tn);
	add_tf(s, tn.tn_sec);
	if ((what & ISO_E_CHILD) != 0)
		add_place(s, "CL", n->n_lba);
	if ((what & ISO_R_PL) != 0)
		add_place(s, "PL", n->n_lba);
	if ((what & ISO_E_RE) != 0)
		add(s, "RE", 4);
	if ((n->n_flags & ISO_N_MAYZF) != 0)
		add_zf(s, n, tn.tn_size);
	if (type == RUMP_S_IFBLK || type == RUMP_S_IFCHR)
		add_pn(s, tn.tn_size);
	if ((what & (ISO_R_DOT | ISO_R_DOTDOT)) == 0)
		add_nm(s, tn.tn_name, tn.tn_namelen);
	if (type == RUMP_S_IFLNK)
		add_sl(s, tn.tn_target);
	if ((what & ISO_R_DOT) != 0 && node == 0)
		add_er(s);
}

/* ---- where they go ---------------------------------------------------------------------------- */

/* How many bytes of whole entries from at on fit room. */
static uint32_t
whole_entries(const struct iso_susp *s, uint32_t at, uint32_t room)
{
	uint32_t n = 0;

	while (at + n < s->s_len && n + s->s_buf[at + n + 2] <= room)
		n += s->s_buf[at + n + 2];
	return n;
}

/* The next area: where, and how much of what is left from at on goes there. */
static void
plan_area(struct iso_sink *k, const struct iso_susp *s, uint32_t at,
    uint32_t *bytes, bool *last)
{
	uint32_t left = s->s_len - at;
	uint32_t room = (uint32_t)(ISO_BLOCK - k->k_ce % ISO_BLOCK);

	*last = left <= room;
	*bytes = left;
	if (*last)
		return;
	*bytes = room > CE_LEN ? whole_entries(s, at, room - CE_LEN) : 0;
	if (*bytes > 0)
		return;
	k->k_ce += room; /* nothing fits: the next block */
	*last = left <= ISO_BLOCK;
	*bytes = *last ? left : whole_entries(s, at, ISO_BLOCK - CE_LEN);
}

static void
put_ce(const struct iso_sink *k, uint8_t *p, uint32_t size)
{
	struct cd9660_ce_disk ce = {
	    .ce_head = {.s_sig = {'C', 'E'}, .s_len = CE_LEN, .s_version = 1}};

	both32_put(&ce.ce_block,
	    k->k_lba + k->k_size / ISO_BLOCK + (uint32_t)(k->k_ce / ISO_BLOCK));
	both32_put(&ce.ce_offset, (uint32_t)(k->k_ce % ISO_BLOCK));
	both32_put(&ce.ce_size, size);
	memcpy(p, &ce, sizeof(ce));
}

uint32_t
iso_susp_put(
    struct iso_sink *k, const struct iso_susp *s, uint8_t *rec, uint32_t len)
{
	uint32_t at, n, size;
	uint8_t none[CE_LEN], *ce, *area;
	bool last;

	if (s->s_len <= RECORD_MAX - len) {
		memcpy(rec + len, s->s_buf, s->s_len);
		return len + s->s_len;
	}
	at = whole_entries(s, 0, RECORD_MAX - len - CE_LEN);
	memcpy(rec + len, s->s_buf, at);
	ce = rec + len + at;
	len += at + CE_LEN;
	do {
		plan_area(k, s, at, &n, &last);
		size = n + (last ? 0 : CE_LEN);
		put_ce(k, ce, size);
		if (k->k_buf != NULL) {
			area = k->k_buf + k->k_size + k->k_ce;
			memcpy(area, s->s_buf + at, n);
			ce = area + n;
		} else
			ce = none;
		k->k_ce += size;
		at += n;
	} while (!last);
	return len;
}
