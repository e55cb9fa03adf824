/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lib/fsu's parsers: sizes, globs, paths, options; what it sees in host files.
 * Globs are compared with the host's fnmatch, sizes with a table.
 */
#include <errno.h>
#include <fnmatch.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <fsu/fsu.h>

#include "unit/tap.h"

/* ---- sizes ---------------------------------------------------------------- */

static void
test_sizes(void)
{
	static const struct {
		const char *s;
		uint64_t bytes;
		int error;
	} cases[] = {
	    {"0", 0, 0},
	    {"1", 1, 0},
	    {"0x10", 16, 0},
	    {"0X1f", 31, 0},
	    {"1b", 512, 0},
	    {"2s", 1024, 0},
	    {"3k", 3072, 0},
	    {"3K", 3072, 0},
	    {"3kiB", 3072, 0},
	    {"3KiB", 3072, 0},
	    {"3kB", 3000, 0},
	    {"3KB", 3000, 0},
	    {"1m", 1048576, 0},
	    {"1MiB", 1048576, 0},
	    {"1MB", 1000000, 0},
	    {"1g", 1073741824, 0},
	    {"1GB", 1000000000, 0},
	    {"1t", 1099511627776, 0},
	    {"1TB", 1000000000000, 0},
	    {"2x1024", 2048, 0},
	    {"2x1k", 2048, 0},
	    {"2x3x4", 24, 0},
	    {"0x10x2", 32, 0},
	    {"1024x0x10", 16384, 0},
	    {"", 0, EINVAL},
	    {"k", 0, EINVAL},
	    {"-1", 0, EINVAL},
	    {"+1", 0, EINVAL},
	    {" 1", 0, EINVAL},
	    {"1 k", 0, EINVAL},
	    {"1kk", 0, EINVAL},
	    {"1q", 0, EINVAL},
	    {"1x", 0, EINVAL},
	    {"x2", 0, EINVAL},
	    {"1.5m", 0, EINVAL},
	    {"1kiBx", 0, EINVAL},
	    {"9223372036854775807", INT64_MAX, 0},
	    {"9223372036854775808", 0, ERANGE},
	    {"99999999999999999999", 0, ERANGE},
	    {"8388608t", 0, ERANGE},
	    {"4294967296x4294967296", 0, ERANGE},
	};
	uint64_t v;
	bool rel;
	size_t i;
	int error;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		v = 0;
		error = fsu_parse_size(cases[i].s, &v);
		ok(error == cases[i].error &&
			(error != 0 || v == cases[i].bytes),
		    "size '%s'", cases[i].s);
	}
	ok(fsu_parse_size_rel("+200m", &v, &rel) == 0 && rel && v == 209715200,
	    "+200m");
	ok(fsu_parse_size_rel("200m", &v, &rel) == 0 && !rel, "200m");
	ok(fsu_parse_size_rel("+", &v, &rel) == EINVAL, "+");
}

static void
test_human(void)
{
	static const struct {
		uint64_t bytes;
		unsigned base;
		const char *s;
	} cases[] = {
	    {0, 1024, "0"},
	    {1023, 1024, "1023"},
	    {1024, 1024, "1.0K"},
	    {1025, 1024, "1.1K"},
	    {10239, 1024, "10K"},
	    {10241, 1024, "11K"},
	    {1047553, 1024, "1.0M"},
	    {1048576, 1024, "1.0M"},
	    {1000, 1000, "1.0k"},
	    {999999, 1000, "1.0M"},
	    {1500000, 1000, "1.5M"},
	    {UINT64_MAX, 1024, "16E"},
	};
	char buf[16];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_str(fsu_human_size(buf, cases[i].bytes, cases[i].base),
		    cases[i].s, "human size");
}

/* ---- globs and paths --------------------------------------------------------- */

static void
test_globs(void)
{
	static const char *const patterns[] = {"*", "a*", "*a", "*a*", "a?c",
	    "?", "[abc]", "[!abc]", "[a-c]x", "[]a]", "[^]a]", "a\\*b", "**",
	    "*.*", ".*", "[.]a", "?a", "a*b*c*d", "[a", "", "\\.a", "[a-]",
	    "*[0-9]"};
	static const char *const names[] = {"a", "abc", "ac", "b", "x", "ax",
	    "]", "a*b", ".a", "..", ".", "axbxcxd", "abcd", "[a", "-", "file9",
	    "a.b", "\377"};
	size_t p, n;
	int want;
	bool bad;

	for (p = 0; p < sizeof(patterns) / sizeof(patterns[0]); p++) {
		bad = false;
		for (n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
			want = fnmatch(patterns[p], names[n], FNM_PERIOD) == 0;
			if (fsu_glob_match(patterns[p], names[n]) != want) {
				diag("'%s' and '%s'", patterns[p], names[n]);
				bad = true;
			}
		}
		ok(!bad, "'%s' as fnmatch has it", patterns[p]);
	}
	ok(!fsu_glob_match("a*a*a*a*a*a*a*a*a*a*a*a*b",
	       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
	    "many stars end");
	ok(fsu_has_glob("a*") && fsu_has_glob("[a]") && !fsu_has_glob("a\\*") &&
		!fsu_has_glob("[a") && !fsu_has_glob("abc"),
	    "what is a pattern");
}

static void
is_path(char *got, const char *want, const char *what)
{
	is_str(got, want, "%s", what);
	free(got);
}

static void
test_paths(void)
{
	is_path(fsu_basename("/a/b"), "b", "basename /a/b");
	is_path(fsu_basename("/a/b//"), "b", "basename /a/b//");
	is_path(fsu_basename("a"), "a", "basename a");
	is_path(fsu_basename("/"), "/", "basename /");
	is_path(fsu_basename("///"), "/", "basename ///");
	is_path(fsu_basename("a/."), ".", "basename a/.");
	is_path(fsu_basename(""), "", "basename of nothing");
	is_path(fsu_dirname("/a/b"), "/a", "dirname /a/b");
	is_path(fsu_dirname("/a/b//"), "/a", "dirname /a/b//");
	is_path(fsu_dirname("a//b"), "a", "dirname a//b");
	is_path(fsu_dirname("/a"), "/", "dirname /a");
	is_path(fsu_dirname("/"), "/", "dirname /");
	is_path(fsu_dirname("a"), ".", "dirname a");
	is_path(fsu_dirname("a/"), ".", "dirname a/");
	is_path(fsu_path_join("a", "b"), "a/b", "join");
	is_path(fsu_path_join("/", "b"), "/b", "join /");
	is_path(fsu_path_join("a/", "/b"), "a/b", "join a/ /b");
	is_path(fsu_path_join("", "b"), "b", "join nothing");
	is_str(fsu_visible("a\tb\033\177"), "a\\011b\\033\\177", "visible");
	is_str(fsu_type_alias("vfat"), "msdos", "vfat");
	is_str(fsu_type_alias("iso9660"), "cd9660", "iso9660");
	is_str(fsu_type_alias("ext4"), "ext2", "ext4 has ext2's driver");
}

/* ---- options -------------------------------------------------------------------- */

static const struct fsu_option table[] = {
    {'a', "all", FSU_NOARG, NULL, "a"},
    {'s', "size", FSU_ARG, "SIZE", "s"},
    {'c', "color", FSU_OPTARG, "WHEN", "c"},
    {'c', "colour", FSU_OPTARG, "WHEN", NULL},
    {FSU_KEY_LONG, "almost", FSU_NOARG, NULL, "l"},
};
static const struct fsu_option more[] = {
    {FSU_KEY_LONG + 1, "help", FSU_NOARG, NULL, NULL},
};

/* What a line is parsed to, as text. */
static const char *
parse(bool posix, char **argv)
{
	static char out[512];
	struct fsu_optparser op = {.op_argv = argv, .op_posix = posix};
	const char *value;
	int key;

	op.op_table[0] = table;
	op.op_n[0] = sizeof(table) / sizeof(table[0]);
	op.op_table[1] = more;
	op.op_n[1] = 1;
	while (argv[op.op_argc] != NULL)
		op.op_argc++;
	out[0] = '\0';
	while ((key = fsu_opt_next(&op, &value)) != FSU_OPT_END) {
		if (key == FSU_OPT_ERROR)
			return "error";
		if (key == FSU_OPT_OPERAND)
			sprintf(out + strlen(out), "(%s)", value);
		else if (key < 256)
			sprintf(out + strlen(out), "%c", key);
		else
			sprintf(out + strlen(out), "#%d", key - FSU_KEY_LONG);
		if (key != FSU_OPT_OPERAND && value != NULL)
			sprintf(out + strlen(out), "=%s", value);
	}
	return out;
}

#define LINE(...)                 \
	(char *[])                \
	{                         \
		__VA_ARGS__, NULL \
	}

static void
test_options(void)
{
	is_str(parse(false, LINE("x", "-a", "y")), "(x)a(y)", "mixed");
	is_str(parse(true, LINE("-a", "x", "-a")), "a(x)(-a)", "POSIX order");
	is_str(parse(false, LINE("-as", "1", "-s2")), "as=1s=2", "clusters");
	is_str(parse(false, LINE("-ca", "-c", "x")), "cac(x)",
	    "optional values: not of letters");
	is_str(parse(false,
		   LINE("--size=1", "--size", "2", "--color", "--color=x")),
	    "s=1s=2cc=x", "long");
	is_str(parse(false,
		   LINE("--si=3", "--colo=x", "--colou", "--all", "--alm")),
	    "s=3c=xca#0", "beginnings, and synonyms");
	is_str(parse(false, LINE("--help")), "#1", "the second table");
	is_str(parse(false, LINE("-a", "--", "-a", "--", "-")), "a(-a)(--)(-)",
	    "--");
	is_str(parse(false, LINE("-", "")), "(-)()", "- and nothing");
	fclose(stderr);
	is_str(parse(false, LINE("--al")), "error", "ambiguous");
	is_str(parse(false, LINE("--nothing")), "error", "unknown");
	is_str(parse(false, LINE("--all=1")), "error", "a value too many");
	is_str(parse(false, LINE("--size")), "error", "a value missing");
	is_str(parse(false, LINE("-s")), "error", "a letter's value missing");
	is_str(parse(false, LINE("-z")), "error", "an unknown letter");
}

/* ---- contents ---------------------------------------------------------------------- */

static int
file_with(const void *bytes, size_t len, off_t at, off_t size)
{
	FILE *fp = tmpfile();
	int fd = dup(fileno(fp));

	fclose(fp);
	if (pwrite(fd, bytes, len, at) != (ssize_t)len ||
	    ftruncate(fd, size) != 0)
		return -1;
	return fd;
}

static void
test_inspect(void)
{
	struct fsu_contentinfo ci;
	int fd;

	fd = file_with("", 0, 0, 0);
	ok(fsu_inspect(fd, 0, 0, 0, &ci) == 0 &&
		ci.ci_kind == FSU_CONTENT_EMPTY,
	    "empty");
	close(fd);
	fd = file_with("x", 1, 50 << 20, 100 << 20);
	ok(fsu_inspect(fd, 0, 0, 0, &ci) == 0 && ci.ci_kind == FSU_CONTENT_ZERO,
	    "a head of zeros");
	ok(fsu_inspect(fd, 0, 0, FSU_INSPECT_ZEROS, &ci) == 0 &&
		ci.ci_kind == FSU_CONTENT_UNKNOWN,
	    "but not all of it");
	ok(fsu_inspect(fd, 0, 40 << 20, FSU_INSPECT_ZEROS, &ci) == 0 &&
		ci.ci_kind == FSU_CONTENT_ZERO,
	    "a window of zeros");
	close(fd);
	fd = file_with("\x53\xef", 2, 1080, 1 << 20);
	ok(fsu_inspect(fd, 0, 0, 0, &ci) == 0 && ci.ci_kind == FSU_CONTENT_FS &&
		strcmp(ci.ci_name, "ext2") == 0,
	    "ext2");
	close(fd);
	fd = file_with("ustar", 5, 257, 10240);
	ok(fsu_inspect(fd, 0, 0, 0, &ci) == 0 &&
		ci.ci_kind == FSU_CONTENT_ARCHIVE,
	    "tar");
	close(fd);
	/* An MBR whose entry leads out of the file: a disk that was cut off. */
	fd = file_with(
	    "\x80\0\0\0\x83\0\0\0\xff\xff\xff\x7f\x01\0\0\0", 16, 446, 1 << 20);
	ok(pwrite(fd, "\x55\xaa", 2, 510) == 2 &&
		fsu_inspect(fd, 0, 0, 0, &ci) == 0 &&
		ci.ci_kind == FSU_CONTENT_PARTTABLE,
	    "a partition table of a disk that was cut off");
	close(fd);
	fd = file_with("\xeb\x3c\x90", 3, 0, 1 << 20);
	ok(pwrite(fd, "\x55\xaa", 2, 510) == 2 &&
		fsu_inspect(fd, 0, 0, 0, &ci) == 0 &&
		ci.ci_kind == FSU_CONTENT_PARTTABLE && ci.ci_nparts == 0,
	    "a boot sector without partitions");
	close(fd);
}

/* ---- messages of several threads -------------------------------------------- */

/* All of arg's letter, four at a time: how often another's was met. */
static void *
say_letters(void *arg)
{
	char text[3000];
	uintptr_t wrong = 0;

	memset(text, *(char *)arg, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 3000; i++) {
		const char *a = fsu_visible(text), *b = fsu_visible(text);

		wrong += strcmp(a, text) != 0 || strcmp(b, text) != 0;
	}
	return (void *)wrong;
}

static void
test_threads(void)
{
	static char letters[] = "abcd";
	pthread_t t[4];
	void *wrong;
	bool good = true;

	for (int i = 0; i < 4; i++)
		if (pthread_create(&t[i], NULL, say_letters, &letters[i]) != 0)
			bail("no threads");
	for (int i = 0; i < 4; i++)
		good = pthread_join(t[i], &wrong) == 0 && wrong == NULL && good;
	ok(good, "visible names of four threads at once");
}

int
main(void)
{
	test_sizes();
	test_human();
	test_globs();
	test_paths();
	test_inspect();
	test_options();
	test_threads();
	return done();
}
