/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside fsu_ln. */
#ifndef FSU_LN_H
#define FSU_LN_H

/* target as it is seen from the directory that link is in (-r); to be freed. */
char *ln_relative(const char *target, const char *link);

#endif /* FSU_LN_H */
