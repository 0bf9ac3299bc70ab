#include "config.h"

#include "codec/email.h"

#include "unit.h"

#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct {
	const char *text, *email;
} good[] = {
	{ "anna@example.net", "anna@example.net" },
	{ "  Anna.Stone+rings@Example.NET\t", "anna.stone+rings@example.net" },
	{ "a@b\xc3\xbc" "cher.example", "a@xn--bcher-kva.example" },
	{ "a@B\xc3\x9c" "CHER.example", "a@xn--bcher-kva.example" },
	{ "a@fa\xc3\x9f.de", "a@xn--fa-hia.de" },
	{ "o'brien@example.ie", "o'brien@example.ie" },
	{ "!#$%&'*+-/=?^_`{|}~@example.net", "!#$%&'*+-/=?^_`{|}~@example.net" },
	{ X50 "12345678901234@example.net", X50 "12345678901234@example.net" },
	{ "1@2.3d", "1@2.3d" },
};

static const char *const bad[] = {
	"", " ", "@", "a@", "@example.net", "anna", "anna@example", "a@b@example.net",
	"a b@example.net", "a@exa mple.net", ".a@example.net", "a.@example.net",
	"a..b@example.net", "\"a b\"@example.net", "a@[127.0.0.1]", "a@-example.net",
	"a@example-.net", "a@example..net", "a@.example.net", "a@example.net.",
	"a@example.net>\r\nRCPT TO:<b@example.net", "a\r\n@example.net",
	"a@example.net\nBcc: b@example.net", "<a@example.net>", "a(x)@example.net",
	"a,b@example.net", "a;b@example.net", "j\xc3\xb6rg@example.net",
	"a@ex\xff" "ample.net", "a\x7f@example.net", "a@exa_mple.net",
	X50 "123456789012345@example.net",
	"a@" X50 X50 ".net",
	"a@" X50 "." X50 "." X50 "." X50 "." X50 ".net",
	"a@xn--.net", "a@example.net/x", "a@example.net?x", "a@exam%70le.net",
};

START_TEST(one_form_of_each_address)
{
	struct arena *arena = arena_new();
	struct str email;

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		ck_assert_msg(email_normalize(arena, str_of(good[i].text), &email),
		    "%s", good[i].text);
		ck_assert_str(email, good[i].email);
		ck_assert_msg(email_normalize(arena, email, &email),
		    "its own form: %s", good[i].email);
		ck_assert_str(email, good[i].email);
	}
	arena_free(arena);
}
END_TEST

START_TEST(what_is_none_is_refused)
{
	struct arena *arena = arena_new();
	struct str email = STR("untouched");

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(!email_normalize(arena, str_of(bad[i]), &email),
		    "%zu: %s", i, bad[i]);
	ck_assert(!email_normalize(arena, STR("a\0b@example.net"), &email));
	ck_assert(!email_normalize(arena, STR("a@exa\0mple.net"), &email));
	ck_assert(!email_normalize(arena, STR_NULL, &email));
	ck_assert_str(email, "untouched");
	arena_free(arena);
}
END_TEST

START_TEST(what_is_sent_to)
{
	static const char *const yes[] = { "a@b", "anna@example.net",
		"anna.b+c@sub.example.co", "o'hara_1@x-y.example", "a@localhost",
		"!#$%&'*+-/=?^_`{|}~@example.com", "A@EXAMPLE.COM", "a@1.2.3.4",
		"a@xn--bcher-kva.example" };
	static const char *const no[] = { "", "a", "@", "a@", "@b", "a@b@c", "a b@c",
		"a@b c", " a@b", "a@b ", "a@b\n", "a@b\r\nRCPT TO:<c@d>",
		"a@example.net>\r\nRCPT TO:<evil@example.net", "<a@b>", "a@<b>",
		"\"a b\"@c", "a..b@c", ".a@b", "a.@b", "a@b..c", "a@.b", "a@b.",
		"a@-b", "a@b-", "a@b_c", "a@[127.0.0.1]", "a,b@c", "a;b@c", "a:b@c",
		"a(b)@c", "a\\b@c", "j\xc3\xb6rg@example.net", "a@\xc3\xbc.example",
		"a\t@b", "a@b\x7f", "Anna <a@b>" };
	char most[300];

	for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
		ck_assert_msg(email_is(str_of(yes[i])), "%s", yes[i]);
	for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
		ck_assert_msg(!email_is(str_of(no[i])), "%s", no[i]);
	ck_assert(!email_is(STR("a\0@b")) && !email_is(STR_NULL));
	/* 64 before the @, 63 in a label, 254 together. */
	memset(most, 'x', sizeof most);
	most[64] = '@';
	ck_assert(email_is((struct str){ most, 64 + 1 + 63 }));
	ck_assert(!email_is((struct str){ most, 64 + 1 + 64 }));
	most[128] = most[192] = '.';
	ck_assert(email_is((struct str){ most, 254 }));
	ck_assert(!email_is((struct str){ most, 255 }));
	memmove(most + 1, most, 200);
	ck_assert(!email_is((struct str){ most, 100 }));
}
END_TEST

UNIT_MAIN("email", one_form_of_each_address, what_is_none_is_refused,
    what_is_sent_to)
