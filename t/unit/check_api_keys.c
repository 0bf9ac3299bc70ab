#include "config.h"

#include "app/api-keys.h"

#include "app/session-cache.h"
#include "codec/header.h"
#include "unit.h"

#define HEX "0123456789ab0190a5b000007000a000"
#define SECRET "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define ID "0190a5b0-0000-7000-a000-0123456789ab"

START_TEST(a_key_names_its_row)
{
	struct arena *arena = arena_new();
	struct str id;

	ck_assert(app_api_key_parse(arena, STR("bzl_live_" HEX SECRET), &id));
	ck_assert_str(id, ID);
	ck_assert(app_api_key_parse(arena, STR("bzl_test_" HEX SECRET), &id));
	ck_assert_str(id, ID);
	arena_free(arena);
}
END_TEST

START_TEST(what_is_no_key_names_nothing)
{
	static const char *const texts[] = { "", "bzl_live_", "bzl_live_" HEX,
		"bzl_live_" HEX SECRET "A", "bzl_live_" HEX SECRET " ",
		"bzl_prod_" HEX SECRET, "BZL_LIVE_" HEX SECRET,
		"sk_live_0" HEX SECRET, "s_" ID "." SECRET,
		"bzl_live_0123456789AB0190a5b000007000a000" SECRET,
		"bzl_live_0123456789-b0190a5b000007000a000" SECRET,
		"bzl_live_g123456789ab0190a5b000007000a000" SECRET };
	struct arena *arena = arena_new();
	struct str whole = STR("bzl_live_" HEX SECRET), id = STR("untouched");

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		ck_assert_msg(!app_api_key_parse(arena, str_of(texts[i]), &id),
		    "%s", texts[i]);
	for (size_t n = 0; n < whole.n; n++)
		ck_assert(!app_api_key_parse(arena, str_slice(whole, 0, n), &id));
	ck_assert(!app_api_key_parse(arena, STR_NULL, &id));
	ck_assert_str(id, "untouched");
	arena_free(arena);
}
END_TEST

START_TEST(a_bearer_header_has_one_token)
{
	static const char *const good[] = { "Bearer x~!", "bearer x~!", "BEARER x~!",
		"Bearer   x~!", " Bearer x~! ", "bEaReR x~!\t" };
	static const char *const bad[] = { "", " ", "Bearer", "Bearer ", "Bearer  ",
		"Basic eDp5", "Bearerx", "Bearer\tx", "Bearer x y", "Bearer x,y z",
		"Bearer: x y", "Token x", "x", "Bearer x\x7f", "Bearer \xc3\xa9" };
	struct str token;

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		token = STR_NULL;
		ck_assert_msg(header_bearer(str_of(good[i]), &token), "%s",
		    good[i]);
		ck_assert_str(token, "x~!");
	}
	token = STR("untouched");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(!header_bearer(str_of(bad[i]), &token), "%s", bad[i]);
	ck_assert(!header_bearer(STR_NULL, &token));
	ck_assert_str(token, "untouched");
}
END_TEST

static struct session_entry
entry_of(const char *id, const char *user_id)
{
	struct session_entry entry = { .is_key = true, .is_test = true,
		.scopes = 5, .until_mono_ms = 1000 };

	memcpy(entry.id, id, sizeof entry.id);
	memcpy(entry.user_id, user_id, sizeof entry.user_id);
	return entry;
}

#define USER "0190a5b0-0000-7000-a000-00000000000a"

/* What a look-up had begun to read before a revocation does not come in behind it. */
START_TEST(a_revoked_key_is_forgotten_at_once)
{
	struct session_cache *cache = session_cache_new();
	struct session_entry entry = entry_of(ID, USER), back;
	int64_t epoch = session_cache_epoch(cache);

	session_cache_put(cache, &entry, epoch);
	ck_assert(session_cache_get(cache, STR(ID), 999, &back));
	ck_assert(back.is_key && back.is_test && back.scopes == 5);
	ck_assert(!session_cache_get(cache, STR(ID), 1000, &back));
	session_cache_forget(cache, STR(ID));
	ck_assert(!session_cache_get(cache, STR(ID), 0, &back));
	session_cache_put(cache, &entry, epoch);
	ck_assert(!session_cache_get(cache, STR(ID), 0, &back));
	session_cache_put(cache, &entry, session_cache_epoch(cache));
	ck_assert(session_cache_get(cache, STR(ID), 0, &back));
	session_cache_forget_user(cache, STR(USER));
	ck_assert(!session_cache_get(cache, STR(ID), 0, &back));
}
END_TEST

UNIT_MAIN("api_keys", a_key_names_its_row, what_is_no_key_names_nothing,
    a_bearer_header_has_one_token, a_revoked_key_is_forgotten_at_once)
