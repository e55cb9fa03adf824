/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system use area of a record: SUSP (IEEE P1281) and Rock Ridge (P1282).
 *
 * Entries stand one after the other behind a record's name, and go on in areas
 * elsewhere (CE).  There may be MAX_AREAS of those: nobody needs as many, and a chain
 * that is a loop has more.
 *
 * SF (sparse files) is known by name only: such a file isn't read.  A symbolic link's
 * component that stands for the name of the host that made the image is refused.
 */
#include "fs/cd9660/cd9660.h"
#include "kern/kstring.h"

#define MAX_AREAS      64u
#define MAX_AREA_BYTES 65536u

/* What there is to walk: the record's own area, then those that CE leads to. */
struct walk {
	struct cd9660_mount *w_m;
	const uint8_t *w_mem; /* the record's own; NULL: on the device */
	uint64_t w_off, w_end;
	uint64_t w_next, w_nextlen; /* the area after this; 0: none */
	unsigned w_areas;
	bool w_first; /* of a symbolic link: no component yet */
	bool w_glue;  /* the next component belongs to the last one */
	uint8_t w_buf[256];
	const char *w_why;
};

/* The next entry; ENOENT: no more. */
static int
next_entry(struct walk *w, const struct cd9660_susp_disk **ep)
{
	const uint8_t *p;
	uint64_t left;
	int error = 0;

	while (w->w_off >= w->w_end || w->w_end - w->w_off < CD9660_SUSP) {
		if (w->w_nextlen == 0)
			return ENOENT;
		w->w_why = "its continuation areas never end";
		if (++w->w_areas > MAX_AREAS)
			return EUCLEAN;
		w->w_mem = NULL;
		w->w_off = w->w_next;
		w->w_end = w->w_next + w->w_nextlen;
		w->w_nextlen = 0;
	}
	left = w->w_end - w->w_off;
	if (w->w_mem != NULL) {
		p = w->w_mem + w->w_off;
	} else {
		w->w_why = "a continuation area is past the end of the device";
		error = cd9660_read(w->w_m, w->w_off, w->w_buf,
		    (size_t)kmin(left, sizeof(w->w_buf) - 1));
		p = w->w_buf;
	}
	if (error != 0)
		return error;
	*ep = (const void *)p;
	if (p[0] == 0 || (p[0] == 'S' && p[1] == 'T')) {
		w->w_off = w->w_end; /* padding, or said to be the end */
		return next_entry(w, ep);
	}
	w->w_why = "a system use entry's length can't be";
	if ((*ep)->s_len < CD9660_SUSP || (*ep)->s_len > left)
		return EUCLEAN;
	w->w_off += (*ep)->s_len;
	return 0;
}

/* ---- the entries ------------------------------------------------------------------- */

static int
take_ce(struct walk *w, const void *entry)
{
	const struct cd9660_ce_disk *ce = entry;
	uint32_t size = both32_get(ce->ce_size);

	w->w_why = "a continuation area is too large";
	if (size > MAX_AREA_BYTES)
		return EUCLEAN;
	w->w_next = (uint64_t)both32_get(ce->ce_block) * w->w_m->m_blksize +
	    both32_get(ce->ce_offset);
	w->w_nextlen = size;
	return 0;
}

static int
take_nm(struct walk *w, const struct cd9660_susp_disk *e, struct cd9660_rr *rr)
{
	const uint8_t *p = (const void *)e;
	uint32_t n = e->s_len - 5u;

	if ((p[4] & CD9660_NM_SPECIAL) != 0)
		return 0; /* "." and "..", which have names */
	w->w_why = "its name is longer than 255 bytes";
	if (n > CD9660_NAME_MAX - rr->rr_namelen)
		return EUCLEAN;
	/* A second one that the first didn't announce: as if it had. */
	memcpy(rr->rr_name + rr->rr_namelen, p + 5, n);
	rr->rr_namelen += n;
	rr->rr_has |= RR_NM;
	return 0;
}

static int
link_add(struct walk *w, struct cd9660_rr *rr, const void *text, uint32_t n)
{
	w->w_why = "its symbolic link is longer than a path can be";
	if (n > CD9660_LINK_MAX - rr->rr_linklen)
		return EUCLEAN;
	if (rr->rr_link != NULL)
		memcpy(rr->rr_link + rr->rr_linklen, text, n);
	rr->rr_linklen += n;
	return 0;
}

/* One component: flags, text. */
static int
take_component(struct walk *w, struct cd9660_rr *rr, const uint8_t *p)
{
	uint8_t flags = p[0];
	bool first = w->w_first;
	int error = 0;

	if (!first && !w->w_glue)
		error = link_add(w, rr, "/", 1);
	w->w_first = false;
	w->w_glue = (flags & CD9660_SLC_CONTINUE) != 0;
	if (error != 0)
		return error;
	if ((flags & (CD9660_SLC_ROOT | CD9660_SLC_VOLROOT)) != 0) {
		w->w_glue = true; /* the slash is there already */
		return first ? link_add(w, rr, "/", 1) : 0;
	}
	if ((flags & CD9660_SLC_CURRENT) != 0)
		return link_add(w, rr, ".", 1);
	if ((flags & CD9660_SLC_PARENT) != 0)
		return link_add(w, rr, "..", 2);
	w->w_why = "its symbolic link has the name of a host in it";
	if ((flags & CD9660_SLC_HOST) != 0)
		return EUCLEAN;
	w->w_why = "its symbolic link has a NUL in it";
	if (kmemchr(p + 2, '\0', p[1]) != NULL)
		return EUCLEAN;
	return link_add(w, rr, p + 2, p[1]);
}

static int
take_sl(struct walk *w, const struct cd9660_susp_disk *e, struct cd9660_rr *rr)
{
	const uint8_t *p = (const uint8_t *)e + 5;
	const uint8_t *end = (const uint8_t *)e + e->s_len;
	int error = 0;

	rr->rr_has |= RR_SL;
	for (; end - p >= 2 && error == 0; p += 2 + p[1]) {
		w->w_why = "a component of its symbolic link is too long";
		if (p[1] > end - p - 2)
			return EUCLEAN;
		error = take_component(w, rr, p);
	}
	return error;
}

static int
take_tf(struct walk *w, const struct cd9660_susp_disk *e, struct cd9660_rr *rr)
{
	const uint8_t *p = (const uint8_t *)e + 5;
	uint8_t flags = ((const uint8_t *)e)[4];
	uint32_t size = (flags & CD9660_TF_LONG) != 0 ? 17 : 7;
	uint32_t left = e->s_len - 5u;
	bool good;

	w->w_why = "its times don't fit their entry";
	for (unsigned i = 0; i < nitems(rr->rr_time); i++) {
		if ((flags & 1u << i) == 0)
			continue;
		if (left < size)
			return EUCLEAN;
		good = size == 17 ? cd9660_date17(p, &rr->rr_time[i])
				  : cd9660_date7(p, &rr->rr_time[i]);
		if (good)
			rr->rr_tf |= 1u << i;
		p += size;
		left -= size;
	}
	return 0;
}

static void
take_px(const void *entry, struct cd9660_rr *rr)
{
	const struct cd9660_px_disk *px = entry;

	rr->rr_mode = both32_get(px->px_mode);
	rr->rr_nlink = both32_get(px->px_nlink);
	rr->rr_uid = both32_get(px->px_uid);
	rr->rr_gid = both32_get(px->px_gid);
	rr->rr_has |= RR_PX;
}

/* Some write a number of glibc's, in one or both words; it has its major's twelve bits
 * above the minor's lowest eight. */
static void
take_pn(const void *entry, struct cd9660_rr *rr)
{
	const struct cd9660_pn_disk *pn = entry;
	uint32_t high = both32_get(pn->pn_high), low = both32_get(pn->pn_low);

	if (high == 0 && low > 0xff)
		rr->rr_rdev = RUMP_MAKEDEV(
		    low >> 8 & 0xfff, (low & 0xff) | (low >> 12 & 0xfff00));
	else
		rr->rr_rdev = RUMP_MAKEDEV(high, low);
	rr->rr_has |= RR_PN;
}

static void
take_zf(const void *entry, struct cd9660_rr *rr)
{
	const struct cd9660_zf_disk *zf = entry;

	if (zf->zf_algorithm[0] != 'p' || zf->zf_algorithm[1] != 'z' ||
	    zf->zf_shift < 15 || zf->zf_shift > 17 || zf->zf_header < 4) {
		rr->rr_has |= RR_UNKNOWN;
		return;
	}
	rr->rr_zsize = both32_get(zf->zf_size);
	rr->rr_zheader = zf->zf_header;
	rr->rr_zshift = zf->zf_shift;
	rr->rr_has |= RR_ZF;
}

#define SIG(a, b) ((a) << 8 | (b))

/* The shortest that an entry may be; 0: not one of ours. */
static uint32_t
least_length(unsigned sig)
{
	switch (sig) {
	case SIG('C', 'E'):
		return sizeof(struct cd9660_ce_disk);
	case SIG('S', 'P'):
		return sizeof(struct cd9660_sp_disk);
	case SIG('P', 'X'):
		return sizeof(struct cd9660_px_disk);
	case SIG('P', 'N'):
		return sizeof(struct cd9660_pn_disk);
	case SIG('C', 'L'):
	case SIG('P', 'L'):
		return sizeof(struct cd9660_cl_disk);
	case SIG('Z', 'F'):
		return sizeof(struct cd9660_zf_disk);
	case SIG('N', 'M'):
	case SIG('S', 'L'):
	case SIG('T', 'F'):
		return 5;
	case SIG('R', 'E'):
	case SIG('E', 'R'):
	case SIG('S', 'F'):
		return CD9660_SUSP;
	}
	return 0;
}

static int
take(struct walk *w, const struct cd9660_susp_disk *e, struct cd9660_rr *rr)
{
	const struct cd9660_cl_disk *cl = (const void *)e;
	const struct cd9660_sp_disk *sp = (const void *)e;
	unsigned sig = SIG(e->s_sig[0], e->s_sig[1]);

	w->w_why = "a system use entry is too short";
	if (e->s_len < least_length(sig))
		return EUCLEAN;
	switch (sig) {
	case SIG('C', 'E'):
		return take_ce(w, e);
	case SIG('N', 'M'):
		return take_nm(w, e, rr);
	case SIG('S', 'L'):
		return take_sl(w, e, rr);
	case SIG('T', 'F'):
		return take_tf(w, e, rr);
	case SIG('P', 'X'):
		take_px(e, rr);
		break;
	case SIG('P', 'N'):
		take_pn(e, rr);
		break;
	case SIG('Z', 'F'):
		take_zf(e, rr);
		break;
	case SIG('C', 'L'):
		rr->rr_child = (uint64_t)both32_get(cl->cl_block) *
		    w->w_m->m_blksize;
		rr->rr_has |= RR_CL;
		break;
	case SIG('P', 'L'):
		rr->rr_parent = (uint64_t)both32_get(cl->cl_block) *
		    w->w_m->m_blksize;
		rr->rr_has |= RR_PL;
		break;
	case SIG('R', 'E'):
		rr->rr_has |= RR_RE;
		break;
	case SIG('E', 'R'):
		rr->rr_has |= RR_ER;
		break;
	case SIG('S', 'F'):
		rr->rr_has |= RR_SF;
		break;
	case SIG('S', 'P'):
		if (sp->sp_check[0] == 0xbe && sp->sp_check[1] == 0xef) {
			rr->rr_skip = sp->sp_skip;
			rr->rr_has |= RR_SP;
		}
		break;
	}
	return 0;
}

/* Where the record's own area begins in it: behind the name, which is padded. */
static uint32_t
area_of(const struct cd9660_rec *rec)
{
	return CD9660_DIRENT + rec->r_namelen + (rec->r_namelen % 2 == 0);
}

static int
walk_record(struct cd9660_mount *m, const struct cd9660_rec *rec, uint32_t skip,
    struct cd9660_rr *rr)
{
	const struct cd9660_susp_disk *e;
	struct walk w;
	int error;

	w.w_m = m;
	w.w_mem = rec->r_raw;
	w.w_off = area_of(rec) + skip;
	w.w_end = rec->r_len;
	w.w_next = w.w_nextlen = 0;
	w.w_areas = 0;
	w.w_first = true;
	w.w_glue = false;
	w.w_why = NULL;
	do {
		error = next_entry(&w, &e);
		if (error == 0)
			error = take(&w, e, rr);
	} while (error == 0);
	if (error == EUCLEAN)
		return cd9660_damage(m, rec->r_off, "%s", w.w_why);
	return error == ENOENT ? 0 : error;
}

int
cd9660_rockridge(struct cd9660_mount *m, const struct cd9660_rec *rec,
    char *link, struct cd9660_rr *rr)
{
	memset(rr, 0, offsetof(struct cd9660_rr, rr_name));
	rr->rr_link = link;
	if (!m->m_rockridge)
		return 0;
	return walk_record(
	    m, rec, rec->r_off == m->m_rootoff ? m->m_rootsp : m->m_skip, rr);
}

int
cd9660_rockridge_find(struct cd9660_mount *m)
{
	static const uint8_t sp[] = {'S', 'P', 7, 1, 0xbe, 0xef};
	struct cd9660_rec rec;
	struct cd9660_rr rr;
	const char *why;
	uint32_t at, skip;
	int error;

	error = cd9660_record(
	    m, m->m_rootoff, m->m_rootoff + CD9660_SECTOR, &rec, &why);
	if (error == ENOENT || error == EUCLEAN)
		return 0; /* loading the root tells */
	if (error != 0)
		return error;
	at = area_of(&rec);
	for (skip = 0; skip <= CD9660_XA_LEN; skip += CD9660_XA_LEN)
		if (at + skip + sizeof(sp) < rec.r_len &&
		    memcmp(rec.r_raw + at + skip, sp, sizeof(sp)) == 0)
			break;
	if (skip > CD9660_XA_LEN)
		return 0;
	memset(&rr, 0, sizeof(rr));
	error = walk_record(m, &rec, skip, &rr);
	if (error != 0)
		return error;
	m->m_rockridge = (rr.rr_has & (RR_PX | RR_ER)) != 0;
	m->m_rootsp = (uint8_t)skip;
	m->m_skip = rr.rr_skip;
	return 0;
}
