/* SPDX-License-Identifier: BSD-2-Clause */
/* makefs: make a file system image from a directory, an archive or a manifest. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rump/rumpuser.h>

#include "fsu/fsu.h"
#include "fsu/progress.h"
#include "fsu/target.h"
#include "fsu/timearg.h"
#include "makefs.h"
#include "makefs_options.h"

#define SYNOPSIS "[OPTION]... IMAGE DIRECTORY|ARCHIVE|MANIFEST|-..."

/* ---- options ------------------------------------------------------------------- */

static int
bad_value(int key, const char *value)
{
	return fsu_usage("-%c: bad value '%s'", key, fsu_visible(value));
}

static int
parse_bytes(int key, const char *value, uint64_t *p)
{
	return fsu_parse_size(value, p) != 0 ? bad_value(key, value) : FSU_OK;
}

/* "N" or "P%". */
static int
parse_free(int key, const char *value, uint64_t *n, uint32_t *ppm)
{
	char *end;
	double d = strtod(value, &end);

	if (end == value || strcmp(end, "%") != 0)
		return parse_bytes(key, value, n);
	if (!(d >= 0 && d < 1000))
		return bad_value(key, value);
	*ppm = (uint32_t)(d * 10000 + 0.5);
	return FSU_OK;
}

static int
parse_size(struct makefs_opts *mo, const char *value)
{
	bool relative = false;
	uint64_t n;

	if (fsu_parse_size_rel(value, &n, &relative) != 0 ||
	    (!relative && n == 0))
		return bad_value('s', value);
	mo->mo_size = relative ? 0 : n;
	mo->mo_size_extra = relative ? n : 0;
	return FSU_OK;
}

static int
parse_order(struct makefs_opts *mo, const char *value)
{
	mo->mo_newfs.no_bigendian = false;
	if (strcmp(value, "le") == 0 || strcmp(value, "little") == 0 ||
	    strcmp(value, "1234") == 0)
		return FSU_OK;
	if (strcmp(value, "be") == 0 || strcmp(value, "big") == 0 ||
	    strcmp(value, "4321") == 0) {
		mo->mo_newfs.no_bigendian = true;
		return FSU_OK;
	}
	return bad_value('B', value);
}

static int
parse_sector(struct makefs_opts *mo, const char *value)
{
	uint64_t n;

	if (fsu_parse_size(value, &n) != 0 || n < 512 || n > 65536 ||
	    (n & (n - 1)) != 0)
		return bad_value('S', value);
	mo->mo_sector = mo->mo_newfs.no_sector = (uint32_t)n;
	return FSU_OK;
}

static int
parse_type(struct makefs_opts *mo, const char *value)
{
	mo->mo_type = newfs_find(value);
	if (mo->mo_type == NULL)
		mo->mo_type = newfs_find(fsu_type_alias(value));
	if (mo->mo_type == NULL)
		return fsu_usage("cannot make file systems of type '%s'",
		    fsu_visible(value));
	mo->mo_newfs.no_type = mo->mo_type->nt_name;
	return FSU_OK;
}

static int
parse_flag(struct makefs_opts *mo, int key)
{
	switch (key) {
	case 'r':
		mo->mo_replace = true;
		break;
	case 'x':
		mo->mo_spec_only = true;
		break;
	case 'n':
		mo->mo_dry = true;
		mo->mo_target_flags |= FSU_TARGET_CHECK;
		break;
	case 'v':
		mo->mo_verbose = true;
		break;
	case MAKEFS_KEY_FORCE:
		mo->mo_target_flags |= FSU_TARGET_FORCE;
		break;
	case MAKEFS_KEY_NOWAIT:
		mo->mo_target_flags |= FSU_TARGET_NOWAIT;
		break;
	case MAKEFS_KEY_NOSANDBOX:
		mo->mo_nosandbox = true;
		break;
	default: /* -Z */
		break;
	}
	return FSU_OK;
}

static int
parse_option(struct makefs_opts *mo, int key, const char *value)
{
	uint64_t n;
	int status;

	switch (key) {
	case 't':
		return parse_type(mo, value);
	case 's':
		return parse_size(mo, value);
	case 'M':
		return parse_bytes(key, value, &mo->mo_min);
	case 'm':
		return parse_bytes(key, value, &mo->mo_max);
	case 'b':
		return parse_free(
		    key, value, &mo->mo_free_blocks, &mo->mo_free_blocks_ppm);
	case 'f':
		mo->mo_inodes_given = true;
		return parse_free(
		    key, value, &mo->mo_free_inodes, &mo->mo_free_inodes_ppm);
	case 'F':
		mo->mo_spec = value;
		return FSU_OK;
	case 'N':
		mo->mo_userdb = value;
		return FSU_OK;
	case 'o': /* what it means depends on -t */
		mo->mo_fslists[mo->mo_nfslists++] = value;
		return FSU_OK;
	case 'T':
		mo->mo_time_set = true;
		return fsu_parse_time(value, &mo->mo_time, &mo->mo_time_nsec) !=
			0
		    ? bad_value(key, value)
		    : FSU_OK;
	case 'B':
		return parse_order(mo, value);
	case 'O':
		return parse_bytes(key, value, &mo->mo_offset);
	case 'S':
		return parse_sector(mo, value);
	case MAKEFS_KEY_PART:
		mo->mo_part = value;
		return FSU_OK;
	case 'd':
		status = parse_bytes(key, value, &n);
		mo->mo_debug = (unsigned)n;
		return status;
	default:
		return parse_flag(mo, key);
	}
}

/* -1: go on; else the status to end with. */
static int
parse_args(struct makefs_opts *mo, int argc, char **argv)
{
	struct fsu_optparser op = {
	    .op_argc = argc - 1,
	    .op_argv = argv + 1,
	    .op_table = {makefs_options},
	    .op_n = {makefs_noptions},
	};
	const char *value;
	int key, status;

	mo->mo_sources = fsu_calloc((size_t)argc, sizeof(*mo->mo_sources));
	mo->mo_fslists = fsu_calloc((size_t)argc, sizeof(*mo->mo_fslists));
	while ((key = fsu_opt_next(&op, &value)) != FSU_OPT_END) {
		if (key == FSU_OPT_ERROR)
			return FSU_USAGE;
		if (key == MAKEFS_KEY_HELP) {
			fsu_opt_help("makefs", SYNOPSIS,
			    "Make a file system image from a tree of files.",
			    makefs_options, makefs_noptions);
			return fsu_flush_stdout();
		}
		if (key == MAKEFS_KEY_VERSION) {
			fsu_opt_version("makefs");
			return fsu_flush_stdout();
		}
		if (key == FSU_OPT_OPERAND) {
			if (mo->mo_image == NULL)
				mo->mo_image = value;
			else
				mo->mo_sources[mo->mo_nsources++] = value;
			continue;
		}
		status = parse_option(mo, key, value);
		if (status != FSU_OK)
			return status;
	}
	if (mo->mo_image == NULL)
		return fsu_usage("missing image");
	if (mo->mo_nsources == 0)
		return fsu_usage("missing directory, archive or manifest");
	if (mo->mo_nsources > MANIFEST_MAXSOURCES - 3)
		return fsu_usage("too many sources");
	return -1;
}

static int
check_options(struct makefs_opts *mo)
{
	char why[NEWFS_WHY] = "";
	struct newfs_opts o;
	int error, status;

	for (int i = 0; i < mo->mo_nfslists; i++) {
		status = makefs_fsoptions(mo, mo->mo_fslists[i]);
		if (status != FSU_OK)
			return status;
	}
	if (mo->mo_spec_only && mo->mo_spec == NULL)
		return fsu_usage("-x needs -F");
	if (mo->mo_max != 0 &&
	    (mo->mo_min > mo->mo_max || mo->mo_size > mo->mo_max))
		return fsu_usage("the maximum size is below the minimum or -s");
	if (mo->mo_size != 0 && mo->mo_size < mo->mo_min)
		return fsu_usage("-s is below the minimum size");
	if (mo->mo_newfs.no_bigendian && !mo->mo_type->nt_either_order)
		return fsu_usage(
		    "-B: %s is little-endian", mo->mo_type->nt_name);
	if (mo->mo_offset % 512 != 0)
		return fsu_usage("-O: the offset is no multiple of 512");
	mo->mo_clamp = fsu_source_date_epoch(&mo->mo_clamp_sec, &error) != 0;
	if (error != 0 || (mo->mo_clamp && mo->mo_clamp_sec < 0))
		return fsu_usage("SOURCE_DATE_EPOCH is no number of seconds");
	o = mo->mo_newfs;
	if (mo->mo_block != 0 || mo->mo_type->nt_usual_block == NULL)
		o.no_block = mo->mo_block;
	if (o.no_block == 0 && o.no_inode_bytes > 1024)
		o.no_block = 4096;
	if (mo->mo_type->nt_defaults(&o, why) != 0)
		return fsu_usage("%s", why);
	if (mo->mo_type->nt_write != NULL) {
		if (mo->mo_free_blocks != 0 || mo->mo_free_blocks_ppm != 0 ||
		    mo->mo_inodes_given)
			return fsu_usage("-b and -f: %s has no free blocks or "
					 "inodes",
			    mo->mo_type->nt_name);
		mo->mo_newfs = o;
	}
	if (mo->mo_type->nt_usual_block == NULL)
		return FSU_OK;
	mo->mo_block = o.no_block;
	if (mo->mo_size == 0)
		mo->mo_size = o.no_size;
	return FSU_OK;
}

/* ---- running ---------------------------------------------------------------------- */

static void
list_manifest(const struct manifest *mf)
{
	uint32_t i = 0;

	do {
		const struct mnode *m = mn(mf, i);
		char *path = manifest_pathname(mf, i);

		fprintf(stderr, "%06o %u:%u %llu %lld.%09u %s\n", m->m_mode,
		    m->m_uid, m->m_gid, (unsigned long long)m->m_size,
		    (long long)m->m_sec, m->m_nsec, fsu_visible(path));
		free(path);
		i = manifest_walk(mf, i);
	} while (i != 0);
}

static int
dry_run(struct makefs_opts *mo, struct manifest *mf)
{
	struct plan p = {0};
	int status = mo->mo_type->nt_write != NULL
	    ? whole_size(mo, mf, &p.p_need_bytes)
	    : size_plan(mo, mf, 0, &p);

	if (status != FSU_OK)
		return status;
	printf("%llu\n", (unsigned long long)p.p_need_bytes);
	return fsu_flush_stdout();
}

static int
worse(int a, int b)
{
	return a > b ? a : b;
}

/* The manifest is there: build, and put the image in its place. */
static int
finish(struct makefs_opts *mo, struct manifest *mf, struct fsu_target *tg)
{
	uint64_t size = 0, sector = mo->mo_sector;
	bool made = false;
	int status;

	if (mo->mo_dry)
		return dry_run(mo, mf);
	if (tg->tg_room != 0 && mo->mo_size == 0 && mo->mo_size_extra == 0)
		mo->mo_size = tg->tg_room; /* a device is filled */
	status = build(mo, mf, tg, &size, &made);
	if (!made || fsu_interrupted())
		return status != FSU_OK ? status : FSU_FAIL;
	if (mo->mo_size == 0)
		size = (size + sector - 1) / sector * sector;
	status = worse(status, fsu_target_publish(tg, size));
	if (mo->mo_verbose)
		fsu_msg("%s: %s, %llu bytes, %llu inodes, %llu bytes in files",
		    fsu_visible(mo->mo_image), mo->mo_type->nt_name,
		    (unsigned long long)size, (unsigned long long)mf->mf_inodes,
		    (unsigned long long)mf->mf_bytes);
	return status;
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int
run(struct makefs_opts *mo)
{
	struct fsu_target tg;
	struct manifest mf;
	struct scan sc = {.sc_opts = mo, .sc_mf = &mf, .sc_target = &tg};
	struct fsu_confine access = {0};
	double start;
	int status;

	status = fsu_target_open(
	    &tg, mo->mo_image, mo->mo_part, mo->mo_offset, mo->mo_target_flags);
	if (status != FSU_OK)
		return status;
	mo->mo_newfs.no_offset = tg.tg_offset;
	manifest_init(&mf);
	if (tg.tg_path != NULL && tg.tg_kind != FSU_TARGET_INPLACE)
		sc.sc_spooldir = fsu_dirname(tg.tg_path);
	start = now();
	fsu_progress_begin(mo->mo_verbose);
	fsu_progress_phase("reading", 0);
	status = scan_open(&sc, &access);
	if (!sc.sc_dead && !mo->mo_nosandbox) {
		fsu_target_access(&tg, &access);
		status = worse(status, fsu_confine(&access, false));
		sc.sc_dead = status != FSU_OK;
	}
	if (!sc.sc_dead)
		status = scan_all(&sc);
	if ((mo->mo_debug & MAKEFS_DEBUG_TIME) != 0)
		fsu_msg("scan %.3f s, %u names", now() - start, mf.mf_n);
	if (!sc.sc_dead && !fsu_interrupted()) {
		manifest_finish(&mf, mo);
		if ((mo->mo_debug & MAKEFS_DEBUG_LIST) != 0)
			list_manifest(&mf);
		status = worse(status, finish(mo, &mf, &tg));
	}
	scan_close(&sc);
	fsu_confine_free(&access);
	free(sc.sc_spooldir);
	manifest_free(&mf);
	fsu_target_close(&tg);
	return status;
}

int
main(int argc, char **argv)
{
	struct makefs_opts mo = {.mo_type = newfs_nth(0), .mo_sector = 512};
	int status;

	fsu_guard_stdio();
	fsu_set_progname("makefs");
	newfs_opts_init(&mo.mo_newfs);
	status = parse_args(&mo, argc, argv);
	if (status < 0) {
		status = check_options(&mo);
		if (status == FSU_OK)
			status = run(&mo);
	}
	fsu_progress_end();
	free(mo.mo_sources);
	free(mo.mo_fslists);
	free(mo.mo_features);
	free(mo.mo_label);
	newfs_opts_free(&mo.mo_newfs);
	return status;
}
