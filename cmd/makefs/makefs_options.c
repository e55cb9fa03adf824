/* SPDX-License-Identifier: BSD-2-Clause */
/* What makefs --help lists. */
#include "makefs_options.h"

const struct fsu_option makefs_options[] = {
    {'t', "type", FSU_ARG, "TYPE", "ext2, sysvbfs, msdos or cd9660"},
    {'s', "size", FSU_ARG, "SIZE",
	"size of the image (default: what is needed; +SIZE: and so much more)"},
    {'M', "minimum-size", FSU_ARG, "SIZE", "make it no smaller"},
    {'m', "maximum-size", FSU_ARG, "SIZE", "fail rather than make it larger"},
    {'b', "free-blocks", FSU_ARG, "N[%]", "leave blocks free"},
    {'f', "free-files", FSU_ARG, "N[%]", "leave inodes free"},
    {'F', "specfile", FSU_ARG, "MTREE",
	"a manifest whose attributes override the sources'"},
    {'N', "userdb-dir", FSU_ARG, "DIR",
	"where passwd and group files are, for names in manifests"},
    {'o', "fs-options", FSU_ARG, "OPTIONS",
	"label= uuid= hash_seed= bsize= isize= density= version= minfree= "
	"features= owner=UID:GID sparse=content"},
    {'T', "time", FSU_ARG, "TIME",
	"all times: seconds since 1970, a date, or a file's"},
    {'B', "byte-order", FSU_ARG, "ORDER",
	"le (formats that have a choice: be)"},
    {'O', "offset", FSU_ARG, "SIZE", "start so far into IMAGE"},
    {'S', "sector-size", FSU_ARG, "SIZE",
	"the image is a multiple of it (default: 512)"},
    {'r', "replace", FSU_NOARG, NULL,
	"of several sources with the same path the last one wins"},
    {'x', "exclude-unlisted", FSU_NOARG, NULL,
	"leave out what the -F manifest doesn't list"},
    {'Z', "sparse", FSU_NOARG, NULL, "free space as holes (always so)"},
    {'n', "dry-run", FSU_NOARG, NULL,
	"print the size needed, and write nothing"},
    {'d', "debug", FSU_ARG, "MASK", "1: times, 2: sizes, 4: the manifest"},
    {'v', "verbose", FSU_NOARG, NULL, "tell what was made"},
    {MAKEFS_KEY_FORCE, "force", FSU_NOARG, NULL, "overwrite whatever is there"},
    {MAKEFS_KEY_PART, "part", FSU_ARG, "WORD:N",
	"the partition, as in IMAGE%GPT:2%"},
    {MAKEFS_KEY_NOWAIT, "no-wait", FSU_NOARG, NULL,
	"fail if the image is in use, instead of waiting"},
    {MAKEFS_KEY_NOSANDBOX, "no-sandbox", FSU_NOARG, NULL, NULL},
    {MAKEFS_KEY_HELP, "help", FSU_NOARG, NULL, "print this help"},
    {MAKEFS_KEY_VERSION, "version", FSU_NOARG, NULL, "print the version"},
};
const size_t makefs_noptions = sizeof(makefs_options) /
    sizeof(makefs_options[0]);
