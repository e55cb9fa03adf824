/* SPDX-License-Identifier: BSD-2-Clause */
/* renameat2(2). */
#include "vt.h"

#define XCHG(a, b) \
	rump_sys_renameat2(FDCWD, (a), FDCWD, (b), RUMP_RENAME_EXCHANGE)
#define NOREPL(a, b) \
	rump_sys_renameat2(FDCWD, (a), FDCWD, (b), RUMP_RENAME_NOREPLACE)

static void
t_simple(void)
{
	uint64_t ino;

	vt_put("a", "A");
	ino = vt_ino("a");
	OK(rump_sys_rename("a", "b"));
	ok(!vt_exists("a"), "the old name is gone");
	if (vt_can(RUMP_CAP_STABLE_INO))
		is(vt_ino("b"), ino, "the same file");
	vt_has("b", "A");
	OK(rump_sys_rename("b", "b"));
	OK(rump_sys_mkdir("d", 0755));
	OK(rump_sys_rename("b", "d/c"));
	vt_has("d/c", "A");
	is(vt_count("."), 1, "one entry left");
	OK(rump_sys_rename("d/c", "c"));
	FAIL(rump_sys_rename("none", "x"), RUMP_ENOENT);
	FAIL(rump_sys_rename("c", "none/x"), RUMP_ENOENT);
	FAIL(rump_sys_rename("c", "c/x"), RUMP_ENOTDIR);
	FAIL(rump_sys_rename("c", "/x"), RUMP_EXDEV);
	FAIL(rump_sys_rename("c", "x/"), RUMP_ENOTDIR);
	FAIL(rump_sys_rename("c/", "x"), RUMP_ENOTDIR);
	FAIL(rump_sys_rename(".", "x"), RUMP_EINVAL);
	FAIL(rump_sys_rename("d/.", "x"), RUMP_EINVAL);
	FAIL(rump_sys_rename("d/..", "x"), RUMP_EINVAL);
	FAIL(rump_sys_rename("c", "d/.."), RUMP_EINVAL);
	FAIL(rump_sys_rename("/", "x"), RUMP_EBUSY);
	FAIL(rump_sys_renameat2(FDCWD, "c", FDCWD, "x", 0x80), RUMP_EINVAL);
	FAIL(rump_sys_renameat2(FDCWD, "c", FDCWD, "d",
		 RUMP_RENAME_EXCHANGE | RUMP_RENAME_NOREPLACE),
	    RUMP_EINVAL);
	OK(rump_sys_rename("d", "e/"));
	ok(vt_exists("e"), "a directory to a name with a slash");
}

/* Each kind onto each kind: file, directory with and without entries, link. */
static void
make(char kind, const char *name)
{
	char sub[32];

	switch (kind) {
	case 'f':
		vt_put(name, name);
		break;
	case 'l':
		MUST(rump_sys_symlink("nowhere", name));
		break;
	case 'p':
		MUST(rump_sys_mkfifo(name, 0644));
		break;
	case 'e':
		MUST(rump_sys_mkdir(name, 0755));
		break;
	case 'd':
		MUST(rump_sys_mkdir(name, 0755));
		snprintf(sub, sizeof(sub), "%s/in", name);
		vt_put(sub, "x");
		break;
	default:
		break;
	}
}

static void
destroy(const char *name)
{
	struct rump_stat st;

	if (rump_sys_lstat(name, &st) != 0)
		return;
	if ((st.st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR)
		vt_rmtree(name);
	else
		MUST(rump_sys_unlink(name));
}

static int
expected(char from, char to)
{
	bool fdir = from == 'd' || from == 'e', tdir = to == 'd' || to == 'e';

	if (to == '-' || (!fdir && !tdir))
		return 0;
	if (fdir && !tdir)
		return RUMP_ENOTDIR;
	if (!fdir)
		return RUMP_EISDIR;
	return to == 'e' ? 0 : RUMP_ENOTEMPTY;
}

static void
matrix(const char *tdir)
{
	static const char kinds[] = "flped", targets[] = "flped-";
	char to[40];
	uint32_t topf = vt_nlink("from"), topt = vt_nlink(tdir);

	snprintf(to, sizeof(to), "%s/to", tdir);
	for (const char *f = kinds; *f; f++) {
		for (const char *t = targets; *t; t++) {
			int want = expected(*f, *t), error;
			uint64_t fino;

			make(*f, "from/x");
			make(*t, to);
			fino = vt_ino("from/x");
			error = -rump_sys_rename("from/x", to);
			is(error, want, "%c onto %c in %s", *f, *t, tdir);
			if (error == 0)
				ok(vt_ino(to) == fino && !vt_exists("from/x"),
				    "moved");
			else
				ok(vt_ino("from/x") == fino && vt_exists(to),
				    "nothing moved");
			destroy("from/x");
			destroy(to);
		}
	}
	is(vt_nlink("from"), topf, "links of the source directory");
	is(vt_nlink(tdir), topt, "links of the target directory");
}

static void
t_matrix(void)
{
	OK(rump_sys_mkdir("from", 0755));
	OK(rump_sys_mkdir("from/below", 0755));
	OK(rump_sys_mkdir("other", 0755));
	matrix("from");
	matrix("other");
	matrix("from/below");
	matrix(".");
}

static void
t_loops(void)
{
	OK(rump_sys_mkdir("a", 0755));
	OK(rump_sys_mkdir("a/b", 0755));
	OK(rump_sys_mkdir("a/b/c", 0755));
	FAIL(rump_sys_rename("a", "a/x"), RUMP_EINVAL);
	FAIL(rump_sys_rename("a", "a/b/x"), RUMP_EINVAL);
	FAIL(rump_sys_rename("a", "a/b/c/x"), RUMP_EINVAL);
	FAIL(rump_sys_rename("a/b", "a/b/c/x"), RUMP_EINVAL);
	FAIL(rump_sys_rename("a", "a/b/c"), RUMP_EINVAL);
	FAIL(rump_sys_rename("a/b/c", "a"), RUMP_ENOTEMPTY);
	FAIL(rump_sys_rename("a/b/c", "a/b"), RUMP_ENOTEMPTY);
	FAIL(XCHG("a", "a/b/c"), RUMP_EINVAL);
	FAIL(XCHG("a/b/c", "a"), RUMP_EINVAL);
	vt_put("a/b/c/f", "x");
	FAIL(rump_sys_rename("a/b/c/f", "a"), RUMP_ENOTEMPTY);
	OK(rump_sys_rename("a/b/c", "c"));
	OK(rump_sys_rename("a", "c/a"));
	vt_has("c/a/b/../../f", "x");
	if (vt_can(RUMP_CAP_LINKS))
		is(vt_nlink("c"), 3, "links");
}

static void
t_replace(void)
{
	struct rump_stat st;
	int fd;

	vt_put("new", "new content");
	vt_put("old", "old content");
	fd = (int)MUST(rump_sys_open("old", O_RD, 0));
	OK(rump_sys_rename("new", "old"));
	vt_has("old", "new content");
	OK(rump_sys_fstat(fd, &st));
	is(st.st_nlink, 0, "the replaced file has no name");
	char buf[20];
	is(rump_sys_read(fd, buf, 20), 11, "but can be read");
	is(memcmp(buf, "old", 3), 0, "its own content");
	OK(rump_sys_close(fd));
	/* two names of one file: nothing happens */
	OK(rump_sys_link("old", "second"));
	OK(rump_sys_rename("old", "second"));
	ok(vt_exists("old") && vt_exists("second"), "both names stay");
	is(vt_nlink("old"), 2, "two links");
	FAIL(NOREPL("old", "second"), RUMP_EEXIST);
	OK(NOREPL("old", "third"));
	FAIL(NOREPL("third", "second"), RUMP_EEXIST);
	is(vt_nlink("third"), 2, "two links");
}

static void
t_exchange(void)
{
	uint64_t a, b;

	vt_put("f", "file");
	OK(rump_sys_mkdir("d", 0755));
	OK(rump_sys_mkdir("d/sub", 0755));
	vt_put("d/sub/in", "inside");
	a = vt_ino("f");
	b = vt_ino("d/sub");
	uint32_t top = vt_nlink(".");
	OK(XCHG("f", "d/sub"));
	is(vt_ino("f"), b, "the directory took the file's name");
	is(vt_ino("d/sub"), a, "and the other way");
	vt_has("f/in", "inside");
	vt_has("d/sub", "file");
	is(vt_nlink("d"), 2, "links of d");
	is(vt_nlink("."), top + 1, "links of the top");
	is(vt_ino("f/.."), vt_ino("."), "\"..\" of the moved directory");
	OK(rump_sys_mkdir("e", 0755));
	OK(XCHG("e", "f"));
	vt_has("e/in", "inside");
	FAIL(XCHG("e", "none"), RUMP_ENOENT);
	FAIL(XCHG("none", "e"), RUMP_ENOENT);
	vt_remount(0);
	vt_has("e/in", "inside");
	vt_has("d/sub", "file");
}

/* Many names in one directory moved around. */
static void
t_many(void)
{
	char from[16], to[16];
	int bad = 0;

	OK(rump_sys_mkdir("x", 0755));
	OK(rump_sys_mkdir("y", 0755));
	for (int i = 0; i < 500; i++) {
		snprintf(from, sizeof(from), "x/f%d", i);
		vt_put(from, from);
	}
	for (int i = 0; i < 500; i++) {
		snprintf(from, sizeof(from), "x/f%d", i);
		snprintf(to, sizeof(to), "y/g%d", i * 7 % 500);
		bad += rump_sys_rename(from, to) != 0;
	}
	is(bad, 0, "500 renames");
	is(vt_count("x"), 0, "all gone here");
	is(vt_count("y"), 500, "all there");
	for (int i = 0; i < 500; i++) {
		snprintf(from, sizeof(from), "x/f%d", i);
		snprintf(to, sizeof(to), "y/g%d", i * 7 % 500);
		char buf[16] = "";
		int fd = rump_sys_open(to, O_RD, 0);
		bad += fd < 0 || rump_sys_read(fd, buf, 15) < 0 ||
		    strcmp(buf, from) != 0 || rump_sys_close(fd) != 0;
	}
	is(bad, 0, "each with its content");
}

const struct vt_case vt_rename[] = {
    {.tc_name = "rename", .tc_run = t_simple, .tc_caps = RUMP_CAP_SUBDIRS},
    {.tc_name = "rename-matrix",
	.tc_run = t_matrix,
	.tc_caps = RUMP_CAP_SYMLINKS | RUMP_CAP_DEVICES},
    {.tc_name = "rename-loops", .tc_run = t_loops, .tc_caps = RUMP_CAP_SUBDIRS},
    {.tc_name = "rename-replace",
	.tc_run = t_replace,
	.tc_caps = RUMP_CAP_LINKS},
    {.tc_name = "rename-exchange",
	.tc_run = t_exchange,
	.tc_caps = RUMP_CAP_SUBDIRS | RUMP_CAP_STABLE_INO},
    {.tc_name = "rename-many", .tc_run = t_many, .tc_caps = RUMP_CAP_SUBDIRS},
    {.tc_name = NULL},
};
