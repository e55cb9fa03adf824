# SPDX-License-Identifier: BSD-2-Clause
# What commands share, called directly: parsers.
CHECK_PROGRAMS += $O/tests/fsu/t_fsu

$O/tests/fsu/t_fsu: $O/tests/fsu/t_fsu.o $O/lib/libfsu.a $O/lib/libukfs.a
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
