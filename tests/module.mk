# SPDX-License-Identifier: BSD-2-Clause
# Loading a module: from a program that has the kernel in it, as the commands
# do, and from one that has libukfs.so.
MODTEST_OUT := $O/tests/module
MODTEST_SO := $(MODTEST_OUT)/librumpfs_testmod.so
MODTEST_NOT := $(MODTEST_OUT)/notamodule.so
CHECK_PROGRAMS += $(MODTEST_OUT)/modload_static $(MODTEST_OUT)/modload_shared

$(MODTEST_SO): $O/module/tests/module/testmod.o tools/module.map tools/prefix.sh
	$(module_link)

$(MODTEST_NOT): tools/module.map
	@mkdir -p $(@D)
	$(Q)echo 'int nothing;' | $(CC) -shared -fPIC -nostartfiles -x c -o $@ -

$(MODTEST_OUT)/modload.o: TEST_CFLAGS += -DTESTMOD='"$(abspath $(MODTEST_SO))"' \
	-DNOTAMODULE='"$(abspath $(MODTEST_NOT))"'

$(MODTEST_OUT)/modload_static: $(MODTEST_OUT)/modload.o $O/lib/libukfs.a | $(MODTEST_SO) $(MODTEST_NOT)
	$(Q)$(CC) $(LDFLAGS) $(EXPORT_KERNEL) -o $@ $^ $(LDLIBS)

$(MODTEST_OUT)/modload_shared: $(MODTEST_OUT)/modload.o $O/lib/libukfs.so | $(MODTEST_SO) $(MODTEST_NOT)
	$(Q)$(CC) $(LDFLAGS) -Wl,-rpath,$(abspath $O/lib) -o $@ $^ $(LDLIBS)
