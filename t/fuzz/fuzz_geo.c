#include "config.h"

#include "fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "geo/geo.h"

/* libmaxminddb 1.7 keeps some kilobytes of a file whose metadata are damaged. */
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
	return "leak:libmaxminddb";
}

static const char *const addresses[] = { "127.0.0.1", "203.0.113.7", "0.0.0.0",
	"255.255.255.255", "::1", "2001:db8::7", "::ffff:203.0.113.7",
	"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "", "none", "1.2.3.4.5" };

/* A country is two capitals, whatever the file says. */
static void
check_countries(struct arena *arena, const struct geo *geo)
{
	for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
		struct str country = geo_country(geo, arena,
		    str_of(addresses[i]));

		assert(country.p == NULL || (country.n == 2
		    && country.p[0] >= 'A' && country.p[0] <= 'Z'
		    && country.p[1] >= 'A' && country.p[1] <= 'Z'));
	}
}

/* The input is the operator's file. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *arena = fuzz_arena();
	int fd = memfd_create("geo", MFD_CLOEXEC);
	struct geo *geo;
	struct err err;
	char path[40];

	assert(fd >= 0 && write(fd, data, n) == (ssize_t)n);
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	err_init(&err);
	if (geo_open(arena, path, &geo, &err) == RC_OK)
		check_countries(arena, geo);
	else
		assert(err.rc == RC_INTERNAL);
	arena_reset(arena);	/* closes the file */
	(void)close(fd);
	return 0;
}
