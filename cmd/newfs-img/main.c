/* SPDX-License-Identifier: BSD-2-Clause */
/* newfs-img: make an empty file system in an image file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rump/rumpuser.h>

#include "fsu/fsu.h"
#include "fsu/target.h"
#include "fsu/timearg.h"
#include "newfs/newfs.h"
#include "newfs_options.h"

struct job {
	const struct newfs_type *j_type;
	struct newfs_opts j_opts;
	const char *j_image, *j_part;
	unsigned j_flags; /* FSU_TARGET_* */
	bool j_verbose, j_sized, j_uuid, j_timed, j_nosandbox;
	/* options, until all have been read: what they mean depends on -t */
	struct {
		int key;
		const char *value;
	} * j_given;
	int j_ngiven;
};

static int
bad_value(const char *what, const char *value)
{
	return fsu_usage("bad %s '%s'", what, fsu_visible(value));
}

static int
parse_u32(const char *what, const char *value, uint32_t *p)
{
	uint64_t n;

	if (fsu_parse_size(value, &n) != 0 || n == 0 || n > UINT32_MAX)
		return bad_value(what, value);
	*p = (uint32_t)n;
	return FSU_OK;
}

static int
parse_u64(const char *what, const char *value, uint64_t *p)
{
	return fsu_parse_size(value, p) != 0 || *p == 0 ? bad_value(what, value)
							: FSU_OK;
}

static int
parse_percent(const char *value, uint32_t *ppm)
{
	char *end;
	double d = strtod(value, &end);

	if (end == value || (*end != '\0' && strcmp(end, "%") != 0) ||
	    !(d >= 0 && d <= 50))
		return fsu_usage(
		    "bad percentage '%s' (0 to 50)", fsu_visible(value));
	*ppm = (uint32_t)(d * 10000 + 0.5);
	return FSU_OK;
}

static int
parse_uuid(struct job *j, const char *value)
{
	j->j_uuid = strcmp(value, "random") != 0;
	if (!j->j_uuid)
		return FSU_OK;
	if (strcmp(value, "clear") == 0) {
		memset(j->j_opts.no_uuid, 0, sizeof(j->j_opts.no_uuid));
		return FSU_OK;
	}
	return newfs_parse_uuid(value, j->j_opts.no_uuid) != 0
	    ? bad_value("UUID", value)
	    : FSU_OK;
}

static int
parse_type(struct job *j, const char *value)
{
	j->j_type = newfs_find(value);
	if (j->j_type == NULL)
		j->j_type = newfs_find(fsu_type_alias(value));
	if (j->j_type == NULL)
		return fsu_usage("cannot make file systems of type '%s'",
		    fsu_visible(value));
	j->j_opts.no_type = j->j_type->nt_name;
	if (j->j_type->nt_make == NULL)
		return fsu_usage("an empty file system of type %s could not be "
				 "filled later: makefs -t %s makes one of a "
				 "tree",
		    j->j_type->nt_name, j->j_type->nt_name);
	return FSU_OK;
}

static int
type_option(
    struct job *j, const struct newfs_typeopt *to, int key, const char *value)
{
	char why[NEWFS_WHY] = "";

	return newfs_typeopt_set(to, &j->j_opts, value, why) != 0
	    ? fsu_usage("-%c: %s", key, fsu_visible(why))
	    : FSU_OK;
}

static int
parse_option(struct job *j, int key, const char *value)
{
	struct newfs_opts *o = &j->j_opts;
	uint64_t rev;
	int32_t nsec;

	switch (key) {
	case 's':
		j->j_sized = true;
		return parse_u64("size", value, &o->no_size);
	case 'b':
		return parse_u32("block size", value, &o->no_block);
	case 'i':
		return parse_u64("bytes per inode", value, &o->no_ratio);
	case 'N':
		return parse_u64("number of inodes", value, &o->no_inodes);
	case 'I':
		return parse_u32("inode size", value, &o->no_inode_bytes);
	case 'L':
		o->no_label = value;
		return FSU_OK;
	case 'U':
		return parse_uuid(j, value);
	case 'm':
		return parse_percent(value, &o->no_reserved_ppm);
	case 'O':
		o->no_features = value;
		return FSU_OK;
	case 'r':
		if (fsu_parse_size(value, &rev) != 0 || rev > 1)
			return bad_value("revision", value);
		o->no_rev = (unsigned)rev;
		return FSU_OK;
	case 'T':
		j->j_timed = true;
		return fsu_parse_time(value, &o->no_time, &nsec) != 0
		    ? bad_value("time", value)
		    : FSU_OK;
	case 'v':
		j->j_verbose = true;
		return FSU_OK;
	case NEWFS_KEY_FORCE:
		j->j_flags |= FSU_TARGET_FORCE;
		return FSU_OK;
	case NEWFS_KEY_NOSANDBOX:
		j->j_nosandbox = true;
		return FSU_OK;
	case NEWFS_KEY_PART:
		j->j_part = value;
		return FSU_OK;
	case NEWFS_KEY_NOWAIT:
		j->j_flags |= FSU_TARGET_NOWAIT;
		return FSU_OK;
	default:
		return fsu_usage("-%c is not for file systems of type %s", key,
		    j->j_type->nt_name);
	}
}

/* All that was given, now that the type is known. */
static int
take_options(struct job *j)
{
	struct newfs_opts o;
	char why[NEWFS_WHY] = "";
	int status = FSU_OK;

	for (int i = 0; i < j->j_ngiven && status == FSU_OK; i++) {
		int key = j->j_given[i].key;
		const char *value = j->j_given[i].value;
		const struct newfs_typeopt *to = key < FSU_KEY_LONG
		    ? newfs_typeopt(j->j_type, key, NULL)
		    : NULL;

		status = to != NULL ? type_option(j, to, key, value)
				    : parse_option(j, key, value);
	}
	if (status != FSU_OK)
		return status;
	if (j->j_type->nt_typeopts == NULL)
		return FSU_OK;
	/* a size that the type's options say */
	o = j->j_opts;
	if (j->j_type->nt_defaults(&o, why) != 0)
		return fsu_usage("%s", fsu_visible(why));
	if (!j->j_sized && o.no_size != 0) {
		j->j_sized = true;
		j->j_opts.no_size = o.no_size;
	}
	return FSU_OK;
}

/* -1: go on; else the status to end with. */
static int
parse_args(struct job *j, int argc, char **argv)
{
	struct fsu_optparser op = {
	    .op_argc = argc - 1,
	    .op_argv = argv + 1,
	    .op_table = {newfs_img_options},
	    .op_n = {newfs_img_noptions},
	};
	const char *value;
	size_t letters = 0;
	int key, status;

	/* several letters may be in one word */
	for (int i = 0; i < argc; i++)
		letters += strlen(argv[i]);
	j->j_given = fsu_calloc(letters + 1, sizeof(*j->j_given));
	while ((key = fsu_opt_next(&op, &value)) != FSU_OPT_END) {
		if (key == FSU_OPT_ERROR)
			return FSU_USAGE;
		if (key == NEWFS_KEY_HELP) {
			fsu_opt_help("newfs-img", "[OPTION]... IMAGE",
			    "Make an empty file system in IMAGE.",
			    newfs_img_options, newfs_img_noptions);
			return fsu_flush_stdout();
		}
		if (key == NEWFS_KEY_VERSION) {
			fsu_opt_version("newfs-img");
			return fsu_flush_stdout();
		}
		if (key == FSU_OPT_OPERAND) {
			if (j->j_image != NULL)
				return fsu_usage(
				    "extra operand '%s'", fsu_visible(value));
			j->j_image = value;
			continue;
		}
		if (key == 't') {
			status = parse_type(j, value);
			if (status != FSU_OK)
				return status;
			continue;
		}
		j->j_given[j->j_ngiven].key = key;
		j->j_given[j->j_ngiven++].value = value;
	}
	status = take_options(j);
	if (status != FSU_OK)
		return status;
	if (j->j_image == NULL)
		return fsu_usage("missing image");
	return -1;
}

/* What wasn't given: the clock, and numbers that nobody has had. */
static int
fill_in(struct job *j)
{
	struct newfs_opts *o = &j->j_opts;
	int error = 0;
	int32_t nsec;

	if (!j->j_timed)
		error = rumpuser_clock_get(
		    RUMPUSER_CLOCK_WALL, &o->no_time, &nsec);
	if (error == 0 && !j->j_uuid) {
		error = rumpuser_getrandom(o->no_uuid, sizeof(o->no_uuid));
		newfs_mark_uuid(o->no_uuid);
	}
	if (error != 0) {
		fsu_msg("%s", fsu_strerror(error));
		return FSU_FAIL;
	}
	/* follows from the UUID: with -U and -T the image can be made again */
	for (unsigned i = 0; i < sizeof(o->no_hash_seed); i++)
		o->no_hash_seed[i] = (uint8_t)(o->no_uuid[15 - i] ^
		    (0x5a + 7 * i));
	newfs_mark_uuid(o->no_hash_seed);
	return FSU_OK;
}

/* The size, where -s doesn't say: of what is there. */
static int
take_size(struct job *j, struct fsu_target *tg)
{
	struct rumpuser_fileinfo fi;

	if (tg->tg_room != 0) {
		if (!j->j_sized)
			j->j_opts.no_size = tg->tg_room;
		if (j->j_opts.no_size <= tg->tg_room)
			return FSU_OK;
		fsu_msg("%s: has only %llu bytes", fsu_visible(j->j_image),
		    (unsigned long long)tg->tg_room);
		return FSU_USAGE;
	}
	if (j->j_sized)
		return FSU_OK;
	if (tg->tg_old != NULL && rumpuser_file_info(tg->tg_old, &fi) == 0 &&
	    fi.fi_size > 0) {
		j->j_opts.no_size = fi.fi_size;
		return FSU_OK;
	}
	return fsu_usage(
	    "%s has no size yet: say -s SIZE", fsu_visible(j->j_image));
}

static int
make(struct job *j, struct fsu_target *tg)
{
	struct newfs_result nr;
	struct newfs_fileio nf;
	char why[NEWFS_WHY] = "";
	int error;

	newfs_fileio_init(
	    &nf, rumpuser_file_fd(tg->tg_file), tg->tg_offset, 0, true, false);
	error = j->j_type->nt_make(&j->j_opts, &nf.nf_io, &nr, why);
	if (error != 0) {
		fsu_msg("%s: %s", fsu_visible(j->j_image),
		    why[0] != '\0' ? why : fsu_strerror(error));
		return why[0] != '\0' ? FSU_USAGE : FSU_FAIL;
	}
	if (nr.nr_time_max != 0 &&
	    (j->j_opts.no_time < nr.nr_time_min ||
		j->j_opts.no_time > nr.nr_time_max))
		fsu_msg("%s: times outside of %lld..%lld can't be held: "
			"changed to the nearest",
		    j->j_type->nt_name, (long long)nr.nr_time_min,
		    (long long)nr.nr_time_max);
	if (j->j_verbose)
		fsu_msg("%s: %s, %llu blocks of %llu bytes (%llu free), "
			"%llu inodes of %u bytes (%llu free), %llu groups",
		    fsu_visible(j->j_image), j->j_type->nt_name,
		    (unsigned long long)nr.nr_blocks,
		    (unsigned long long)nr.nr_block,
		    (unsigned long long)nr.nr_free_blocks,
		    (unsigned long long)nr.nr_inodes, nr.nr_inode_bytes,
		    (unsigned long long)nr.nr_free_inodes,
		    (unsigned long long)nr.nr_groups);
	return fsu_target_publish(tg, nf.nf_io.ni_size);
}

/* From here on only the target's directory is of interest.  A status. */
static int
confine(const struct job *j, const struct fsu_target *tg)
{
	struct fsu_confine access = {0};
	int status;

	if (j->j_nosandbox)
		return FSU_OK;
	fsu_target_access(tg, &access);
	status = fsu_confine(&access, false);
	fsu_confine_free(&access);
	return status;
}

static int
run(struct job *j)
{
	struct fsu_target tg;
	int status;

	status = fill_in(j);
	if (status != FSU_OK)
		return status;
	status = fsu_target_open(&tg, j->j_image, j->j_part, 0, j->j_flags);
	if (status != FSU_OK)
		return status;
	j->j_opts.no_offset = tg.tg_offset;
	status = take_size(j, &tg);
	if (status == FSU_OK)
		status = confine(j, &tg);
	if (status == FSU_OK)
		status = make(j, &tg);
	fsu_target_close(&tg);
	return status;
}

int
main(int argc, char **argv)
{
	struct job j = {.j_type = newfs_nth(0)};
	int status;

	fsu_guard_stdio();
	fsu_set_progname("newfs-img");
	newfs_opts_init(&j.j_opts);
	j.j_opts.no_reserved_ppm = 50000;
	status = parse_args(&j, argc, argv);
	free(j.j_given);
	if (status < 0)
		status = run(&j);
	newfs_opts_free(&j.j_opts);
	return status;
}
