#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# suite.sh OBJDIR: load a module from a program that has the kernel in it, and
# from one that has libukfs.so.
rc=0
for how in static shared; do
	"$1/tests/module/modload_$how" || rc=1
done
exit $rc
