#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_touch, judged by touch and date.

load helper
load pair
load attr

setup() {
	fsu_setup
	attr_tree
	find h -exec touch -h -d '2001-02-03 04:05:06 UTC' {} +
	attr_image
}
teardown() { fsu_teardown; }

@test "-d: what date takes is taken, and means the same" {
	local d
	while IFS= read -r d; do
		for tz in UTC Europe/Berlin America/New_York; do
			if TZ=$tz touch -d "$d" h/a 2>/dev/null; then
				want=$(stat -c %.9Y h/a)
				TZ=$tz expect 0 fsu_touch d.img -d "$d" a
				got=$(fsu_stat d.img -c %.9Y a)
				[ "$got" = "$want" ] || { echo "$tz: $d: $got, not $want"; return 1; }
			else
				TZ=$tz expect 2 fsu_touch d.img -d "$d" a
				has "invalid date format '$d'"
			fi
		done
	done <<-'EOF'
		@0
		@-1.5
		@1700000000.123456789
		@12x
		2024-02-29
		2023-02-29
		2024-13-01
		2024-02-29 12:34
		2024-02-29T12:34:56Z
		2024-02-29T12:34:56.5+02:00
		2024-02-29 12:34:56.123456789 -0530
		2024-02-29 12:34:56,5 UTC
		20240229
		20240229 1234
		2/29/2024
		2024/3/4
		14 Nov 2023
		14-Nov-2023
		Nov 14, 2023
		Mon Nov 21 11:30:34 UTC 2022
		Mon, 21 Nov 2022 11:30:34 +0100
		Tue Nov 22 11:30:34 2022
		2024-01-31 +1 month
		2024-01-31 1 month ago
		2024-03-31 10:00 UTC -1 month
		2024-01-01 00:00 EST
		2024-01-01 UTC+3
		2026-03-29 02:30
		2026-10-25 02:30
		2024-02-29 12:34 PM
		2024-02-29 25:00
		2024-02-29 12:60
		5 jan 1999
		2024-02-29 tomorrow
		2024-02-29 12:00 3 weeks ago
		2024-02-29 12:00 UTC 90 minutes
		2024-W01-1
		noon
		foo
		ago
	EOF
}

@test "-d: distances from SOURCE_DATE_EPOCH" {
	export SOURCE_DATE_EPOCH=1700000000 # Tue Nov 14 22:13:20 UTC 2023
	while read -r want d; do
		expect 0 fsu_touch d.img -d "$d" a
		got=$(fsu_stat d.img -c %Y a)
		[ "$got" = "$want" ] || { echo "$d: $got, not $want"; return 1; }
	done <<-'EOF'
		1700000000 now
		1699913600 yesterday
		1700086400 tomorrow
		1699740800 3 days ago
		1699740800 -3 days
		1700003600 1 hour
		1699999970 30 seconds ago
		1702592000 next month
		1700179200 friday
		1699574400 last friday
		1699956000 10:00
		1700042400 tomorrow 10:00
		1699920000 today 00:00
	EOF
	fsu_touch d.img new
	[ "$(fsu_stat d.img -c '%X %Y %Z' new)" = "1700000000 1700000000 1700000000" ]
}

@test "-a -m -t -r -c -h --time" {
	pair touch -t 202401020304.05 a
	pair touch -t 9901020304 b
	pair touch -a -t 200001010000 d
	pair touch -m -t 200001010000 fifo
	pair touch --time=use -t 203001010000.60 d/f
	pair touch --time=modify -t 203001010000 d/sub
	pair touch -r a 'sp ace' $'new\nline'
	pair touch -r a -d '-1 day' d/sub/g
	pair touch -ar b other
	pair touch -t 201501010000 sym symd d/ta
	pair touch -h -t 201601010000 sym dangling loop
	pair touch -hr sym symd
	pair touch -ct 201701010000 nofile a
	pair stat -c '%n %y' a b d d/f d/ta d/tother d/sub d/sub/g d/sub/deep other fifo sym symd dangling loop 'sp ace' $'new\nline'
	pair stat -c '%n %x' a b d/f d/sub/g 'sp ace' fifo
	[ ! -e h/nofile ]
	fsck_clean d.img
}

@test "what is wrong, and what isn't there" {
	before=$(sum d.img)
	pair touch
	pair touch -t 13 a
	pair touch -t 202413010000 a
	pair touch -t 202401010000.6 a
	pair touch -t 202402300000 a
	pair touch -t 202401010000 -d now a
	pair touch -r nofile a
	pair touch nodir/x a/x '' loop
	pair touch -h nofile
	pair touch -c nofile nodir/x ''
	pair touch -ch nofile
	pair touch a/
	expect 2 fsu_touch d.img --time=foo a
	has "invalid argument 'foo' for '--time'"
	fsck_clean d.img
}

@test "files are made with the umask; dangling links lead to new ones" {
	for u in 0 022 027 077; do
		umask $u
		pair touch u$u
		pair touch -t 202401010000 t$u 't '$u
	done
	umask 022
	pair touch -t 202401010000 dangling
	(cd h && find . -name '*[ut]*0*' -exec touch -t 202401010000 {} +)
	fsu_touch d.img -t 202401010000 u0 u022 u027 u077
	[ "$(fsu_stat d.img -c '%a %s %Y %F' nowhere)" = "644 0 1704067200 regular empty file" ]
	[ "$(fsu_stat d.img -c %a u0 u022 u027 u077 | tr '\n' ' ')" = "666 644 640 600 " ]
	fsck_clean d.img
}

@test "--reference-host: a file of the host's" {
	touch -d '2010-11-12 13:14:15.5 UTC' ref
	expect 0 fsu_touch d.img --reference-host=ref a
	[ "$(fsu_stat d.img -c %.9Y a)" = 1289567655.500000000 ]
	expect 0 fsu_touch d.img --reference-host=ref -d '+1 sec' a
	[ "$(fsu_stat d.img -c %.9Y a)" = 1289567656.500000000 ]
	expect 2 fsu_touch d.img --reference-host=noref a
	has "failed to get attributes of 'noref': No such file or directory"
}

@test "immutable; no room; now" {
	debugfs -w -R 'set_inode_field b flags 0x10' d.img 2>/dev/null
	expect 1 fsu_touch d.img b
	has "cannot touch 'b': Operation not permitted"
	before=$(date +%s)
	fsu_touch d.img a
	now=$(fsu_stat d.img -c %Y a)
	[ "$now" -ge "$before" ] && [ "$now" -le "$(date +%s)" ]
	fsck_clean d.img
	mkimage full.img 256K "" -N 16
	expect 1 fsu_touch full.img a b c d e f g h i j k
	has "No space left in the image"
	fsck_clean full.img
}
