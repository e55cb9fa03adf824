# SPDX-License-Identifier: BSD-2-Clause
# The public library, by its installed headers only.
CHECK_PROGRAMS += $O/tests/ukfs/t_ukfs

$O/tests/ukfs/t_ukfs: $O/tests/ukfs/t_ukfs.o $O/lib/libukfs.a
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
