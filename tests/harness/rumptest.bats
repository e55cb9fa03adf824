# SPDX-License-Identifier: BSD-2-Clause
# tools/rumptest.sh must find what it is there to find.

setup() {
	cd "$BATS_TEST_TMPDIR"
	rumptest=$BATS_TEST_DIRNAME/../../tools/rumptest.sh
}

# archive SOURCE-LINE...: compiled as the kernel is
archive() {
	printf '%s\n' "$@" >x.c
	gcc -std=gnu11 -O2 -ffreestanding -fPIC ${FLAGS--fno-stack-protector} -c x.c
	ar rcs x.a x.o
}

finds() {
	run sh "$rumptest" --archive "$PWD/x.a"
	[ "$status" -eq 1 ]
	[[ $output == *"$1"* ]]
}

@test "what the kernel may do passes" {
	archive 'int rumpuser_sync(void *, _Bool); void *memcpy(void *, const void *, unsigned long);' \
		'int rump_x(void *a, const void *b, unsigned long n) { memcpy(a, b, n); return rumpuser_sync(a, 0); }'
	run sh "$rumptest" --archive "$PWD/x.a"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "a function of the C library" {
	archive 'int puts(const char *); void rump_x(void) { puts("x"); }'
	finds "wants: puts"
}

@test "a hypercall that rumpuser.h doesn't have" {
	archive 'int rumpuser_nonesuch(void); int rump_x(void) { return rumpuser_nonesuch(); }'
	finds "wants: rumpuser_nonesuch"
}

@test "a weak reference" {
	archive 'int getpid(void) __attribute__((weak)); int rump_x(void) { return getpid ? getpid() : 0; }'
	finds "wants: getpid"
}

@test "counting bits by a helper of the compiler" {
	archive 'int rump_x(unsigned long a) { return __builtin_popcountl(a); }'
	[ "$(uname -m)" = x86_64 ] || skip "an instruction here"
	finds "wants: __popcountdi2"
}

@test "128-bit division" {
	archive '__int128 rump_x(__int128 a, __int128 b) { return a / b; }'
	finds "wants: __divti3"
}

@test "16-byte atomics" {
	archive '_Bool rump_x(__int128 *a) { return __atomic_exchange_n(a, 1, 5); }'
	finds "wants: __atomic_exchange_16"
}

@test "the stack protector" {
	FLAGS=-fstack-protector-all archive 'int rump_x(void) { volatile char b[64]; b[0] = 1; return b[0]; }'
	finds "wants: __stack_chk_fail"
}

@test "__builtin_cpu_supports" {
	[ "$(uname -m)" = x86_64 ] || skip "for x86 only"
	archive 'int rump_x(void) { return __builtin_cpu_supports("sse4.2"); }'
	finds "wants: __cpu_model"
}

@test "thread-local storage" {
	archive 'static _Thread_local int x; int rump_x(void) { return x++; }'
	finds "thread-local storage"
}

@test "a constructor" {
	archive 'int rump_y; static __attribute__((constructor)) void x(void) { rump_y = 1; }'
	finds "runs by itself"
}

@test "a name without the prefix" {
	archive 'int vnode_get(void); int vnode_get(void) { return 1; }'
	finds "defines: vnode_get"
}

@test "no archive, and an empty one" {
	run sh "$rumptest" --archive "$PWD/none.a"
	[ "$status" -eq 1 ]
	ar rcs x.a
	finds "empty"
}

@test "a module that takes from the C library, and shows what it should not" {
	printf '%s\n' 'int puts(const char *); int rumpns_vfs(void);' \
		'int rump_modinfo = 1; int more(void) { return rumpns_vfs() + puts("x"); }' >m.c
	gcc -shared -nostartfiles -fPIC -o m.so m.c
	run sh "$rumptest" --module "$PWD/m.so"
	[ "$status" -eq 1 ]
	[[ $output == *"wants: puts"* ]]
	[[ $output == *"more"* ]]
	printf '%s\n' 'int rumpns_vfs(void); extern int (*rump_modinfo)(void); int (*rump_modinfo)(void) = rumpns_vfs;' >m.c
	gcc -shared -nostartfiles -fPIC -o m.so m.c
	run sh "$rumptest" --module "$PWD/m.so"
	[ "$status" -eq 0 ]
}

@test "a host side that lacks a hypercall" {
	archive 'int rumpuser_sync(void *a, _Bool b) { return a && b; }'
	run sh "$rumptest" --hypercalls "$PWD/x.a"
	[ "$status" -eq 1 ]
	[[ $output == *"lacks: rumpuser_init"* ]]
	[[ $output != *"rumpuser_sync"* ]]
}
