# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
sif '<2>' links_count 0
sif '<2>' dtime 1
readall 2 ''
