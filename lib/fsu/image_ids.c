/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of owners from the image's own /etc/passwd and /etc/group.  Files that are
 * missing or absurdly large give no names.
 */
#include <stdlib.h>
#include <string.h>

#include "fsu/fmt.h"
#include "fsu/fsu.h"

#define IDS_MAX ((uint64_t)16 << 20)

/* A file of the image; NULL if it can't be read. */
static char *
read_file(const char *path, size_t *lenp)
{
	int fd = rump_sys_open(path, RUMP_O_RDONLY | RUMP_O_NONBLOCK, 0);
	struct rump_stat st;
	char *text = NULL;

	*lenp = 0;
	if (fd < 0)
		return NULL;
	if (rump_sys_fstat(fd, &st) == 0 &&
	    (st.st_mode & RUMP_S_IFMT) == RUMP_S_IFREG &&
	    st.st_size < IDS_MAX) {
		int64_t n;

		text = fsu_malloc((size_t)st.st_size + 1);
		n = rump_sys_read(fd, text, st.st_size);
		*lenp = n > 0 ? (size_t)n : 0;
	}
	rump_sys_close(fd);
	return text;
}

void
fsu_ids_load_image(struct fsu *f)
{
	const char *from = fsu_mount_option(f, "passwd");
	static char *passwd, *group;
	size_t plen, glen;

	if (from == NULL || strcmp(from, "image") != 0)
		return;
	free(passwd);
	free(group);
	passwd = read_file("/etc/passwd", &plen);
	group = read_file("/etc/group", &glen);
	fsu_ids_load(passwd, plen, group, glen);
}
