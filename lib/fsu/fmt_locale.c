/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The locale, as little of it as the work needs: setlocale(LC_ALL) opens a dozen
 * files, more than a small image takes to list.  Categories whose value is C,
 * POSIX or C.UTF-8 sort by bytes and name months in English already.
 */
#include <iconv.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <wchar.h>

#include "fsu/fmt.h"

bool fsu_locale_multibyte;
bool fsu_locale_utf8;
bool fsu_locale_collates;
bool fsu_locale_times;

/* What the environment says for a category. */
static const char *
category_value(const char *category)
{
	const char *const vars[] = {"LC_ALL", category, "LANG"};

	for (size_t i = 0; i < 3; i++) {
		const char *v = getenv(vars[i]);

		if (v != NULL && *v != '\0')
			return v;
	}
	return "C";
}

static bool
is_c(const char *value)
{
	return strcmp(value, "C") == 0 || strcmp(value, "POSIX") == 0;
}

static bool
is_c_utf8(const char *value)
{
	return strcasecmp(value, "C.UTF-8") == 0 ||
	    strcasecmp(value, "C.utf8") == 0;
}

static bool
set_category(int category, const char *name)
{
	const char *value = category_value(name);

	if (is_c(value) || is_c_utf8(value))
		return false;
	value = setlocale(category, "");
	return value != NULL && !is_c(value);
}

void
fsu_locale_init(bool collate, bool times)
{
	static bool types_set;

	if (!types_set && !is_c(category_value("LC_CTYPE")) &&
	    setlocale(LC_CTYPE, "") != NULL) {
		fsu_locale_multibyte = MB_CUR_MAX > 1;
		/* Its conversions are loaded now, while files can be. */
		(void)mbrtowc(NULL, "a", 1, &(mbstate_t){0});
		fsu_locale_utf8 = fsu_locale_multibyte &&
		    strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	}
	types_set = true;
	if (collate)
		fsu_locale_collates = set_category(LC_COLLATE, "LC_COLLATE");
	if (times)
		fsu_locale_times = set_category(LC_TIME, "LC_TIME");
}

void *
fsu_archive_locale(void)
{
	static const char *const names[] = {"C.UTF-8", "C.utf8", "en_US.UTF-8"};
	static locale_t loc;
	static volatile iconv_t pc_names; /* held */

	if (loc != (locale_t)0)
		return loc;
	for (size_t i = 0; i < 3 && loc == (locale_t)0; i++)
		loc = newlocale(LC_CTYPE_MASK, names[i], (locale_t)0);
	pc_names = iconv_open("UTF-8", "CP437");
	(void)pc_names;
	tzset();
	return loc;
}
