#include "config.h"

#include "crypt/share-token.h"

#include "crypt/base64url.h"
#include "unit.h"

static const unsigned char master[KEY_BYTES] = { 1, 2, 3 };
static struct arena *arena;
static struct keyring ring;

static void
begin(void)
{
	arena = arena_new();
	keyring_init(&ring, master);
}

static void
end(void)
{
	keyring_done(&ring);
	arena_free(arena);
}

/* A ring of the same master key, or of another one, with other keys valid. */
static struct keyring
ring_of(unsigned char signing, unsigned char other, bool foreign)
{
	static const unsigned char another[KEY_BYTES] = { 1, 2, 3, [31] = 1 };
	const unsigned char ids[KEYRING_SHARE_KEYS] = { signing, other };
	struct keyring keys;

	keyring_init(&keys, foreign ? another : master);
	keyring_share(&keys, foreign ? another : master, ids);
	return keys;
}

START_TEST(the_keys_are_those_of_the_contract)
{
	struct keyring keys = ring_of(255, 1, false);
	struct buf buf;

	/* By python: HKDF with an empty salt, info "share/v1/1", "/0" and "/255". */
	static const char *const expected[] = {
		"57df0842f19b14c63fd872183f25b826c3c80e60858cf00a3e70232c46a65beb",
		"646c7e006a417037094a1044165886b767a37e09ae7ed474b8493d6040dcc0f9",
		"7ccb9bfe9ad6d85acaa5e5d011aaa1437d526ca6d6cb16028e2635286cb999e8" };
	const unsigned char *const made[] = { ring.share[0].key, ring.share[1].key,
		keys.share[0].key };

	ck_assert_int_eq(ring.share[0].id, 1);
	ck_assert_int_eq(ring.share[1].id, 0);
	for (int i = 0; i < 3; i++) {
		buf_init(&buf, arena, 64, 64);
		buf_add_hex(&buf, made[i], KEY_BYTES);
		ck_assert_str(buf_str(&buf), expected[i]);
	}
	ck_assert_mem_eq(keys.share[1].key, ring.share[0].key, KEY_BYTES);
}
END_TEST

START_TEST(a_token_is_what_the_contract_says)
{
	struct str token = share_token_new(&ring, arena), bytes;
	unsigned char mac[SHA256_BYTES];

	ck_assert_uint_eq(token.n, SHARE_TOKEN_CHARS);
	ck_assert(base64url_decode(arena, token, &bytes));
	ck_assert_uint_eq(bytes.n, 42);
	ck_assert_int_eq(bytes.p[0], 1);
	ck_assert_int_eq(bytes.p[1], 1);
	hmac_sha256((struct str){ (const char *)ring.share[0].key, KEY_BYTES },
	    str_slice(bytes, 0, 18), mac);
	ck_assert_mem_eq(bytes.p + 18, mac, 24);
	ck_assert(share_token_ok(&ring, token));
	ck_assert(str_starts(token, share_token_handle(token)));
	ck_assert_uint_eq(share_token_handle(token).n, SHARE_HANDLE_CHARS);
	ck_assert(str_eq(share_token_handle(token),
	    base64url(arena, bytes.p, 18)));
	ck_assert(!str_eq(share_token_new(&ring, arena), token));
}
END_TEST

START_TEST(each_changed_bit_is_refused)
{
	struct str token = share_token_new(&ring, arena);
	char *p = arena_strz(arena, token);

	for (size_t bit = 0; bit < token.n * 8; bit++) {
		p[bit / 8] = (char)(p[bit / 8] ^ 1 << bit % 8);
		ck_assert_msg(!share_token_ok(&ring, (struct str){ p, token.n }),
		    "bit %zu", bit);
		p[bit / 8] = (char)(p[bit / 8] ^ 1 << bit % 8);
	}
	ck_assert(share_token_ok(&ring, (struct str){ p, token.n }));
}
END_TEST

/* Every other character at every place, those outside of the alphabet too. */
START_TEST(each_token_has_one_spelling)
{
	struct str token = share_token_new(&ring, arena);
	char *p = arena_strz(arena, token);

	for (size_t at = 0; at < token.n; at++) {
		for (int c = 0; c < 256; c++) {
			p[at] = (char)c;
			ck_assert_int_eq(share_token_ok(&ring,
			    (struct str){ p, token.n }), p[at] == token.p[at]);
		}
		p[at] = token.p[at];
	}
}
END_TEST

START_TEST(other_lengths_are_refused)
{
	struct str token = share_token_new(&ring, arena);
	static const char *const tails[] = { "A", "=", "==", "\n", "/", ".",
		"AAAA" };

	for (size_t n = 0; n < token.n; n++) {
		ck_assert(!share_token_ok(&ring, str_slice(token, 0, n)));
		ck_assert(n == 0 || !share_token_ok(&ring,
		    str_slice(token, n, token.n)));
	}
	for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++)
		ck_assert(!share_token_ok(&ring, arena_printf(arena, "%.*s%s",
		    STR_FMT(token), tails[i])));
	ck_assert(!share_token_ok(&ring, arena_printf(arena, "%.*s%.*s",
	    STR_FMT(token), STR_FMT(token))));
	ck_assert(!share_token_ok(&ring, STR_NULL));
	ck_assert(!share_token_ok(&ring, STR("")));
}
END_TEST

/* Signed rightly, but with what is not valid. */
static struct str
signed_as(unsigned char version, unsigned char id,
    const unsigned char key[KEY_BYTES])
{
	unsigned char bytes[42] = { version, id, 9, 9, 9 }, mac[SHA256_BYTES];

	hmac_sha256((struct str){ (const char *)key, KEY_BYTES },
	    (struct str){ (const char *)bytes, 18 }, mac);
	memcpy(bytes + 18, mac, 24);
	return base64url(arena, bytes, sizeof bytes);
}

START_TEST(other_versions_and_ids_are_refused)
{
	const unsigned char *key = ring.share[0].key;

	for (int version = 0; version < 256; version++)
		ck_assert_int_eq(share_token_ok(&ring, signed_as(
		    (unsigned char)version, 1, key)), version == 1);
	for (int id = 0; id < 256; id++) {
		struct keyring keys = ring_of((unsigned char)id, 77, false);

		/* With the key of that number, and with one that is valid. */
		ck_assert_int_eq(share_token_ok(&ring, signed_as(1,
		    (unsigned char)id, keys.share[0].key)), id == 0 || id == 1);
		ck_assert_int_eq(share_token_ok(&ring, signed_as(1,
		    (unsigned char)id, key)), id == 1);
	}
}
END_TEST

START_TEST(another_master_key_signs_nothing_of_ours)
{
	struct keyring foreign = ring_of(1, 0, true);

	ck_assert(!share_token_ok(&ring, share_token_new(&foreign, arena)));
	ck_assert(!share_token_ok(&foreign, share_token_new(&ring, arena)));
}
END_TEST

/* As `bezel keys rotate-shares` goes: the next one is known, then it signs. */
START_TEST(a_rotation_refuses_nothing_on_its_way)
{
	struct keyring before = ring_of(255, 254, false);
	struct keyring known = ring_of(255, 0, false);
	struct keyring after = ring_of(0, 255, false);
	struct str oldest, old, new;

	oldest = share_token_new(&(struct keyring){
	    .share = { before.share[1] } }, arena);
	old = share_token_new(&known, arena);
	new = share_token_new(&after, arena);
	ck_assert(share_token_ok(&before, oldest));
	ck_assert(!share_token_ok(&known, oldest));
	ck_assert(share_token_ok(&before, old));
	ck_assert(share_token_ok(&known, old));
	ck_assert(share_token_ok(&after, old));
	ck_assert(!share_token_ok(&before, new));
	ck_assert(share_token_ok(&known, new));
	ck_assert(share_token_ok(&after, new));
}
END_TEST

UNIT_MAIN_FIXTURE("share_token", begin, end,
    the_keys_are_those_of_the_contract, a_token_is_what_the_contract_says,
    each_changed_bit_is_refused, each_token_has_one_spelling,
    other_lengths_are_refused, other_versions_and_ids_are_refused,
    another_master_key_signs_nothing_of_ours,
    a_rotation_refuses_nothing_on_its_way)
