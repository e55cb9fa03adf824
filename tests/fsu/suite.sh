#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
"$1/tests/fsu/t_fsu"
