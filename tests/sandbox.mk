# SPDX-License-Identifier: BSD-2-Clause
# A driver that tries to get out, in commands that are else as they are.
SBTEST_OUT := $O/tests/sandbox
SBTEST_SO := $(SBTEST_OUT)/librumpfs_escape.so
SBTEST_COMMANDS := fsu_cat fsu_get fsu_put
CHECK_PROGRAMS += $(SBTEST_OUT)/escmain $(SBTEST_OUT)/without

$(SBTEST_SO): $O/module/tests/sandbox/escape.o tools/module.map tools/prefix.sh
	$(module_link)

$(SBTEST_OUT)/escmain.o: TEST_CFLAGS += -DESCAPE_SO='"$(abspath $(SBTEST_SO))"'

$(SBTEST_OUT)/escmain: $(SBTEST_OUT)/escmain.o \
		$(filter-out %/command_main.o,$(foreach c,$(SBTEST_COMMANDS),$(call command_objs,$c))) \
		$O/lib/libfsu.a $O/lib/libukfs.a | $(SBTEST_SO)
	$(Q)$(CC) $(LDFLAGS) $(EXPORT_KERNEL) -o $@ $^ $(LDLIBS)

$(SBTEST_OUT)/without: $(SBTEST_OUT)/without.o
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lseccomp
