#include "config.h"

#include "unit.h"

#include "codec/base64.h"

START_TEST(the_vectors_of_rfc_4648)
{
	static const char *const rows[][2] = { { "", "" }, { "f", "Zg==" },
		{ "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
		{ "\xfb\xff\xfe", "+//+" } };
	struct arena *arena = arena_new();

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct str bytes = STR_NULL;
		struct buf buf;

		buf_init(&buf, arena, 0, 100);
		buf_add_base64(&buf, str_of(rows[i][0]));
		ck_assert_str(buf_str(&buf), rows[i][1]);
		ck_assert_uint_eq(base64_size(strlen(rows[i][0])), buf.n);
		ck_assert(base64_decode(arena, str_of(rows[i][1]), &bytes));
		ck_assert_str(bytes, rows[i][0]);
	}
	arena_free(arena);
}
END_TEST

START_TEST(only_the_canonical_form_is_read)
{
	static const struct str bad[] = { STR_INIT("Z"), STR_INIT("Zg"), STR_INIT("Zg="),
		STR_INIT("Zg==="), STR_INIT("Zh=="), STR_INIT("Zm9="), STR_INIT("Zm=v"),
		STR_INIT("===="), STR_INIT("Z==="), STR_INIT("=Zg="), STR_INIT("Zg==Zg=="),
		STR_INIT("Zm9v\n"), STR_INIT("Zm 9v"), STR_INIT(" Zm9"), STR_INIT("Zm9v\r\n\r\n"),
		STR_INIT("Zm-_"), STR_INIT("Zm9\0"), STR_INIT("Zm9\xff"), STR_INIT("\x80m9v"),
		STR_INIT("Zm9vZm9v,m9v") };
	struct arena *arena = arena_new();
	struct str bytes = STR("untouched");

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(!base64_decode(arena, bad[i], &bytes), "%zu", i);
	ck_assert_str(bytes, "untouched");
	arena_free(arena);
}
END_TEST

START_TEST(all_bytes_at_all_lengths_go_there_and_back)
{
	struct arena *arena = arena_new();
	char bytes[700];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)(i * 167 + i / 256);
	for (size_t n = 0; n <= sizeof bytes; n++) {
		struct str in = { bytes, n }, out = STR_NULL;
		struct buf buf;

		buf_init(&buf, arena, base64_size(n), base64_size(n));
		buf_add_base64(&buf, in);
		ck_assert(!buf.failed);
		ck_assert(base64_decode(arena, buf_str(&buf), &out));
		ck_assert(str_eq(in, out));
		/* Every changed character is a changed byte or is refused. */
		if (n > 0 && n < 40)
			for (size_t i = 0; i < buf.n; i++) {
				buf.p[i] ^= 1;
				ck_assert(!base64_decode(arena, buf_str(&buf), &out)
				    || !str_eq(in, out));
				buf.p[i] ^= 1;
			}
	}
	arena_free(arena);
}
END_TEST

START_TEST(a_full_buffer_stays_as_it_was)
{
	struct arena *arena = arena_new();
	struct buf buf;

	buf_init(&buf, arena, 0, 5);
	buf_add_base64(&buf, STR("abc"));
	buf_add_base64(&buf, STR("abc"));
	ck_assert(buf.failed);
	ck_assert_str(buf_str(&buf), "YWJj");
	arena_free(arena);
}
END_TEST

UNIT_MAIN("base64", the_vectors_of_rfc_4648, only_the_canonical_form_is_read,
    all_bytes_at_all_lengths_go_there_and_back, a_full_buffer_stays_as_it_was)
