# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
sif /hello mode 0170644
readall 1 'mode 170644 is of no file type'
