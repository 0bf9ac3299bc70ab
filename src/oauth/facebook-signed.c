#include "config.h"

#include "oauth/facebook.h"

#include "crypt/base64url.h"
#include "crypt/hash.h"
#include "oauth/oauth-http.h"

enum { MAC_CHARS = BASE64URL_CHARS(SHA256_BYTES), LEEWAY_S = 60 };

static bool
is_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0 && s.n <= OAUTH_SUBJECT_MAX;
}

static bool
is_signed_with(struct str secret, struct str signature, struct str payload)
{
	unsigned char mac[SHA256_BYTES];
	char text[MAC_CHARS];
	struct buf buf = { .p = text, .room = sizeof text, .max = sizeof text };

	hmac_sha256(secret, payload, mac);
	buf_add_base64url(&buf, mac, sizeof mac);
	return str_eq_ct(buf_str(&buf), signature);
}

/* expires is 0 or missing for what does not end. */
static const char *
judge_times(const struct json_value *json, int64_t now_s, int64_t *ret_issued_at_s)
{
	int64_t issued_at_s, expires_s = 0;

	if (!oauth_get_int(json, "issued_at", &issued_at_s)
	    || issued_at_s > now_s + LEEWAY_S)
		return "issued_at";
	if (json_get(json, "expires") != NULL
	    && (!oauth_get_int(json, "expires", &expires_s)
	    || (expires_s != 0 && expires_s <= now_s - LEEWAY_S)))
		return "expires";
	*ret_issued_at_s = issued_at_s;
	return NULL;
}

static const char *
read_payload(struct arena *arena, struct arena *scratch, struct str payload,
    int64_t now_s, struct oauth_signed *ret_signed)
{
	const struct json_value *json;
	const char *failed;
	struct str text, user_id;
	struct err err;
	int64_t issued_at_s;

	err_init(&err);
	if (!base64url_decode(scratch, payload, &text)
	    || json_parse(scratch, text, &json, &err) != RC_OK
	    || json->type != JSON_T_OBJECT)
		return "payload";
	if (!str_eqz(oauth_get_str(json, "algorithm"), "HMAC-SHA256"))
		return "algorithm";
	user_id = oauth_get_id(scratch, json, "user_id");
	if (!is_digits(user_id))
		return "user_id";
	failed = judge_times(json, now_s, &issued_at_s);
	if (failed == NULL)
		*ret_signed = (struct oauth_signed){ .issuer = STR(FACEBOOK_ISSUER),
			.subject = arena_str(arena, user_id),
			.issued_at_s = issued_at_s };
	return failed;
}

const char *
facebook_read_signed(struct arena *arena, struct str app_secret, struct str text,
    int64_t now_s, struct oauth_signed *ret_signed)
{
	struct str payload = text, signature = str_cut(&payload, '.');
	struct arena *scratch;
	const char *failed;

	if (text.n > FACEBOOK_SIGNED_MAX)
		return "size";
	if (payload.p == NULL || payload.n == 0)
		return "form";
	if (!is_signed_with(app_secret, signature, payload))
		return "signature";
	scratch = arena_new();
	failed = read_payload(arena, scratch, payload, now_s, ret_signed);
	arena_free(scratch);
	return failed;
}
