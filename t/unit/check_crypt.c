#include "config.h"

#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/uuid.h"
#include "crypt/secret.h"
#include "crypt/token.h"
#include "crypt/wrap.h"
#include "unit_arena.h"

static const char *
hex_of(const void *p, size_t n)
{
	struct buf buf;

	buf_init(&buf, arena, 0, 1000);
	buf_add_hex(&buf, p, n);
	return arena_strz(arena, buf_str(&buf));
}

static struct str
repeated(unsigned char c, size_t n)
{
	char *p = arena_alloc(arena, n);

	memset(p, c, n);
	return (struct str){ p, n };
}

/* from, from + 1, ... n bytes of them. */
static struct str
counted(unsigned char from, size_t n)
{
	char *p = arena_alloc(arena, n);

	for (size_t i = 0; i < n; i++)
		p[i] = (char)(from + i);
	return (struct str){ p, n };
}

/* FIPS 180-4's examples and RFC 1321, A.5. */
START_TEST(digests_match_their_standards)
{
	unsigned char digest[SHA256_BYTES];

	ck_assert_str(sha256_hex(arena, STR("")),
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	ck_assert_str(sha256_hex(arena, STR("abc")),
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	ck_assert_str(sha256_hex(arena, repeated('a', 1000000)),
	    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	md5(STR("message digest"), digest);
	ck_assert_str_eq(hex_of(digest, MD5_BYTES),
	    "f96b697d7cb7938d525a2f31aaf161d0");
	md5(STR(""), digest);
	ck_assert_str_eq(hex_of(digest, MD5_BYTES),
	    "d41d8cd98f00b204e9800998ecf8427e");
}
END_TEST

START_TEST(hmac_matches_rfc_4231)
{
	const struct { struct str key, text; const char *mac; } cases[] = {
		{ repeated(0x0b, 20), STR("Hi There"),
		    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
		{ STR("Jefe"), STR("what do ya want for nothing?"),
		    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
		{ repeated(0xaa, 20), repeated(0xdd, 50),
		    "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
		{ counted(0x01, 25), repeated(0xcd, 50),
		    "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
		{ repeated(0x0c, 20), STR("Test With Truncation"),
		    "a3b6167473100ee06e0c796c2955552b" },
		{ repeated(0xaa, 131),
		    STR("Test Using Larger Than Block-Size Key - Hash Key First"),
		    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
		{ repeated(0xaa, 131),
		    STR("This is a test using a larger than block-size key and a larger"
		    " than block-size data. The key needs to be hashed before being used"
		    " by the HMAC algorithm."),
		    "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" },
		/* not of the RFC: no key is not the last key (Wikipedia, "HMAC") */
		{ STR_NULL, STR(""),
		    "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad" },
		{ STR(""), STR(""),
		    "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad" },
	};
	unsigned char mac[SHA256_BYTES];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		hmac_sha256(cases[i].key, cases[i].text, mac);
		ck_assert_str_eq(hex_of(mac, strlen(cases[i].mac) / 2), cases[i].mac);
	}
}
END_TEST

/* More keys than are kept, in turn and each again at once; one that was pushed out comes
 * back right. */
START_TEST(kept_keys_give_the_same_macs)
{
	unsigned char keys[11][SHA256_BYTES], want[SHA256_BYTES], mac[SHA256_BYTES];

	for (size_t i = 0; i < 11; i++)
		random_bytes(keys[i], sizeof keys[i]);
	memcpy(keys[10], keys[9], SHA256_BYTES);
	keys[10][SHA256_BYTES - 1] ^= 1;
	for (size_t i = 0; i < 6 * 11; i++) {
		struct str key = { (const char *)keys[i / 2 % 11], SHA256_BYTES };
		struct str text = repeated('a', i * 3);

		hmac_sha256(key, text, want);
		hmac_sha256_kept(key, text, mac);
		ck_assert_mem_eq(mac, want, SHA256_BYTES);
	}
}
END_TEST

START_TEST(hkdf_matches_rfc_5869)
{
	unsigned char key[82];

	hkdf_sha256(repeated(0x0b, 22), counted(0x00, 13), counted(0xf0, 10), key, 42);
	ck_assert_str_eq(hex_of(key, 42), "3cb25f25faacd57a90434f64d0362f2a"
	    "2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
	hkdf_sha256(counted(0x00, 80), counted(0x60, 80), counted(0xb0, 80), key, 82);
	ck_assert_str_eq(hex_of(key, 82), "b11e398dc80327a1c8e7f78c596a4934"
	    "4f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
	    "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f"
	    "1d87");
	hkdf_sha256(repeated(0x0b, 22), STR(""), STR(""), key, 42);
	ck_assert_str_eq(hex_of(key, 42), "8da4e775a563c18f715f802a063c5a31"
	    "b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}
END_TEST

static void
leave(int signal_number)
{
	(void)signal_number;
	exit(17);	/* and not abort(), so that gcov sees the child */
}

START_TEST(a_failure_of_openssl_ends_the_process)
{
	enum { TOO_LONG = 255 * SHA256_BYTES + 1 };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		(void)signal(SIGABRT, leave);
		hkdf_sha256(STR("secret"), STR(""), STR(""),
		    arena_alloc(arena, TOO_LONG), TOO_LONG);
		exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 17);
}
END_TEST

START_TEST(comparison_sees_each_bit)
{
	char b[33] = "0123456789abcdef0123456789abcdef";
	struct str a = STR("0123456789abcdef0123456789abcdef");

	ck_assert(str_eq_ct(a, (struct str){ b, 32 }));
	ck_assert(!str_eq_ct(a, (struct str){ b, 31 }));
	ck_assert(str_eq_ct(STR(""), STR_NULL));
	for (int bit = 0; bit < 256; bit++) {
		b[bit / 8] = (char)(b[bit / 8] ^ 1 << bit % 8);
		ck_assert(!str_eq_ct(a, (struct str){ b, 32 }));
		b[bit / 8] = (char)(b[bit / 8] ^ 1 << bit % 8);
	}
}
END_TEST

/* RFC 4648, section 10, without padding, and the two characters of section 5. */
START_TEST(base64url_matches_rfc_4648)
{
	static const struct { const char *plain, *text; } rows[] = {
		{ "", "" }, { "f", "Zg" }, { "fo", "Zm8" }, { "foo", "Zm9v" },
		{ "foob", "Zm9vYg" }, { "fooba", "Zm9vYmE" }, { "foobar", "Zm9vYmFy" },
		{ "\xfb\xff\xbf", "-_-_" },
	};
	struct str plain;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		ck_assert_str(base64url(arena, rows[i].plain, strlen(rows[i].plain)),
		    rows[i].text);
		ck_assert(base64url_decode(arena, str_of(rows[i].text), &plain));
		ck_assert_str(plain, rows[i].plain);
	}
	for (size_t n = 0; n < 300; n++) {
		struct str bytes = { arena_alloc(arena, n), n }, back, text;

		random_bytes((void *)(uintptr_t)bytes.p, n);
		text = base64url(arena, bytes.p, n);
		ck_assert_uint_eq(text.n, BASE64URL_CHARS(n));
		ck_assert_uint_eq(BASE64URL_BYTES(text.n), n);
		ck_assert(base64url_decode(arena, text, &back) && str_eq(back, bytes));
	}
}
END_TEST

START_TEST(base64url_has_one_text_for_one_value)
{
	static const char *const bad[] = { "Z", "Zm9vY", "Zg==", "Zm8=", "Zm9v\n",
		" Zm9v", "Zm+v", "Zm/v", "Zm9=", "Zh", "Zm9vYm1=", "Zm9", "Z\xc3\xa9g",
		"Zm9vYmF", "[m9v", "`m9v", "{m9v", "@m9v", ":m9v" };
	struct str plain = STR("untouched");
	int good = 0;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(!base64url_decode(arena, str_of(bad[i]), &plain), "%s",
		    bad[i]);
	ck_assert(!base64url_decode(arena, STR("Zm\0v"), &plain));
	ck_assert_str(plain, "untouched");
	for (int i = 0; i < 65536; i++) {
		char pair[2] = { (char)(i >> 8), (char)i };

		good += base64url_decode(arena, (struct str){ pair, 2 }, &plain);
	}
	ck_assert_int_eq(good, 256);
}
END_TEST

START_TEST(keys_of_one_master_differ)
{
	static const unsigned char master[KEY_BYTES] = { 1, 2, 3 };
	static const unsigned char other[KEY_BYTES] = { 1, 2, 3, [31] = 1 };
	struct keyring ring, other_ring;

	keyring_init(&ring, master);
	keyring_init(&other_ring, other);
	/* By python: HKDF with an empty salt, info "guest/v1". */
	ck_assert_str_eq(hex_of(keyring_key(&ring, KEY_GUEST).p, KEY_BYTES),
	    "546f3553f35c0fb19f373bb3ab281776b335ce0c27b964332f344a1aca4cea35");
	for (int i = 0; i < KEY_COUNT; i++) {
		for (int j = 0; j < i; j++)
			ck_assert(!str_eq(keyring_key(&ring, i), keyring_key(&ring, j)));
		ck_assert(!str_eq(keyring_key(&ring, i), keyring_key(&other_ring, i)));
	}
	/* As long as libmongocrypt wants it; 96 bytes of the same HKDF, info "seal/v1". */
	ck_assert_str_eq(hex_of(keyring_key(&ring, KEY_SEAL).p,
	    keyring_key(&ring, KEY_SEAL).n), 
	    "994aac99dc9b201041b63d2d7ddf5d3a93af1e85651e3ce1b663fb10e9f05460"
	    "f3d2e6bfa82f849c2085a937d3faab497cc05d50bc7d22932c0f42942a868f62"
	    "6b9b228575427a94d390990470444757b549ab29a1e8e04ab7284c5b8a88d294");
	ck_assert_uint_eq(keyring_key(&ring, KEY_UNLOCK).n, KEY_BYTES);
	keyring_done(&ring);
	for (size_t i = 0; i < sizeof ring; i++)
		ck_assert_int_eq(((unsigned char *)&ring)[i], 0);
}
END_TEST

START_TEST(tokens_come_back)
{
	struct str key = repeated(7, KEY_BYTES), payload;
	static const char *const payloads[] = { "", "a", "id.1790000000", "..", "\x01\xff" };

	for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++) {
		struct str token = token_sign(arena, key, str_of(payloads[i]));

		ck_assert_uint_eq(token.n, strlen(payloads[i]) + 44);
		ck_assert(token_verify(key, token, &payload));
		ck_assert_str(payload, payloads[i]);
		payload = STR("untouched");
		ck_assert(!token_verify(repeated(8, KEY_BYTES), token, &payload));
		ck_assert_str(payload, "untouched");
	}
	ck_assert(token_verify(key, token_sign(arena, key, repeated('x',
	    TOKEN_MAX - 44)), &payload));
}
END_TEST

START_TEST(each_changed_bit_of_a_token_is_refused)
{
	struct str key = repeated(7, KEY_BYTES), payload;
	struct str token = token_sign(arena, key,
	    STR("0190a5b0-0000-7000-8000-000000000000.1790000000"));
	char *p = arena_strz(arena, token);

	for (size_t bit = 0; bit < token.n * 8; bit++) {
		p[bit / 8] = (char)(p[bit / 8] ^ 1 << bit % 8);
		ck_assert_msg(!token_verify(key, (struct str){ p, token.n }, &payload),
		    "bit %zu", bit);
		p[bit / 8] = (char)(p[bit / 8] ^ 1 << bit % 8);
	}
	/* Each other last character, also those with the same decoded bits. */
	for (int c = 0; c < 256; c++) {
		p[token.n - 1] = (char)c;
		ck_assert_int_eq(token_verify(key, (struct str){ p, token.n }, &payload),
		    p[token.n - 1] == token.p[token.n - 1]);
	}
}
END_TEST

START_TEST(cut_and_longer_tokens_are_refused)
{
	struct str key = repeated(7, KEY_BYTES), payload;
	struct str token = token_sign(arena, key, STR("payload"));
	struct str huge = repeated('x', TOKEN_MAX);
	unsigned char mac[SHA256_BYTES];
	static const char *const tails[] = { "=", ".", " ", "A", "\n" };

	for (size_t n = 0; n < token.n; n++) {
		ck_assert(!token_verify(key, str_slice(token, 0, n), &payload));
		if (n > 0)
			ck_assert(!token_verify(key, str_slice(token, n, token.n),
			    &payload));
	}
	for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
		ck_assert(!token_verify(key, arena_printf(arena, "%.*s%s",
		    STR_FMT(token), tails[i]), &payload));
		ck_assert(!token_verify(key, arena_printf(arena, "%s%.*s", tails[i],
		    STR_FMT(token)), &payload));
	}
	/* Even with the right MAC. */
	hmac_sha256(key, str_slice(huge, 0, TOKEN_MAX - 43), mac);
	ck_assert(!token_verify(key, arena_printf(arena, "%.*s.%.*s", TOKEN_MAX - 43,
	    huge.p, STR_FMT(base64url(arena, mac, sizeof mac))), &payload));
	ck_assert(!token_verify(key, repeated('.', 44), &payload));
}
END_TEST

/* The example of ngx_http_secure_link_module's page. */
START_TEST(secure_links_are_nginx_s)
{
	ck_assert_str(token_secure_link(arena,
	    STR("2147483647/s/link127.0.0.1 secret")), "_e4Nc3iduzkWRm01TBBNYw");
}
END_TEST

static const char *
file_of(struct str content, mode_t mode)
{
	static char path[UNIT_PATH];
	int fd = mkstemp(unit_path(path, "crypt-XXXXXX"));

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, content.p, content.n), (ssize_t)content.n);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	ck_assert_int_eq(close(fd), 0);
	return path;
}

#define KEY_TEXT "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eFf"

static void
assert_refused(struct str content, mode_t mode, const char *why)
{
	const char *path = file_of(content, mode);
	unsigned char key[KEY_BYTES] = { 9 };
	struct err err;

	err_init(&err);
	ck_assert_int_eq(secret_read_key(path, key, &err), RC_INTERNAL);
	ck_assert_msg(strstr(err.detail, why) != NULL, "%s, not %s", err.detail, why);
	ck_assert_ptr_null(strstr(err.message, path));
	ck_assert_int_eq(key[0], 9);
	(void)unlink(path);
}

START_TEST(keys_are_read_from_private_files)
{
	static const struct str good[] = { STR_INIT(KEY_TEXT), STR_INIT(KEY_TEXT "\n") };
	unsigned char key[KEY_BYTES];
	struct str text;
	struct err err;

	err_init(&err);
	for (size_t i = 0; i < 2; i++) {
		const char *path = file_of(good[i], i == 0 ? 0600 : 0400);

		ck_assert_int_eq(secret_read_key(path, key, &err), RC_OK);
		ck_assert(key[0] == 0 && key[10] == 10 && key[31] == 0xff);
		ck_assert_int_eq(secret_read_file(arena, path, &text, &err), RC_OK);
		ck_assert_str(text, KEY_TEXT);
		(void)unlink(path);
	}
}
END_TEST

START_TEST(bad_secret_files_are_refused)
{
	static const mode_t open_modes[] = { 0640, 0604, 0620, 0602, 0610, 0601, 0644 };

	for (size_t i = 0; i < sizeof open_modes / sizeof open_modes[0]; i++)
		assert_refused(STR(KEY_TEXT), open_modes[i], "open to group or others");
	assert_refused(STR(""), 0600, "is empty");
	assert_refused(STR("\n"), 0600, "is empty");
	assert_refused(STR(KEY_TEXT "\n\n"), 0600, "one line");
	assert_refused(STR(KEY_TEXT "\0"), 0600, "one line");
	assert_refused(STR(KEY_TEXT "\xff"), 0600, "one line");
	assert_refused(STR(" " KEY_TEXT), 0600, "one line");
	assert_refused(STR(KEY_TEXT "0"), 0600, "64 hexadecimal");
	assert_refused(STR("00"), 0600, "64 hexadecimal");
	assert_refused(repeated('g', 64), 0600, "64 hexadecimal");
	assert_refused(repeated('/', 64), 0600, "64 hexadecimal");
	assert_refused(STR("0g0102030405060708090a0b0c0d0e0f"
	    "101112131415161718191a1b1c1d1e1f"), 0600, "64 hexadecimal");
	assert_refused(repeated('0', SECRET_MAX + 1), 0600, "too long");
}
END_TEST

static void
assert_unreadable(const char *path, const char *why)
{
	unsigned char key[KEY_BYTES];
	struct err err;

	err_init(&err);
	ck_assert_int_eq(secret_read_key(path, key, &err), RC_INTERNAL);
	ck_assert_msg(strstr(err.detail, why) != NULL, "%s, not %s", err.detail, why);
}

START_TEST(what_is_not_a_file_is_refused)
{
	const char *fifo = "check_crypt.fifo";

	assert_unreadable("check_crypt.missing", "No such file");
	assert_unreadable(".", "regular");
	assert_unreadable("/dev/null", "regular");
	(void)unlink(fifo);
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	assert_unreadable(fifo, "regular");
	(void)unlink(fifo);
	/* /proc/self/mem is regular and private, and cannot be read at 0. */
	assert_unreadable("/proc/self/mem", "error");
}
END_TEST

/* RFC 7518, B.3. */
static const char wrap_text[] = "A cipher system must not be required to be secret,"
    " and it must be able to fall into the hands of the enemy without inconvenience";
static const char wrap_aad[] = "The second principle of Auguste Kerckhoffs";

/* Its IV, ciphertext and authentication tag. */
static const char wrap_rfc7518[] =
    "1af38c2dc2b96ffdd86694092341bc044affaaadb78c31c5da4b1b590d10ffbd"
    "3dd8d5d302423526912da037ecbcc7bd822c301dd67c373bccb584ad3e9279c2"
    "e6d12a1374b77f077553df829410446b36ebd97066296ae6427ea75c2e0846a1"
    "1a09ccf5370dc80bfecbad28c73f09b3a3b75e662a2594410ae496b2e2e6609e"
    "31e6e02cc837f053d21f37ff4f51950bbe2638d09dd7a4930930806d0703b1f6"
    "4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5";

START_TEST(what_others_wrapped_is_opened)
{
	struct str plain = STR("untouched"), wrapped, key = counted(0, 64);
	unsigned char bytes[192];

	for (size_t i = 0; i < sizeof bytes; i++)
		(void)sscanf(&wrap_rfc7518[2 * i], "%2hhx", &bytes[i]);
	wrapped = (struct str){ (char *)bytes, sizeof bytes };
	ck_assert(wrap_open(arena, key, str_of(wrap_aad), wrapped, &plain));
	ck_assert_str(plain, wrap_text);
	/* Further bytes of a longer key do not matter, each of the first 64 does. */
	ck_assert(wrap_open(arena, counted(0, 96), str_of(wrap_aad), wrapped, &plain));
	ck_assert(!wrap_open(arena, str_slice(key, 0, 63), str_of(wrap_aad), wrapped,
	    &plain));
}
END_TEST

START_TEST(what_is_wrapped_opens_again)
{
	struct str key = counted(7, 96), no = STR_NULL, last = STR("");

	for (size_t n = 0; n < 200; n++) {
		struct str plain = counted((unsigned char)n, n), back = STR_NULL;
		struct str wrapped = wrap_close(arena, key, no, plain);

		ck_assert_uint_eq(wrapped.n, 16 + (n / 16 + 1) * 16 + 32);
		ck_assert(wrap_open(arena, key, no, wrapped, &back));
		ck_assert(str_eq(back, plain));
		ck_assert(!str_eq(wrapped, last));
		last = wrap_close(arena, key, no, plain);
		ck_assert_msg(!str_eq(wrapped, last), "the same IV twice");
	}
}
END_TEST

START_TEST(what_was_changed_or_cut_does_not_open)
{
	struct str key = counted(7, 64), aad = STR("aad"), back = STR("untouched");
	struct str wrapped = wrap_close(arena, key, aad, counted(0, 96));
	char *p = arena_alloc(arena, wrapped.n), *k = arena_alloc(arena, key.n);

	for (size_t bit = 0; bit < 8 * wrapped.n; bit++) {
		memcpy(p, wrapped.p, wrapped.n);
		p[bit / 8] ^= (char)(1 << bit % 8);
		ck_assert_msg(!wrap_open(arena, key, aad,
		    (struct str){ p, wrapped.n }, &back), "bit %zu", bit);
	}
	for (size_t n = 0; n < wrapped.n; n++)
		ck_assert_msg(!wrap_open(arena, key, aad, str_slice(wrapped, 0, n),
		    &back), "%zu bytes", n);
	for (size_t bit = 0; bit < 8 * WRAP_KEY_BYTES / 2; bit++) {
		memcpy(k, key.p, key.n);
		k[bit / 8] ^= (char)(1 << bit % 8);
		ck_assert(!wrap_open(arena, (struct str){ k, key.n }, aad, wrapped,
		    &back));
	}
	ck_assert(!wrap_open(arena, key, STR("aae"), wrapped, &back));
	ck_assert(!wrap_open(arena, key, STR_NULL, wrapped, &back));
	ck_assert_str(back, "untouched");
}
END_TEST

UNIT_MAIN_FIXTURE("crypt", setup, teardown, digests_match_their_standards,
    hmac_matches_rfc_4231, kept_keys_give_the_same_macs,
    hmac_matches_rfc_4231, hkdf_matches_rfc_5869,
    a_failure_of_openssl_ends_the_process, comparison_sees_each_bit,
    base64url_matches_rfc_4648, base64url_has_one_text_for_one_value,
    keys_of_one_master_differ, tokens_come_back,
    each_changed_bit_of_a_token_is_refused, cut_and_longer_tokens_are_refused,
    secure_links_are_nginx_s, keys_are_read_from_private_files,
    bad_secret_files_are_refused, what_is_not_a_file_is_refused,
    what_others_wrapped_is_opened, what_is_wrapped_opens_again,
    what_was_changed_or_cut_does_not_open)
