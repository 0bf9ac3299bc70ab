#include "config.h"

#include "geo/geo.h"

#include <maxminddb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/ip.h"

struct geo {
	MMDB_s db;
};

static void
close_geo(void *arg)
{
	struct geo *geo = arg;

	MMDB_close(&geo->db);
}

enum rc
geo_open(struct arena *arena, const char *path, struct geo **ret_geo,
    struct err *err)
{
	struct geo *geo = arena_one(arena, struct geo);
	int status = MMDB_open(path, MMDB_MODE_MMAP, &geo->db);

	if (status != MMDB_SUCCESS)
		return err_set(err, RC_INTERNAL, "%s: %s", path,
		    MMDB_strerror(status));
	arena_defer(arena, close_geo, geo);
	*ret_geo = geo;
	return RC_OK;
}

/* False: no address. */
static bool
parse(struct str address, struct sockaddr_storage *ret)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct ip ip;

	if (!ip_read(address, &ip))
		return false;
	*ret = (struct sockaddr_storage){ 0 };
	if (ip.is_v6) {
		memcpy(&v6.sin6_addr, ip.bytes, sizeof v6.sin6_addr);
		memcpy(ret, &v6, sizeof v6);
	} else {
		memcpy(&v4.sin_addr, ip.bytes, sizeof v4.sin_addr);
		memcpy(ret, &v4, sizeof v4);
	}
	return true;
}

static struct str
code_at(MMDB_entry_s *entry, const char *const *path, struct arena *arena)
{
	MMDB_entry_data_s data;

	if (MMDB_aget_value(entry, &data, path) != MMDB_SUCCESS || !data.has_data
	    || data.type != MMDB_DATA_TYPE_UTF8_STRING || data.data_size != 2
	    || data.utf8_string[0] < 'A' || data.utf8_string[0] > 'Z'
	    || data.utf8_string[1] < 'A' || data.utf8_string[1] > 'Z')
		return STR_NULL;
	return arena_str(arena, (struct str){ data.utf8_string, 2 });
}

struct str
geo_country(const struct geo *geo, struct arena *arena, struct str address)
{
	static const char *const flat[] = { "country_code", NULL };
	static const char *const deep[] = { "country", "iso_code", NULL };
	struct sockaddr_storage storage;
	MMDB_lookup_result_s found;
	struct str code;
	int status;

	if (geo == NULL || !parse(address, &storage))
		return STR_NULL;
	found = MMDB_lookup_sockaddr(&geo->db, (struct sockaddr *)&storage,
	    &status);
	if (status != MMDB_SUCCESS || !found.found_entry)
		return STR_NULL;
	code = code_at(&found.entry, flat, arena);
	return code.p != NULL ? code : code_at(&found.entry, deep, arena);
}
