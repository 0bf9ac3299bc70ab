#include "config.h"

#include "crypt/share-token.h"

#include <stdio.h>

#include "crypt/base64url.h"
#include "dies.h"
#include "unit.h"

#define DESIGN "019a0000-0123-7abc-8def-00ff10203040"

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

static struct str
new_token(const struct keyring *keys)
{
	return share_token_new(keys, arena, STR(DESIGN));
}

START_TEST(the_keys_are_those_of_the_contract)
{
	struct keyring keys = ring_of(255, 1, false);
	struct buf buf;

	/* By python: HKDF with an empty salt, infos "share/v2/1", "/0" and "/255", then
	 * "share-id/v2/1" and so on. */
	static const char *const expected[] = {
		"f0cdd12be962606f2d141ecddb41230a8a3fe2d208bc0cd5a4950a9a76d1f0eb",
		"211ad60ab8bdfbb9546940430560550f7fb930c5fb18a2ab6ffd64350a5d07cd",
		"035be70a16d235d320afb2e61d5673b71787f42b42772a4b95dad6e65c5f8f16",
		"3a49f6a97395085c461c6f930a46578c2592d5b89de47c574227e94cdac2a68b",
		"62faebb18829ff5d4fe3f829757dc22c440567523d8e236c8710281457675e1a",
		"f83be0d244be67c8b49d339fb978ad10a213aee95097250b9944572b893b9bc9" };
	const unsigned char *const made[] = { ring.share[0].key, ring.share[1].key,
		keys.share[0].key, ring.share[0].id_key, ring.share[1].id_key,
		keys.share[0].id_key };

	ck_assert_int_eq(ring.share[0].id, 1);
	ck_assert_int_eq(ring.share[1].id, 0);
	for (int i = 0; i < 6; i++) {
		buf_init(&buf, arena, 64, 64);
		buf_add_hex(&buf, made[i], KEY_BYTES);
		ck_assert_str(buf_str(&buf), expected[i]);
	}
	ck_assert_mem_eq(keys.share[1].key, ring.share[0].key, KEY_BYTES);
}
END_TEST

static void
mac_of(const unsigned char key[KEY_BYTES], struct str s,
    unsigned char ret_mac[SHA256_BYTES])
{
	hmac_sha256((struct str){ (const char *)key, KEY_BYTES }, s, ret_mac);
}

START_TEST(a_token_is_what_the_contract_says)
{
	struct str token = new_token(&ring), bytes;
	unsigned char mac[SHA256_BYTES], mask[SHA256_BYTES], id[16];

	ck_assert_uint_eq(token.n, SHARE_TOKEN_CHARS);
	ck_assert(base64url_decode(arena, token, &bytes));
	ck_assert_uint_eq(bytes.n, 48);
	ck_assert_int_eq(bytes.p[0], 2);
	ck_assert_int_eq(bytes.p[1], 1);
	mac_of(ring.share[0].key, str_slice(bytes, 0, 30), mac);
	ck_assert_mem_eq(bytes.p + 30, mac, 18);
	mac_of(ring.share[0].id_key, str_slice(bytes, 0, 14), mask);
	uuid_bytes(STR(DESIGN), id);
	for (int i = 0; i < 16; i++)
		ck_assert_int_eq((unsigned char)bytes.p[14 + i], id[i] ^ mask[i]);
	ck_assert(share_token_ok(&ring, token));
	ck_assert(str_starts(token, share_token_handle(token)));
	ck_assert_uint_eq(share_token_handle(token).n, SHARE_HANDLE_CHARS);
	ck_assert(str_eq(share_token_handle(token),
	    base64url(arena, bytes.p, 18)));
}
END_TEST

START_TEST(it_names_its_design)
{
	static const char *const ids[] = { DESIGN,
		"00000000-0000-0000-0000-000000000000",
		"ffffffff-ffff-ffff-ffff-ffffffffffff" };
	char id[UUID_TEXT] = "unchanged";

	for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
		ck_assert(share_token_open(&ring, share_token_new(&ring, arena,
		    str_of(ids[i])), id));
		ck_assert_mem_eq(id, ids[i], UUID_TEXT);
	}
	memcpy(id, DESIGN, UUID_TEXT);
	ck_assert(!share_token_open(&ring, STR("x"), id));
	ck_assert_mem_eq(id, DESIGN, UUID_TEXT);
}
END_TEST

static void
of_what_is_no_design(void)
{
	(void)share_token_new(&ring, arena, STR("019a0000-0123-7abc-8def"));
}

START_TEST(there_is_none_of_what_is_no_design)
{
	ck_assert(dies(of_what_is_no_design));
}
END_TEST

/* Two links of one design have no byte in common but by chance, and tell no part of its id:
 * of 200 each byte behind version and key takes many values. */
START_TEST(it_does_not_tell_which)
{
	enum { LINKS = 200, BYTES = 48 };
	bool seen[BYTES][256] = { { false } };
	int values;

	for (int i = 0; i < LINKS; i++) {
		struct str bytes;

		ck_assert(base64url_decode(arena, new_token(&ring), &bytes));
		for (int at = 0; at < BYTES; at++)
			seen[at][(unsigned char)bytes.p[at]] = true;
	}
	for (int at = 2; at < BYTES; at++) {
		values = 0;
		for (int value = 0; value < 256; value++)
			values += seen[at][value];
		ck_assert_int_ge(values, 80);	/* 139 are expected */
	}
}
END_TEST

START_TEST(each_changed_bit_is_refused)
{
	struct str token = new_token(&ring);
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
	struct str token = new_token(&ring);
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
	struct str token = new_token(&ring);
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
	unsigned char bytes[48] = { version, id, 9, 9, 9 }, mac[SHA256_BYTES];

	hmac_sha256((struct str){ (const char *)key, KEY_BYTES },
	    (struct str){ (const char *)bytes, 30 }, mac);
	memcpy(bytes + 30, mac, 18);
	return base64url(arena, bytes, sizeof bytes);
}

START_TEST(other_versions_and_ids_are_refused)
{
	const unsigned char *key = ring.share[0].key;

	for (int version = 0; version < 256; version++)
		ck_assert_int_eq(share_token_ok(&ring, signed_as(
		    (unsigned char)version, 1, key)), version == 2);
	for (int id = 0; id < 256; id++) {
		struct keyring keys = ring_of((unsigned char)id, 77, false);

		/* With the key of that number, and with one that is valid. */
		ck_assert_int_eq(share_token_ok(&ring, signed_as(2,
		    (unsigned char)id, keys.share[0].key)), id == 0 || id == 1);
		ck_assert_int_eq(share_token_ok(&ring, signed_as(2,
		    (unsigned char)id, key)), id == 1);
	}
}
END_TEST

START_TEST(another_master_key_signs_nothing_of_ours)
{
	struct keyring foreign = ring_of(1, 0, true);

	ck_assert(!share_token_ok(&ring, new_token(&foreign)));
	ck_assert(!share_token_ok(&foreign, new_token(&ring)));
}
END_TEST

/* As `bezel keys rotate-shares` goes: the next one is known, then it signs. */
START_TEST(a_rotation_refuses_nothing_on_its_way)
{
	struct keyring before = ring_of(255, 254, false);
	struct keyring known = ring_of(255, 0, false);
	struct keyring after = ring_of(0, 255, false);
	struct str oldest, old, new;

	oldest = new_token(&(struct keyring){ .share = { before.share[1] } });
	old = new_token(&known);
	new = new_token(&after);
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

/* What nginx is told is enough to tell ours from others, as share-forged.conf does it. */
static bool
told_ok(const char *printed, struct str token)
{
	unsigned char signed_part[30], key[KEY_BYTES], mac[SHA256_BYTES];
	char kind[5] = { token.p[0], token.p[1], token.p[2], ' ' };
	const char *line = strstr(printed, kind);
	struct buf text;

	if (line == NULL)
		return false;
	for (int i = 0; i < KEY_BYTES; i++) {
		unsigned byte;

		ck_assert_int_eq(sscanf(line + 4 + 2 * i, "%2x", &byte), 1);
		key[i] = (unsigned char)byte;
	}
	ck_assert_int_eq(line[4 + 2 * KEY_BYTES], ';');
	ck_assert(base64url_decode_to(str_slice(token, 0, 40), signed_part));
	hmac_sha256((struct str){ (const char *)key, sizeof key },
	    (struct str){ (const char *)signed_part, sizeof signed_part }, mac);
	buf_init(&text, arena, 64, 64);
	buf_add_base64url(&text, mac, sizeof mac);
	return memcmp(text.p, token.p + 40, 24) == 0;
}

START_TEST(nginx_is_told_the_keys)
{
	struct keyring keys = ring_of(255, 7, false),
	    other = ring_of(7, 255, false), foreign = ring_of(255, 7, true),
	    later = ring_of(8, 7, false);
	const char *printed;
	struct buf buf;

	buf_init(&buf, arena, 1024, 4096);
	share_token_print_keys(&keys, &buf);
	printed = arena_strz(arena, buf_str(&buf));
	ck_assert_uint_eq(buf.n, 8 * (3 + 1 + 2 * KEY_BYTES + 2));
	for (int i = 0; i < 64; i++) {	/* the nonce is in the third character */
		ck_assert(told_ok(printed, new_token(&keys)));
		ck_assert(told_ok(printed, new_token(&other)));
		ck_assert(!told_ok(printed, new_token(&foreign)));
		ck_assert(!told_ok(printed, new_token(&later)));
	}
}
END_TEST

UNIT_MAIN_FIXTURE("share_token", begin, end,
    the_keys_are_those_of_the_contract, a_token_is_what_the_contract_says,
    it_names_its_design, there_is_none_of_what_is_no_design,
    it_does_not_tell_which,
    each_changed_bit_is_refused, each_token_has_one_spelling,
    other_lengths_are_refused, other_versions_and_ids_are_refused,
    another_master_key_signs_nothing_of_ours,
    a_rotation_refuses_nothing_on_its_way, nginx_is_told_the_keys)
