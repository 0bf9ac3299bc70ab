#include "config.h"

#include "unit.h"

#include <arpa/inet.h>
#include <unistd.h>

#include "base/buf.h"
#include "geo/geo.h"

/*
 * A small MMDB file: a tree of 24-bit records, 16 zero bytes, data, metadata. The format
 * is MaxMind's, version 2.0 of its description.
 */
enum { NODES_MAX = 600, EMPTY = -1, DATA_FROM = -2 };

static struct arena *arena;
static char path[UNIT_PATH];

static struct {
	int child[NODES_MAX][2];	/* a node, EMPTY, or DATA_FROM - offset */
	int nodes;
	struct buf data;
} tree;

static void
put_text(struct buf *buf, const char *text)
{
	buf_add_char(buf, (char)(2 << 5 | (int)strlen(text)));
	buf_addz(buf, text);
}

static void
put_map(struct buf *buf, int members)
{
	buf_add_char(buf, (char)(7 << 5 | members));
}

static int
new_node(void)
{
	ck_assert_int_lt(tree.nodes, NODES_MAX);
	tree.child[tree.nodes][0] = tree.child[tree.nodes][1] = EMPTY;
	return tree.nodes++;
}

/* What lies in the data now is of that network; IPv4 is below ::/96. */
static void
add_network(const char *address, int bits, int offset)
{
	unsigned char bytes[16] = { 0 };
	int node = 0;

	if (inet_pton(AF_INET, address, bytes + 12) == 1)
		bits += 96;
	else
		ck_assert_int_eq(inet_pton(AF_INET6, address, bytes), 1);
	for (int i = 0; i < bits; i++) {
		int bit = bytes[i / 8] >> (7 - i % 8) & 1;
		int *next = &tree.child[node][bit];

		if (i == bits - 1)
			*next = DATA_FROM - offset;
		else if (*next == EMPTY) {
			int made = new_node();	/* next stays where it is */

			*next = made;
		}
		node = *next;
	}
}

static void
put_tree(struct buf *buf)
{
	for (int i = 0; i < tree.nodes; i++)
		for (int bit = 0; bit < 2; bit++) {
			int child = tree.child[i][bit];
			int record = child == EMPTY ? tree.nodes : child >= 0 ? child
			    : tree.nodes + 16 + DATA_FROM - child;

			buf_add_char(buf, (char)(record >> 16));
			buf_add_char(buf, (char)(record >> 8));
			buf_add_char(buf, (char)record);
		}
	for (int i = 0; i < 16; i++)
		buf_add_char(buf, '\0');
}

static void
put_u16(struct buf *buf, const char *name, int value)
{
	put_text(buf, name);
	buf_add_char(buf, (char)(5 << 5 | 2));
	buf_add_char(buf, (char)(value >> 8));
	buf_add_char(buf, (char)value);
}

static void
put_metadata(struct buf *buf)
{
	buf_addz(buf, "\xab\xcd\xefMaxMind.com");
	put_map(buf, 9);
	put_u16(buf, "binary_format_major_version", 2);
	put_u16(buf, "binary_format_minor_version", 0);
	put_text(buf, "build_epoch");
	buf_add(buf, "\x01\x02\x01", 3);	/* uint64 */
	put_text(buf, "database_type");
	put_text(buf, "Test");
	put_text(buf, "description");
	put_map(buf, 0);
	put_u16(buf, "ip_version", 6);
	put_text(buf, "languages");
	buf_add(buf, "\x00\x04", 2);		/* array */
	put_text(buf, "node_count");
	buf_add_char(buf, (char)(6 << 5 | 4));			/* uint32 */
	buf_add(buf, (char[]){ 0, 0, (char)(tree.nodes >> 8), (char)tree.nodes }, 4);
	put_u16(buf, "record_size", 24);
}

static int
flat(const char *code)
{
	int offset = (int)tree.data.n;

	put_map(&tree.data, 1);
	put_text(&tree.data, "country_code");
	put_text(&tree.data, code);
	return offset;
}

static int
deep(const char *code)
{
	int offset = (int)tree.data.n;

	put_map(&tree.data, 1);
	put_text(&tree.data, "country");
	put_map(&tree.data, 1);
	put_text(&tree.data, "iso_code");
	put_text(&tree.data, code);
	return offset;
}

static struct str
whole_file(void)
{
	struct buf file;
	int other;

	tree.nodes = 0;
	buf_init(&tree.data, arena, 256, 4096);
	buf_init(&file, arena, 4096, 65536);
	(void)new_node();
	add_network("192.0.2.0", 24, flat("DE"));
	add_network("198.51.100.0", 24, deep("FR"));
	add_network("2001:db8:1::", 48, flat("JP"));
	add_network("203.0.113.0", 25, flat("de"));
	add_network("203.0.113.128", 25, flat("DEU"));
	other = (int)tree.data.n;
	put_map(&tree.data, 1);
	put_u16(&tree.data, "country_code", 49);
	add_network("203.0.112.0", 24, other);
	other = (int)tree.data.n;
	put_text(&tree.data, "DE");		/* no map at all */
	add_network("203.0.111.0", 24, other);
	put_tree(&file);
	buf_add_str(&file, buf_str(&tree.data));
	put_metadata(&file);
	return buf_str(&file);
}

static void
write_file(struct str bytes)
{
	FILE *file = fopen(unit_path(path, "geo.mmdb"), "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes.p, 1, bytes.n, file), bytes.n);
	ck_assert_int_eq(fclose(file), 0);
}

static void
setup(void)
{
	arena = arena_new();
}

static void
teardown(void)
{
	arena_free(arena);
	(void)unlink(unit_path(path, "geo.mmdb"));
}

static struct geo *
open_it(void)
{
	struct geo *geo = NULL;
	struct err err;

	err_init(&err);
	write_file(whole_file());
	ck_assert_msg(geo_open(arena, path, &geo, &err) == RC_OK, "%s",
	    err.message);
	return geo;
}

START_TEST(addresses_have_their_country)
{
	static const struct { const char *address, *code; } rows[] = {
		{ "192.0.2.1", "DE" }, { "192.0.2.255", "DE" },
		{ "::ffff:192.0.2.1", "DE" }, { "::ffff:c000:0201", "DE" },
		{ "198.51.100.7", "FR" }, { "::ffff:198.51.100.7", "FR" },
		{ "2001:db8:1::1", "JP" }, { "2001:DB8:1:ffff::", "JP" },
		{ "192.0.3.1", NULL }, { "127.0.0.1", NULL }, { "::1", NULL },
		{ "2001:db8:2::1", NULL }, { "255.255.255.255", NULL },
		/* of a shape that is no country */
		{ "203.0.113.1", NULL }, { "203.0.113.200", NULL },
		{ "203.0.112.1", NULL }, { "203.0.111.1", NULL },
		/* no addresses */
		{ "", NULL }, { "192.0.2", NULL }, { "192.0.2.1 ", NULL },
		{ "192.0.2.1/24", NULL }, { "[2001:db8:1::1]", NULL },
		{ "example.net", NULL }, { "fe80::1%lo", NULL },
		{ "2001:db8:1::1:2001:db8:1::1:2001:db8:1::1:2001:db8", NULL },
	};
	struct geo *geo = open_it();

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct str code = geo_country(geo, arena, str_of(rows[i].address));

		ck_assert_msg(str_eq(code, str_of(rows[i].code)), "%s: %.*s",
		    rows[i].address, STR_FMT(code));
		ck_assert_int_eq(code.p == NULL, rows[i].code == NULL);
	}
	ck_assert_ptr_null(geo_country(geo, arena, STR_NULL).p);
	ck_assert_ptr_null(geo_country(geo, arena, STR("192.0.2.1\0")).p);
	ck_assert_ptr_null(geo_country(NULL, arena, STR("192.0.2.1")).p);
}
END_TEST

START_TEST(what_is_no_database_is_refused)
{
	struct geo *geo = NULL;
	struct err err;

	err_init(&err);
	ck_assert_int_eq(geo_open(arena, unit_path(path, "missing"), &geo, &err),
	    RC_INTERNAL);
	ck_assert_ptr_nonnull(strstr(err.message, "missing"));
	err_init(&err);
	ck_assert_int_eq(geo_open(arena, unit_top(), &geo, &err), RC_INTERNAL);
	write_file(STR(""));
	err_init(&err);
	ck_assert_int_eq(geo_open(arena, path, &geo, &err), RC_INTERNAL);
	write_file(STR("country_code\nDE\n"));
	err_init(&err);
	ck_assert_int_eq(geo_open(arena, path, &geo, &err), RC_INTERNAL);
	ck_assert_ptr_null(geo);
}
END_TEST

/* Opens what is there, and asks for all that the tree leads to. */
static bool
ask_all(void)
{
	static const char *const asked[] = { "192.0.2.1", "198.51.100.7",
		"2001:db8:1::1", "203.0.113.1", "203.0.112.1", "255.255.255.255",
		"::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" };
	struct arena *own = arena_new();
	struct geo *geo = NULL;
	struct err err;
	bool opened;

	err_init(&err);
	opened = geo_open(own, path, &geo, &err) == RC_OK;
	for (size_t i = 0; opened && i < sizeof asked / sizeof asked[0]; i++) {
		struct str code = geo_country(geo, own, str_of(asked[i]));

		ck_assert(code.p == NULL || code.n == 2);
	}
	arena_free(own);
	return opened;
}

/* Cut at each length, and each byte another: never a crash, at most no country. */
START_TEST(a_damaged_file_tells_nothing)
{
	struct str good = whole_file();
	char *bytes = arena_strz(arena, good);
	int opened = 0;

	for (size_t n = 0; n < good.n; n += n < good.n - 400 ? 61 : 1) {
		write_file(str_slice(good, 0, n));
		opened += ask_all();
	}
	for (size_t i = 0; i < good.n; i += i < good.n - 400 ? 37 : 1) {
		static const char values[] = { '\x00', '\x7f', '\xff', '\x20' };

		for (size_t v = 0; v < sizeof values; v++) {
			bytes[i] = values[v];
			write_file((struct str){ bytes, good.n });
			opened += ask_all();
		}
		bytes[i] = good.p[i];
	}
	ck_assert_int_gt(opened, 100);	/* else the damage was never looked at */
	write_file((struct str){ bytes, good.n });
	ck_assert(ask_all());
}
END_TEST

UNIT_MAIN_FIXTURE("geo", setup, teardown, addresses_have_their_country,
    what_is_no_database_is_refused, a_damaged_file_tells_nothing)
