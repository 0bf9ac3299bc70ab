#include "config.h"

#include "oauth/oauth-http.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "crypt/base64url.h"
#include "crypt/hash.h"
#include "net/net.h"

enum {
	EXCHANGE_MOST_MS = 5000,	/* one of the two or three of a sign-in */
	FRESH_MOST_S = 1000000000,	/* of any header; callers have their own */
	WORD_MAX = 40
};

/* --- an exchange -------------------------------------------------------- */

/* curl's own words are kept for what happens before anything is sent: they name no
 * more than a host. Later ones might show an address with a token in it. */
static enum rc
not_answered(const struct oauth_call *call, const char *step,
    const struct net_result *got, struct err *err)
{
	enum net_outcome outcome = got->outcome;
	bool before = outcome == NET_RESOLVE || outcome == NET_CONNECT
	    || outcome == NET_TLS || outcome == NET_FORBIDDEN;

	(void)oauth_fail(err, call, RC_SIGN_IN_UNAVAILABLE, step, before
	    && got->detail.n > 0 ? arena_strz(call->scratch, arena_printf(call->scratch,
	    "%s (%.*s)", net_outcome_word(outcome), STR_FMT(got->detail)))
	    : net_outcome_word(outcome));
	return err->rc;
}

static int64_t
left_ms(const struct oauth_call *call)
{
	int64_t left = call->until_ms - clock_mono_ms();

	return left < EXCHANGE_MOST_MS ? left : EXCHANGE_MOST_MS;
}

static enum rc
start(struct oauth_call *call, const struct oauth_request *request,
    struct net_call **ret_call, struct err *err)
{
	static const struct net_header headers[] = {
		{ STR_INIT("Accept"), STR_INIT("application/json") },
		{ STR_INIT("Content-Type"),
		    STR_INIT("application/x-www-form-urlencoded") },
	};
	struct net_request *wanted = arena_one(call->scratch, struct net_request);
	struct err own;

	/* A code is good for one use: its request must not be sent again. */
	*wanted = (struct net_request){
		.method = request->form.p == NULL ? "GET" : "POST",
		.url = request->url, .body = request->form,
		.flags = (request->configured ? NET_CONFIGURED : 0u)
		    | (request->form.p == NULL ? 0u : NET_ONCE),
		.headers = headers, .header_count = request->form.p == NULL ? 1 : 2,
		.timeout_ms = left_ms(call), .max_response_bytes = OAUTH_REPLY_MAX,
		.headers_wanted = { "Cache-Control", "Age" },
	};
	err_init(&own);
	if (wanted->timeout_ms <= 0)
		return oauth_fail(err, call, RC_SIGN_IN_UNAVAILABLE, request->step,
		    "timeout");
	if (net_start(call->net, call->scratch, wanted, ret_call, &own) != RC_OK)
		return oauth_fail(err, call, RC_SIGN_IN_UNAVAILABLE, request->step,
		    "cannot_send");
	return RC_OK;
}

enum rc
oauth_exchange(struct oauth_call *call, const struct oauth_request *request,
    struct oauth_reply *ret_reply, struct err *err)
{
	struct net_call *net_call;
	const struct net_result *got;
	struct err own;

	call->status = 0;
	if (start(call, request, &net_call, err) != RC_OK)
		return err->rc;
	got = net_result(net_call);
	while (got->outcome == NET_RUNNING)
		(void)net_wait(call->net, EXCHANGE_MOST_MS);
	if (got->outcome != NET_OK)
		return not_answered(call, request->step, got, err);
	call->status = got->status;
	err_init(&own);
	*ret_reply = (struct oauth_reply){ .status = got->status, .body = got->body,
		.fresh_ms = oauth_fresh_ms(got->headers[0], got->headers[1]) };
	if (json_parse(call->scratch, got->body, &ret_reply->json, &own) != RC_OK
	    || ret_reply->json->type != JSON_T_OBJECT)
		ret_reply->json = NULL;
	return RC_OK;
}

struct str
oauth_form(const struct buf *buf)
{
	struct str s = buf_str(buf);

	return s.n == 0 ? s : str_slice(s, 1, s.n);
}

struct str
oauth_challenge(struct arena *arena, struct str verifier)
{
	unsigned char digest[SHA256_BYTES];

	sha256(verifier, digest);
	return base64url(arena, digest, sizeof digest);
}

int64_t
oauth_fresh_ms(struct str cache_control, struct str age)
{
	static const struct str max_age = STR_INIT("max-age=");
	int64_t fresh_s = -1, age_s = 0, value;

	while (cache_control.p != NULL) {
		struct str part = str_trim(str_cut(&cache_control, ','));

		if (str_eq_nocase(part, STR("no-store"))
		    || str_eq_nocase(part, STR("no-cache")))
			return 0;
		if (part.n > max_age.n
		    && str_eq_nocase(str_slice(part, 0, max_age.n), max_age)
		    && str_to_i64(str_slice(part, max_age.n, part.n), &value)
		    && value >= 0 && fresh_s < 0)
			fresh_s = value < FRESH_MOST_S ? value : FRESH_MOST_S;
	}
	if (fresh_s < 0)
		return -1;
	if (age.p != NULL && str_to_i64(str_trim(age), &value) && value > 0)
		age_s = value < fresh_s ? value : fresh_s;
	return (fresh_s - age_s) * 1000;
}

/* --- members ------------------------------------------------------------ */

struct str
oauth_get_str(const struct json_value *object, const char *name)
{
	const struct json_value *value = json_get(object, name);

	return value != NULL && value->type == JSON_T_STRING ? value->string
	    : STR_NULL;
}

bool
oauth_get_int(const struct json_value *object, const char *name,
    int64_t *ret_value)
{
	const struct json_value *value = json_get(object, name);

	if (value == NULL || value->type != JSON_T_INT)
		return false;
	*ret_value = value->integer;
	return true;
}

struct str
oauth_get_id(struct arena *arena, const struct json_value *object, const char *name)
{
	int64_t number;

	return oauth_get_int(object, name, &number)
	    ? arena_printf(arena, "%lld", (long long)number)
	    : oauth_get_str(object, name);
}

const char *
oauth_plain_word(struct arena *arena, struct str word)
{
	for (size_t i = 0; i < word.n; i++)
		if (!((word.p[i] >= 'a' && word.p[i] <= 'z')
		    || (word.p[i] >= '0' && word.p[i] <= '9')
		    || (word.p[i] != '\0' && strchr("_.-", word.p[i]) != NULL)))
			return "other";
	return word.n == 0 || word.n > WORD_MAX ? "other" : arena_strz(arena, word);
}

struct str
oauth_email(struct arena *arena, struct str email)
{
	size_t at = str_find(email, '@');

	if (at == 0 || at + 1 >= email.n || email.n > OAUTH_EMAIL_MAX
	    || str_find(email, ' ') < email.n || utf8_has_controls(email, false))
		return STR_NULL;
	return arena_str(arena, email);
}

struct str
oauth_name(struct arena *arena, struct str name)
{
	struct str head = str_trim(utf8_head(str_trim(name), OAUTH_NAME_MAX));

	return head.n == 0 || utf8_has_controls(head, false) ? STR_NULL
	    : arena_str(arena, head);
}

struct str
oauth_picture(struct arena *arena, struct str url)
{
	if (url.n > OAUTH_PICTURE_MAX || !str_starts(url, STR("https://")))
		return STR_NULL;
	for (size_t i = 0; i < url.n; i++)
		if (url.p[i] <= ' ' || url.p[i] > '~' || strchr("\"'<>\\`", url.p[i]) != NULL)
			return STR_NULL;
	return arena_str(arena, url);
}
