# SPDX-License-Identifier: BSD-2-Clause
# What commands share, called directly: parsers.
CHECK_PROGRAMS += $O/tests/fsu/t_fsu $O/tests/fsu/t_command

$O/tests/fsu/%: $O/tests/fsu/%.o $O/lib/libfsu.a $O/lib/libukfs.a
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
