/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_part: the partitions of a disk image, with the argument that names each.
 *
 * The image is opened and locked as by every command, but no file system of it is
 * mounted.  Standard output has nothing but the table; a damage that could be passed
 * by (a GPT read from its backup) is told on standard error.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fsu/fmt.h"
#include "fsu/fsu.h"

enum { PART_KEY_JSON = FSU_KEY_LONG };

static const struct fsu_option part_options[] = {
    {'b', "bytes", FSU_NOARG, NULL, "sizes in bytes"},
    {'h', "human-readable", FSU_NOARG, NULL,
	"sizes as 1.5G, in powers of 1024 (the default)"},
    {'l', "long", FSU_NOARG, NULL,
	"the byte where each begins, and the table's type and UUID"},
    {'n', "noheadings", FSU_NOARG, NULL, "no line of headings"},
    {PART_KEY_JSON, "json", FSU_NOARG, NULL, "an object a line"},
};

struct part_state {
	unsigned flags;
	bool json;
};

static int
part_option(void *state, int key, const char *value)
{
	struct part_state *ps = state;

	(void)value;
	switch (key) {
	case 'b':
		ps->flags |= FSU_PART_BYTES;
		break;
	case 'h':
		ps->flags &= ~FSU_PART_BYTES;
		break;
	case 'l':
		ps->flags |= FSU_PART_LONG;
		break;
	case 'n':
		ps->flags |= FSU_PART_NOHEAD;
		break;
	default:
		ps->json = true;
		break;
	}
	return FSU_OK;
}

/* A string, or null where there is none. */
static void
part_text(struct fsu_json *j, const char *key, const char *s)
{
	if (s[0] == '\0')
		fsu_json_null(j, key);
	else
		fsu_json_bytes(j, key, s, strlen(s));
}

static void
part_json(struct fsu *f, const struct ukfs_part *up)
{
	char letter[2] = {(char)('a' + up->up_number - 1), '\0'};
	struct fsu_json j;
	char *arg;

	arg = fsu_asprintf("%s%%%s%%", fsu_image_path(f), up->up_words);
	fsu_json_begin(&j, &fsu_stdout);
	fsu_json_bytes(&j, "argument", arg, strlen(arg));
	free(arg);
	fsu_json_str(&j, "table", up->up_table);
	fsu_json_u64(&j, "level", up->up_level);
	fsu_json_u64(&j, "number", up->up_number);
	if (strcmp(up->up_scheme, "DISKLABEL") == 0)
		fsu_json_str(&j, "letter", letter);
	fsu_json_u64(&j, "offset", up->up_off);
	fsu_json_u64(&j, "size", up->up_len);
	fsu_json_u64(&j, "sector", up->up_sector);
	part_text(&j, "type_id", up->up_typeid);
	part_text(&j, "type_name", up->up_type);
	part_text(&j, "name", up->up_name);
	part_text(&j, "uuid", up->up_uuid);
	fsu_json_bool(&j, "container", up->up_container);
	part_text(&j, "fstype", up->up_content.uc_type);
	part_text(&j, "fs_label", up->up_content.uc_label);
	part_text(&j, "fs_uuid", up->up_content.uc_uuid);
	part_text(&j, "problem", up->up_problem);
	fsu_json_end(&j);
}

static int
part_run(struct fsu *f, void *state, int n, char **operands)
{
	const struct part_state *ps = state;
	struct ukfs_parts parts;
	char why[UKFS_WHY];
	size_t i;

	(void)n;
	(void)operands;
	if (ukfs_part_list(fsu_image_fd(f), fsu_image_words(f), &parts, why) !=
	    0) {
		fsu_errorf(f, "%s", fsu_visible(why));
		return FSU_USAGE;
	}
	if (parts.ups_note[0] != '\0')
		fsu_warnf(f, "%s", fsu_visible(parts.ups_note));
	if (!ps->json)
		fsu_part_print(stdout, fsu_image_path(f), &parts, 0, ps->flags);
	for (i = 0; ps->json && i < parts.ups_n; i++)
		part_json(f, &parts.ups_part[i]);
	ukfs_part_list_free(&parts);
	return ps->json ? fsu_out_finish(&fsu_stdout) : FSU_OK;
}

const struct fsu_command fsu_part_command = {
    .name = "fsu_part",
    .synopsis = "[-bhln] [--json] IMAGE",
    .summary = "List the partitions of a disk image and how to name them.",
    .options = part_options,
    .noptions = sizeof(part_options) / sizeof(part_options[0]),
    .flags = FSU_READS | FSU_NOMOUNT,
    .max_operands = 0,
    .state_size = sizeof(struct part_state),
    .option = part_option,
    .run = part_run,
};
