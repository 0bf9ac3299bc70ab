#include "config.h"

#include <check.h>

#include "unit.h"

#include "base/ip.h"
#include "unit_arena.h"

START_TEST(addresses_have_one_form_and_a_network)
{
	static const struct { const char *in, *text, *network; bool is_v6; } rows[] = {
		{ "192.0.2.77", "192.0.2.77", "192.0.2.0", false },
		{ "255.255.255.255", "255.255.255.255", "255.255.255.0", false },
		{ "::ffff:192.0.2.77", "192.0.2.77", "192.0.2.0", false },
		{ "::FFFF:c000:24d", "192.0.2.77", "192.0.2.0", false },
		{ "2001:DB8:1:2:0:0:0:3", "2001:db8:1:2::3", "2001:db8:1::", true },
		{ "::", "::", "::", true },
		{ "::1", "::1", "::", true },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		    "ffff:ffff:ffff::", true },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct ip ip;

		ck_assert_msg(ip_read(str_of(rows[i].in), &ip), "%s", rows[i].in);
		ck_assert_int_eq(ip.is_v6, rows[i].is_v6);
		ck_assert_str(ip_text(arena, &ip), rows[i].text);
		ip_cut(&ip);
		ck_assert_str(ip_text(arena, &ip), rows[i].network);
	}
}
END_TEST

START_TEST(what_is_no_address_is_refused)
{
	static const struct str rows[] = { STR_INIT(""), STR_INIT("192.0.2"),
		STR_INIT("192.0.2.256"), STR_INIT("192.0.2.01"), STR_INIT("1"),
		STR_INIT(" 192.0.2.1"), STR_INIT("192.0.2.1\0"),
		STR_INIT("192.0.2.1:80"), STR_INIT("192.0.2.0/24"),
		STR_INIT("[::1]"), STR_INIT("fe80::1%lo"), STR_INIT(":::"),
		STR_INIT("localhost"), STR_INIT("\xff\xfe"),
		STR_INIT("0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000") };
	struct ip ip = { .bytes = { 7 } };

	ck_assert(!ip_read(STR_NULL, &ip));
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		ck_assert_msg(!ip_read(rows[i], &ip), "%zu", i);
	ck_assert_int_eq(ip.bytes[0], 7);
}
END_TEST

UNIT_MAIN_FIXTURE("ip", setup, teardown, addresses_have_one_form_and_a_network,
    what_is_no_address_is_refused)
