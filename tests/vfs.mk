# SPDX-License-Identifier: BSD-2-Clause
# One program for all behaviours of file systems, over the kernel as commands
# have it.
VT_OBJ := $(patsubst %.c,$O/%.o,$(wildcard tests/vfs/*.c))
CHECK_PROGRAMS += $O/tests/vfs/vt

$O/tests/vfs/vt: $(VT_OBJ) $O/kernel/rumpkernel.o $(HYPER_OBJ) $O/lib/libnewfs.a
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
