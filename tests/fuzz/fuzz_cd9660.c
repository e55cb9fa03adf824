/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer target for ISO 9660 (fs_ops.c says what is done to the image).  The first
 * byte, in the area that is the system's, chooses mount options: which of the trees is
 * shown, and the boot images.
 */
#include "fs_fuzz.h"

#include <stdio.h>
#include <string.h>

#define SECTOR 2048u

static void
options(const uint8_t *data, size_t size, char *text, size_t textsize)
{
	uint8_t b = data[0];

	(void)size;
	snprintf(text, textsize, "uid=1%s%s%s%s%s", b & 1 ? ",norrip" : "",
	    b & 2 ? ",nojoliet" : "", b & 4 ? ",eltorito" : "",
	    b & 8 ? ",map=off" : "", b & 16 ? ",mode=0640,dmode=0711" : "");
}

static uint32_t
get32(const uint8_t *data, size_t size, size_t off)
{
	return fuzz_get(data, size, off, 4, false);
}

/* Both halves; sometimes only the one that counts. */
static void
put_both(uint8_t *data, size_t size, size_t off, uint32_t v, uint32_t *rng)
{
	fuzz_put(data, size, off, 4, false, v);
	if (fuzz_below(rng, 8) != 0)
		fuzz_put(data, size, off + 4, 4, true, v);
}

static void
change_both(
    uint8_t *data, size_t size, size_t off, uint32_t limit, uint32_t *rng)
{
	put_both(data, size, off,
	    fuzz_change(get32(data, size, off), limit, rng), rng);
}

static void
change_byte(uint8_t *data, size_t size, size_t off, uint32_t *rng)
{
	fuzz_put(data, size, off, 1, false,
	    fuzz_change(fuzz_get(data, size, off, 1, false), 64, rng));
}

/* ---- where things are ------------------------------------------------------------ */

/* A volume descriptor of that type, else 0. */
static size_t
descriptor(const uint8_t *data, size_t size, uint8_t type)
{
	for (size_t off = 16 * SECTOR; off + SECTOR <= size; off += SECTOR) {
		if (memcmp(data + off + 1, "CD001", 5) != 0)
			break;
		if (data[off] == type)
			return off;
	}
	return 0;
}

/* A record of the directory that the one at rec leads to. */
static size_t
record_in(const uint8_t *data, size_t size, size_t rec, uint32_t *rng)
{
	size_t at = (size_t)get32(data, size, rec + 2) * SECTOR;

	for (unsigned i = fuzz_below(rng, 14); i > 0 && at < size; i--) {
		if (data[at] == 0)
			at = (at / SECTOR + 1) * SECTOR;
		else if (at + data[at] < size && data[at + data[at]] != 0)
			at += data[at];
	}
	return at + 34 <= size ? at : 0;
}

/* A directory record somewhere in one of the trees. */
static size_t
some_record(const uint8_t *data, size_t size, uint32_t *rng)
{
	size_t vd = descriptor(data, size, fuzz_below(rng, 4) == 0 ? 2 : 1);
	size_t rec, next;

	if (vd == 0)
		return 0;
	rec = vd + 156;
	for (unsigned depth = 0; depth < 12; depth++) {
		next = record_in(data, size, rec, rng);
		if (next == 0)
			break;
		rec = next;
		if ((data[rec + 25] & 2) == 0 || fuzz_below(rng, 3) == 0)
			break;
	}
	return rec;
}

/* A system use entry of the record, or of where that goes on; 0: none. */
static size_t
some_entry(const uint8_t *data, size_t size, size_t rec, uint32_t *rng)
{
	size_t at = rec + 33 + (data[rec + 32] | 1), end = rec + data[rec];
	size_t found = 0;

	for (unsigned n = 1, jumps = 0; n < 40; n++) {
		if (at + 4 > end || at + 4 > size || data[at + 2] < 4)
			break;
		if (fuzz_below(rng, n) == 0)
			found = at;
		if (memcmp(data + at, "CE", 2) == 0 && at + 28 <= size &&
		    jumps++ < 3) {
			end = at;
			at = (size_t)get32(data, size, end + 4) * SECTOR +
			    get32(data, size, end + 12);
			end = at + get32(data, size, end + 20);
			continue;
		}
		at += data[at + 2];
	}
	return found;
}

/* ---- mutation ---------------------------------------------------------------------- */

static void
mutate_record(uint8_t *data, size_t size, size_t rec, uint32_t *rng)
{
	uint32_t blocks = (uint32_t)(size / SECTOR);
	size_t other;

	switch (fuzz_below(rng, 7)) {
	case 0:
		change_both(data, size, rec + 2, blocks, rng);
		break;
	case 1: /* the place, or the size, of another */
		other = some_record(data, size, rng);
		put_both(
		    data, size, rec + 2, get32(data, size, other + 2), rng);
		if (fuzz_below(rng, 2) == 0)
			put_both(data, size, rec + 10,
			    get32(data, size, other + 10), rng);
		break;
	case 2:
		change_both(data, size, rec + 10, blocks * SECTOR, rng);
		break;
	case 3: /* flags: a directory, more to come */
		data[rec + 25] ^= (uint8_t)(fuzz_below(rng, 2) == 0 ? 0x80 : 2);
		break;
	case 4: { /* its length, extended attributes, units, length of the name */
		static const uint8_t fields[] = {0, 1, 25, 26, 27, 32, 33};

		change_byte(data, size,
		    rec + fields[fuzz_below(rng, sizeof(fields))], rng);
		break;
	}
	case 5: /* the name */
		fuzz_put(data, size, rec + 33 + fuzz_below(rng, 16), 1, false,
		    "\0\1/.;1a \377\330"[fuzz_below(rng, 10)]);
		break;
	default:
		change_byte(data, size, rec + fuzz_below(rng, 33), rng);
		break;
	}
}

static void
mutate_entry(uint8_t *data, size_t size, size_t at, uint32_t *rng)
{
	static const char sigs[][3] = {"NM", "SL", "PX", "TF", "PN", "CL", "PL",
	    "RE", "ZF", "CE", "SP", "ST", "ER", "SF", "XX"};

	switch (fuzz_below(rng, 6)) {
	case 0:
		memcpy(data + at,
		    sigs[fuzz_below(rng, sizeof(sigs) / sizeof(sigs[0]))], 2);
		break;
	case 1:
		change_byte(data, size, at + 2, rng);
		break;
	case 2: /* flags of NM, SL, TF; ZF's header and block size */
		change_byte(data, size, at + 4 + fuzz_below(rng, 4), rng);
		break;
	case 3: /* a component of SL */
		change_byte(data, size, at + 5 + fuzz_below(rng, 12), rng);
		break;
	default: /* a number of PX, PN, CE, CL, PL, ZF */
		change_both(data, size, at + 4 + 8 * (size_t)fuzz_below(rng, 4),
		    (uint32_t)(size / SECTOR), rng);
		break;
	}
}

/* A compressed file's header and its blocks' places. */
static void
mutate_zisofs(uint8_t *data, size_t size, size_t rec, uint32_t *rng)
{
	size_t at = (size_t)get32(data, size, rec + 2) * SECTOR;

	if (fuzz_below(rng, 4) == 0) {
		change_byte(data, size, at + fuzz_below(rng, 16), rng);
		return;
	}
	at += 8 + 4 * (size_t)fuzz_below(rng, 8);
	fuzz_put(data, size, at, 4, false,
	    fuzz_change(
		get32(data, size, at), get32(data, size, rec + 10) + 16, rng));
}

static void
mutate_descriptor(uint8_t *data, size_t size, uint32_t *rng)
{
	static const uint16_t fields[] = {0, 1, 5, 7, 80, 88, 89, 90, 128, 130,
	    132, 140, 156, 157, 158, 166, 181, 188, 813};
	size_t vd = descriptor(data, size, fuzz_below(rng, 3) == 0 ? 2 : 1);
	size_t at = vd +
	    fields[fuzz_below(rng, sizeof(fields) / sizeof(fields[0]))];

	if (vd == 0)
		return;
	if (fuzz_below(rng, 3) == 0) {
		fuzz_put(
		    data, size, vd + 128, 2, false, 512u << fuzz_below(rng, 4));
		return;
	}
	if (fuzz_below(rng, 2) == 0)
		change_byte(data, size, at, rng);
	else
		change_both(data, size, at, (uint32_t)(size / SECTOR), rng);
}

static void
mutate_boot(uint8_t *data, size_t size, uint32_t *rng)
{
	size_t vd = descriptor(data, size, 0), at;

	if (vd == 0)
		return;
	if (fuzz_below(rng, 6) == 0) {
		fuzz_put(data, size, vd + 71, 4, false,
		    fuzz_below(rng, (uint32_t)(size / SECTOR) + 2));
		return;
	}
	data[0] |= 4;
	at = (size_t)get32(data, size, vd + 71) * SECTOR +
	    32 * (size_t)fuzz_below(rng, 5);
	switch (fuzz_below(rng, 4)) {
	case 0: /* what it is */
		fuzz_put(data, size, at, 1, false,
		    "\0\1\104\210\220\221"[fuzz_below(rng, 6)]);
		break;
	case 1:
		fuzz_put(data, size, at + 2, 2, false, fuzz_number(rng));
		break;
	case 2:
		fuzz_put(data, size, at + 6, 2, false, fuzz_number(rng));
		break;
	default:
		fuzz_put(data, size, at + 8, 4, false,
		    fuzz_change(get32(data, size, at + 8),
			(uint32_t)(size / SECTOR), rng));
		break;
	}
}

static void
mutate(uint8_t *data, size_t size, uint32_t *rng)
{
	size_t rec = some_record(data, size, rng), at;
	unsigned what = fuzz_below(rng, 16);

	if (what == 0)
		data[0] ^= (uint8_t)(1 << fuzz_below(rng, 5));
	else if (what == 1 || rec == 0)
		mutate_descriptor(data, size, rng);
	else if (what == 2)
		mutate_boot(data, size, rng);
	else if (what < 9 && (at = some_entry(data, size, rec, rng)) != 0)
		mutate_entry(data, size, at, rng);
	else if (what < 11)
		mutate_zisofs(data, size, rec, rng);
	else
		mutate_record(data, size, rec, rng);
}

const struct fuzz_fs fuzz_fs = {
    .type = "cd9660",
    .min_size = 17 * SECTOR,
    .align = 1,
    .options = options,
    .mutate = mutate,
};
