# SPDX-License-Identifier: BSD-2-Clause
# The test runner itself: what it must not let pass.

setup() {
	top=$BATS_TEST_TMPDIR
	mkdir -p "$top/tests/s" "$top/obj/bin"
	cp "$BATS_TEST_DIRNAME/../run.sh" "$top/tests/"
}

# suite LINE...: a suite that runs these lines of shell
suite() {
	printf '%s\n' "$@" >"$top/tests/s/suite.sh"
}

# In an environment without the variables, and the PATH, of the bats that runs us.
runner() {
	run env -i PATH=/usr/local/bin:/usr/bin:/bin TMPDIR="$top" \
		TEST_TIMEOUT="${TEST_TIMEOUT:-60}" \
		sh "$top/tests/run.sh" "$top/obj" "$@"
}

last() {
	[ "${lines[${#lines[@]} - 1]}" = "$1" ] || {
		printf '%s\n' "$output"
		return 1
	}
}

@test "all pass" {
	suite 'echo 1..2; echo ok 1; echo ok 2 - x'
	runner
	[ "$status" -eq 0 ]
	last "2 passed, 0 failed, 0 skipped"
}

@test "one fails: its line and what it said are shown" {
	suite 'echo ok 1; echo not ok 2 - the reason; echo "#   got 5"; echo ok 3; echo 1..3; exit 1'
	runner
	[ "$status" -eq 1 ]
	last "2 passed, 1 failed, 0 skipped"
	[[ $output == *"not ok 2 - the reason"*"got 5"* ]]
}

@test "skipped tests are counted, and do not fail" {
	suite 'echo "ok 1 # SKIP needs root"; echo "ok 2 # skip too"; echo ok 3; echo 1..3'
	runner
	[ "$status" -eq 0 ]
	last "1 passed, 0 failed, 2 skipped"
}

@test "a suite skipped as a whole" {
	suite 'echo "1..0 # SKIP no judge"'
	runner
	[ "$status" -eq 0 ]
	last "0 passed, 0 failed, 1 skipped"
}

@test "died before its plan" {
	suite 'echo ok 1; kill -SEGV $$'
	runner
	[ "$status" -eq 1 ]
	last "1 passed, 1 failed, 0 skipped"
}

@test "died without a word" {
	suite 'exit 0'
	runner
	[ "$status" -eq 1 ]
	last "0 passed, 1 failed, 0 skipped"
}

@test "fewer than planned" {
	suite 'echo 1..3; echo ok 1; echo ok 2'
	runner
	[ "$status" -eq 1 ]
	last "2 passed, 1 failed, 0 skipped"
}

@test "one of two streams has no plan" {
	suite 'echo ok 1; echo 1..1; echo ok 1'
	runner
	[ "$status" -eq 1 ]
	last "2 passed, 1 failed, 0 skipped"
}

@test "planned nothing" {
	suite 'echo 1..0'
	runner
	[ "$status" -eq 1 ]
	last "0 passed, 1 failed, 0 skipped"
}

@test "a status that no test explains" {
	suite 'echo ok 1; echo 1..1; echo "sanitizer: leak" >&2; exit 23'
	runner
	[ "$status" -eq 1 ]
	last "1 passed, 1 failed, 0 skipped"
	[[ $output == *"stderr: sanitizer: leak"* ]]
}

@test "hangs" {
	suite 'echo ok 1; sleep 60'
	TEST_TIMEOUT=1 runner
	[ "$status" -eq 1 ]
	last "1 passed, 1 failed, 0 skipped"
}

@test "a unit test that was not built" {
	mkdir "$top/tests/unit"
	: >"$top/tests/unit/x.c"
	runner unit
	[ "$status" -eq 1 ]
	last "0 passed, 1 failed, 0 skipped"
}

@test "unit programs and bats files" {
	mkdir -p "$top/tests/unit" "$top/obj/tests/unit" "$top/tests/b"
	: >"$top/tests/unit/x.c"
	printf '#!/bin/sh\necho ok 1\necho 1..1\n' >"$top/obj/tests/unit/x"
	chmod +x "$top/obj/tests/unit/x"
	printf '#!/bin/sh\necho ours\n' >"$top/obj/bin/uname"
	chmod +x "$top/obj/bin/uname"
	# not at the start of a line, which bats would take for a test of its own
	printf '%s\n' '@''test "build" { [ "$BUILD" = "'"$top/obj"'" ]; }' \
		'@''test "path" { [ "$(uname)" = ours ]; }' \
		'@''test "bad" { false; }' >"$top/tests/b/b.bats"
	runner unit b
	[ "$status" -eq 1 ]
	last "3 passed, 1 failed, 0 skipped"
}

@test "one test by name" {
	suite 'echo 1..1; echo not ok 1; exit 1'
	mkdir "$top/tests/t"
	printf 'echo 1..1; echo ok 1\n' >"$top/tests/t/suite.sh"
	runner t/suite.sh
	[ "$status" -eq 0 ]
	last "1 passed, 0 failed, 0 skipped"
}

@test "no suite, or an unknown one" {
	runner
	[ "$status" -eq 2 ]
	runner nonesuch
	[ "$status" -eq 2 ]
}
