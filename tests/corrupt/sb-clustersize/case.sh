# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
poke 1052 '\003'
readall 2 's_log_cluster_size is 3'
