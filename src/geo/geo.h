/*
 * geo.h - the country of an address, by a database that the operator provides: a file
 * in MaxMind's format (MMDB), read by libmaxminddb.
 *
 * Both usual shapes are known: {country_code: "DE"} and {country: {iso_code: "DE"}}. The
 * file is mapped: a newer one replaces it by rename, as long as it is open it must not
 * be written into. Countries are of IPv4, of IPv6, and of IPv4 inside ::ffff:0:0/96.
 */
#ifndef BEZEL_GEO_GEO_H
#define BEZEL_GEO_GEO_H

#include "base/err.h"

struct geo;

/* Closed with the arena. RC_INTERNAL: no such file, or it is none of these. */
enum rc geo_open(struct arena *arena, const char *path, struct geo **ret_geo,
    struct err *err) must_use;

/* Two capital letters (ISO 3166-1), in arena. Null: not known, no address, a damaged
 * place of the file, or geo is NULL. */
struct str geo_country(const struct geo *geo, struct arena *arena,
    struct str address);

#endif
