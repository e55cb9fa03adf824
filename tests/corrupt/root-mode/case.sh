# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
sif '<2>' mode 0100644
readall 2 'root is not a directory'
sif '<2>' mode 0
readall 2 'mode 0 is of no file type'
