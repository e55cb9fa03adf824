# SPDX-License-Identifier: BSD-2-Clause
# fs-utils.  `make help` lists the targets.
#
# Sources are found by folder: a new file needs no line here.  A new command is
# a folder cmd/NAME/; what it links beside our libraries is LIBS_NAME below.

PREFIX ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0
ifeq ($(origin CC),default)
CC := gcc
endif
SAN ?=
OPT ?= -O2 -g
V ?=
Q := $(if $(V),,@)

comma := ,
empty :=
space := $(empty) $(empty)
# One object tree for each compiler and set of sanitizers.
O ?= build/$(notdir $(firstword $(CC)))$(if $(SAN),-$(subst $(comma),-,$(SAN)))$(if $(FUZZ),-fuzz)

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
FUZZFLAGS := $(if $(FUZZ),-fsanitize=fuzzer-no-link)
# Comparisons are for libFuzzer's own mutators, which images don't see: twice as fast.
KERN_FUZZFLAGS := $(if $(FUZZ),-fno-sanitize-coverage=trace-cmp)
CSTD := -std=gnu11 -fno-strict-aliasing -fno-common
COMMON := $(CSTD) $(OPT) $(WARN) $(SANFLAGS) $(FUZZFLAGS) -MMD -MP -Iinclude \
	-ffunction-sections -fdata-sections
KERN_CFLAGS := $(COMMON) $(KERN_FUZZFLAGS) -ffreestanding -fno-stack-protector -fPIC \
	-fno-semantic-interposition -Ilib/rumpkernel
HOST_CFLAGS := $(COMMON) -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -fPIC -Ilib \
	-DFSU_VERSION='"$(VERSION)"'
# Tests look inside: kernel headers and commands' libraries both.
TEST_CFLAGS := $(HOST_CFLAGS) -Ilib/rumpkernel -Itests
LDFLAGS += $(SANFLAGS) -Wl,--gc-sections
# libblkid's archive where there is one: a shared library would add a tenth to the
# start of every command.  In libukfs.so the archive's code can't go.
BLKID_A := $(shell $(CC) -print-file-name=libblkid.a)
LDLIBS += $(if $(filter /%,$(BLKID_A)),$(BLKID_A),-lblkid) -lpthread
SO_LDLIBS := -lblkid -lpthread

LIBS_makefs := -larchive
LIBS_fsu_tar := -larchive
# fsu_sh links all commands and so these as well; nettle is small enough for that.
LIBS_fsu_sum := -lnettle

# ---- sources ----------------------------------------------------------
KERN_SRC := $(wildcard lib/rumpkernel/kern/*.c lib/rumpkernel/vfs/*.c \
	lib/rumpkernel/dev/*.c lib/rumpkernel/sys/*.c lib/rumpkernel/fs/*.c \
	lib/rumpkernel/fs/*/*.c)
HYPER_SRC := $(wildcard lib/hypercall/*.c)
UKFS_SRC := $(wildcard lib/ukfs/*.c)
FSU_SRC := $(wildcard lib/fsu/*.c)
# Formatters share <x>_geom.c, <x>_csum.c and <x>_name.c (what names take) with their driver.  Compiled once more for the
# host's side: the kernel's copy has other symbol names.
NEWFS_SRC := $(wildcard lib/newfs/*.c)
GEOM_SRC := $(wildcard lib/rumpkernel/fs/*/*_geom.c lib/rumpkernel/fs/*/*_name.c lib/rumpkernel/fs/*/*_csum.c) \
	$(addprefix lib/rumpkernel/,kern/crc32c.c vfs/namespec.c vfs/unicode.c kern/kstring.c kern/kprintf.c)
COMMANDS := $(notdir $(patsubst %/,%,$(wildcard cmd/*/)))

KERN_OBJ := $(KERN_SRC:%.c=$O/%.o)
HYPER_OBJ := $(HYPER_SRC:%.c=$O/%.o)
UKFS_OBJ := $(UKFS_SRC:%.c=$O/%.o)
FSU_OBJ := $(FSU_SRC:%.c=$O/%.o)
NEWFS_OBJ := $(NEWFS_SRC:%.c=$O/%.o) $(GEOM_SRC:%.c=$O/newfs-geom/%.o)
BIN := $(COMMANDS:%=$O/bin/%)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: all help objs modules lint check rumptest bench fuzz install uninstall clean unit

all: $(BIN) $O/lib/libukfs.a $O/lib/libukfs.so $O/share/bash-completion/completions/fs-utils ## build the commands and libraries (the default)

help: ## this list
	@echo "usage: make [target] [CC=gcc|clang] [SAN=address,undefined|thread] [PREFIX=/usr/local] [DESTDIR=] [V=1]"
	@sed -n 's/^\([a-z][a-z]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 14

objs: $(KERN_OBJ) $(HYPER_OBJ) $(UKFS_OBJ) $(FSU_OBJ) $(NEWFS_OBJ) ## compile the libraries only

# ---- compiling --------------------------------------------------------
$O/lib/rumpkernel/%.o: lib/rumpkernel/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(KERN_CFLAGS) -c -o $@ $<

# Their tables are there twice, which the address sanitizer takes for a mistake.
$O/newfs-geom/%.o: HOST_CFLAGS += $(if $(findstring address,$(SAN)),$(if $(findstring \
	clang,$(CC)),-mllvm -asan-globals=0,--param asan-globals=0))
$O/newfs-geom/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) -Ilib/rumpkernel -c -o $@ $<

$O/lib/newfs/%.o: lib/newfs/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) -Ilib/rumpkernel -c -o $@ $<

$O/tests/%.o: tests/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(TEST_CFLAGS) -c -o $@ $<

$O/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) -c -o $@ $<

# The sandbox's filters of system calls: libseccomp writes them, on the machine
# that builds and for the one that is built for.
BUILD_CC ?= $(if $(findstring clang,$(CC)),clang,gcc)
$O/gen/sandbox_filter.inc: tools/sandbox_filter.c
	@mkdir -p $(@D)
	$(Q)$(BUILD_CC) -std=gnu11 -O1 $(WARN) -D_GNU_SOURCE -o $O/gen/sandbox_filter $< -lseccomp
	$(Q)$O/gen/sandbox_filter "$$($(CC) -dumpmachine)" '$(SAN)' >$@
$O/lib/hypercall/rumpuser_sandbox.o: $O/gen/sandbox_filter.inc
$O/lib/hypercall/rumpuser_sandbox.o: HOST_CFLAGS += -I$O/gen

# ---- the kernel -------------------------------------------------------
# All of it in one relocatable object; then every global that doesn't start
# with "rump" gets the prefix rumpns_, so that it can't clash with its host.
$O/kernel/raw.o: $(KERN_OBJ)
	@mkdir -p $(@D)
	$(Q)$(LD) -r -o $@ $^

$O/kernel/rumpkernel.o: $O/kernel/raw.o tools/prefix.sh
	$(Q)sh tools/prefix.sh $< $@

$O/lib/librumpkernel.a: $O/kernel/rumpkernel.o
	@mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$O/lib/librumpuser.a: $(HYPER_OBJ)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$O/lib/libukfs.a: $(UKFS_OBJ) $O/kernel/rumpkernel.o $(HYPER_OBJ)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$O/lib/libukfs.so: $(UKFS_OBJ) $O/kernel/rumpkernel.o $(HYPER_OBJ) tools/libukfs.map
	@mkdir -p $(@D)
	$(Q)$(CC) -shared -Wl,-soname,libukfs.so.0 -Wl,-Bsymbolic \
		-Wl,--version-script=tools/libukfs.map $(LDFLAGS) \
		-o $@ $(filter %.o,$^) $(SO_LDLIBS)
	$(Q)ln -sf libukfs.so $@.0

$O/lib/libfsu.a: $(FSU_OBJ)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$O/lib/libnewfs.a: $(NEWFS_OBJ)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# A driver as a module: the same sources in an object of its own, which finds the
# kernel's symbols (with their prefix) in the program or libukfs.so that loads it.
MODULES := $(patsubst lib/rumpkernel/fs/%/,%,$(wildcard lib/rumpkernel/fs/*/))
$O/module/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(KERN_CFLAGS) -DKERN_MODULE_SO -c -o $@ $<

define module_link
	@mkdir -p $(@D)
	$(Q)$(LD) -r -o $@.raw.o $(filter %.o,$^)
	$(Q)sh tools/prefix.sh -m $@.raw.o $@.o
	$(Q)$(CC) -shared -nostartfiles -Wl,-Bsymbolic \
		-Wl,--version-script=tools/module.map $(LDFLAGS) -o $@ $@.o
	$(Q)rm -f $@.raw.o $@.o $@.o.syms
endef
define module_template
$$O/lib/librumpfs_$(1).so: $$(patsubst %.c,$$O/module/%.o,$$(wildcard lib/rumpkernel/fs/$(1)/*.c)) \
		tools/module.map tools/prefix.sh
	$$(module_link)
endef
$(foreach m,$(MODULES),$(eval $(call module_template,$m)))

modules: $(MODULES:%=$O/lib/librumpfs_%.so) ## the drivers as loadable modules too

# What a program needs to be linked with so that modules find the kernel in it.
EXPORT_KERNEL := '-Wl,--export-dynamic-symbol=rump*'

# ---- the commands -----------------------------------------------------
# An fsu_* command is a table, NAME_command in cmd/NAME/NAME.c; its main() is
# cmd/command_main.c compiled for it.  Other programs have a main.c of their own.
$O/cmd/fsu_%/command_main.o: cmd/command_main.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) -DFSU_COMMAND=fsu_$*_command -c -o $@ $<

FSU_COMMANDS := $(filter fsu_%,$(COMMANDS))
command_objs = $(sort $(patsubst %.c,$O/%.o,$(wildcard cmd/$(1)/*.c)) \
	$(if $(filter fsu_%,$(1)),$O/cmd/$(1)/command_main.o))

# All commands' tables in a list, for those who run or describe every command.
$O/gen/commands.c: Makefile $(wildcard cmd)
	@mkdir -p $(@D)
	$(Q){ echo '#include <fsu/fsu.h>'; \
	for c in $(FSU_COMMANDS); do echo "extern const struct fsu_command $${c}_command;"; done; \
	echo 'const struct fsu_command *const fsu_commands[] = {'; \
	for c in $(FSU_COMMANDS); do echo "    &$${c}_command,"; done; \
	echo '};'; \
	echo 'const size_t fsu_ncommands = sizeof(fsu_commands) / sizeof(fsu_commands[0]);'; } >$@
$O/gen/commands.o: $O/gen/commands.c
	$(Q)$(CC) $(HOST_CFLAGS) -c -o $@ $<
ALL_COMMAND_OBJS := $O/gen/commands.o $(filter-out %/command_main.o,$(foreach c,$(FSU_COMMANDS),$(call command_objs,$c)))

# The shell has all of them.
MORE_OBJS_fsu_sh := $(ALL_COMMAND_OBJS)
LIBS_fsu_sh = -ledit $(sort $(foreach c,$(filter-out fsu_sh,$(FSU_COMMANDS)),$(LIBS_$c)))

define command_template
$$O/bin/$(1): $$(call command_objs,$(1)) $$(MORE_OBJS_$(1)) \
		$$O/lib/libfsu.a $$O/lib/libnewfs.a $$O/lib/libukfs.a
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(LDFLAGS) $$(EXPORT_KERNEL) -o $$@ $$^ $$(LIBS_$(1)) $$(LDLIBS)
endef
$(foreach c,$(COMMANDS),$(eval $(call command_template,$c)))

# bash's completion, of the tables of all.
$O/tools/completion.o: HOST_CFLAGS += -I.
$O/gen/completion: $O/tools/completion.o $O/cmd/makefs/makefs_options.o \
		$O/cmd/newfs-img/newfs_options.o $(ALL_COMMAND_OBJS) \
		$O/lib/libfsu.a $O/lib/libnewfs.a $O/lib/libukfs.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_fsu_sh) $(LDLIBS)
COMPLETION := $O/share/bash-completion/completions/fs-utils
$(COMPLETION): $O/gen/completion tools/completion.bash
	@mkdir -p $(@D)
	$(Q)$< tools/completion.bash >$@
	$(Q)for c in $(COMMANDS); do ln -sf fs-utils $(@D)/$$c; done

# ---- tests ------------------------------------------------------------
# tests/unit/NAME.c is a program that prints TAP; it links the kernel without
# the prefix, so that it may call anything.
UNIT := $(patsubst tests/unit/%.c,$O/tests/unit/%,$(wildcard tests/unit/*.c))
$O/tests/unit/%: $O/tests/unit/%.o $O/kernel/raw.o $(HYPER_OBJ)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# The host side stands alone: its tests link nothing of the kernel.
$O/tests/unit/hyper_%: $O/tests/unit/hyper_%.o $(HYPER_OBJ)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
.PRECIOUS: $O/tests/%.o

unit: $(UNIT) ## build and run the unit tests
	@sh tests/run.sh $O unit

-include tests/*.mk

check: all $(UNIT) $(CHECK_PROGRAMS) ## all tests (SAN=address,undefined: under sanitizers)
	@sh tests/run.sh $O

lint: ## layering, formatting, shell scripts, man pages
	@sh tools/lint.sh

rumptest: $O/lib/librumpkernel.a ## prove that the kernel needs nothing but rumpuser
	+@sh tools/rumptest.sh $O

bench: all ## measure against the tools that users would pick
	@sh bench/run.sh $O

fuzz: ## build the fuzz targets (clang); FUZZ_TIME=seconds runs each
	@sh tests/fuzz/run.sh

install: all ## PREFIX=, DESTDIR=
	@O=$O PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) VERSION=$(VERSION) sh tools/install.sh install

uninstall: ## PREFIX=, DESTDIR=
	@O=$O PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) VERSION=$(VERSION) sh tools/install.sh uninstall

clean: ## remove all that was built
	rm -rf build

-include $(KERN_OBJ:.o=.d) $(HYPER_OBJ:.o=.d) $(UKFS_OBJ:.o=.d) $(FSU_OBJ:.o=.d) \
	$(NEWFS_OBJ:.o=.d) $(wildcard $O/module/*/*/*/*/*.d) $(wildcard $O/cmd/*/*.d) $(wildcard $O/tests/*/*.d)
