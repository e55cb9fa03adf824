/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The drivers that are built in, in the order in which they start.  A driver
 * joins with two lines: the declaration of what its MODULE() makes, and its place
 * in the table.
 */
#include "kern/kmodule.h"

extern const struct modinfo rump_modinfo_cd9660;
extern const struct modinfo rump_modinfo_ext2;
extern const struct modinfo rump_modinfo_msdos;
extern const struct modinfo rump_modinfo_sysvbfs;

const struct modinfo *const module_builtin[] = {
    &rump_modinfo_ext2,
    &rump_modinfo_msdos,
    &rump_modinfo_sysvbfs,
    &rump_modinfo_cd9660,
    NULL,
};
