#include "config.h"

#include "provider/gemini-fate.h"

#include <limits.h>

#include "base/utf8.h"
#include "provider/gemini-json.h"

static const char setup[] =
	"The picture service is not set up correctly." TELL_OPERATOR;
static const char busy[] = "The picture service is busy.";
static const char faulty[] = "The picture service has a fault.";
static const char account[] =
	"The picture service is not available at the moment." TELL_OPERATOR;

/* The first row that fits: status from..to, then error.status and the reason of an
 * ErrorInfo where the row names them. 429 has functions of its own. */
static const struct error_status_row {
	int from, to;
	const char *status, *info;
	struct gemini_fate fate;
} errors[] = {
	{ 300, 399, NULL, NULL, { PROVIDER_FAILED, "bad_endpoint", setup, true, -1 } },
	{ 400, 403, NULL, "API_KEY_INVALID",
	    { PROVIDER_FAILED, "bad_key", setup, true, -1 } },
	{ 400, 400, "FAILED_PRECONDITION", NULL,
	    { PROVIDER_FAILED, "precondition", account, true, -1 } },
	{ 401, 401, NULL, NULL, { PROVIDER_FAILED, "bad_key", setup, true, -1 } },
	{ 403, 403, NULL, NULL, { PROVIDER_FAILED, "key_denied", setup, true, -1 } },
	{ 404, 404, "NOT_FOUND", NULL,
	    { PROVIDER_FAILED, "model_gone", setup, true, -1 } },
	{ 404, 405, NULL, NULL, { PROVIDER_FAILED, "bad_endpoint", setup, true, -1 } },
	{ 408, 408, NULL, NULL, { PROVIDER_RETRY, "timeout", busy, false, -1 } },
	{ 413, 413, NULL, NULL, { PROVIDER_FAILED, "request_too_large",
	    "The pictures of this request are too large.", false, -1 } },
	{ 400, 499, NULL, NULL, { PROVIDER_FAILED, "bad_request",
	    "The picture service does not accept this request." CHANGE_WORDS, false, -1 } },
	{ 502, 502, NULL, NULL, { PROVIDER_RETRY, "bad_gateway", busy, false, -1 } },
	{ 503, 503, NULL, NULL, { PROVIDER_RETRY, "unavailable", busy, false, -1 } },
	{ 504, 504, NULL, NULL, { PROVIDER_RETRY, "deadline", busy, false, 1 } },
	{ 500, 599, NULL, NULL, { PROVIDER_RETRY, "server_error", faulty, false, -1 } },
	{ INT_MIN, INT_MAX, NULL, NULL, { PROVIDER_RETRY, "bad_reply", faulty, false, -1 } },
};

static const struct gemini_fate rate_limited = { PROVIDER_RETRY, "rate_limited", busy, false, -1 };
static const struct gemini_fate quota_day = { PROVIDER_FAILED, "quota_day", account, true, -1 };
static const struct gemini_fate billing = { PROVIDER_FAILED, "billing", account, true, -1 };

void
gemini_set_fate(struct provider_result *result, const struct gemini_fate *fate)
{
	result->outcome = fate->outcome;
	result->reason = str_of(fate->reason);
	result->message = str_of(fate->message);
	result->alarm = result->alarm || fate->alarm;
	result->attempts_left_at_most = fate->attempts_left;
	result->retry_after_ms = 0;
}

static bool
holds(struct str text, const char *word)
{
	return str_contains_nocase(text, str_of(word));
}

bool
gemini_duration(struct str text, int64_t *ret_ms)
{
	static const struct { struct str name; int64_t us; } units[] = {
		{ STR_INIT("ms"), 1000 }, { STR_INIT("h"), 3600000000 },
		{ STR_INIT("m"), 60000000 }, { STR_INIT("s"), 1000000 },
	};
	int64_t total = 0;
	bool any = false;

	while (text.n > 0 && text.p[0] >= '0' && text.p[0] <= '9') {
		int64_t whole = 0, millionths = 0, scale = 100000;
		size_t i = 0, u = 0;

		for (; i < text.n && text.p[i] >= '0' && text.p[i] <= '9'; i++)
			if ((whole = whole * 10 + (text.p[i] - '0')) > 1000000)
				return false;
		if (i < text.n && text.p[i] == '.')
			for (i++; i < text.n && text.p[i] >= '0' && text.p[i] <= '9'; i++) {
				millionths += (text.p[i] - '0') * scale;
				scale /= 10;
			}
		text = str_slice(text, i, text.n);
		while (u < 4 && !str_starts(text, units[u].name))
			u++;
		if (u == 4)
			return false;
		if (total > INT64_C(1000000000000000))
			return false;
		total += whole * units[u].us + millionths * (units[u].us / 1000) / 1000;
		text = str_slice(text, units[u].name.n, text.n);
		any = true;
	}
	if (!any)
		return false;
	*ret_ms = (total + 999) / 1000;
	return true;
}

/* The member of error.details whose @type ends so. */
static const struct json_value *
detail_of(const struct json_value *error, const char *type)
{
	for (const struct json_value *v = gemini_first(gemini_get(error, "details")); v != NULL;
	    v = v->next)
		if (holds(gemini_get_str(v, "@type"), type))
			return v;
	return NULL;
}

static bool
is_day_quota(const struct json_value *error)
{
	const struct json_value *failure = detail_of(error, "google.rpc.QuotaFailure");

	for (const struct json_value *v = gemini_first(gemini_get(failure, "violations"));
	    v != NULL; v = v->next)
		if (holds(gemini_get_str(v, "quotaId"), "PerDay"))
			return true;
	return false;
}

/* "Your prepayment credits are depleted" comes without details; a quota that is
 * used up talks of billing too, so that word says nothing. */
static bool
is_billing(const struct json_value *error)
{
	static const char *const words[] = { "credit", "prepay", "depleted", "spending" };
	struct str message = gemini_get_str(error, "message");

	if (gemini_first(gemini_get(error, "details")) != NULL)
		return false;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (holds(message, words[i]))
			return true;
	return false;
}

/* What follows "retry in " in a message, or null. */
static struct str
told_in_message(struct str message)
{
	static const struct str lead = STR_INIT("retry in ");

	for (size_t i = 0; i + lead.n <= message.n; i++)
		if (str_eq_nocase(str_slice(message, i, i + lead.n), lead))
			return str_slice(message, i + lead.n, message.n);
	return STR_NULL;
}

static int64_t
retry_delay(const struct json_value *error, const struct gemini_reply *reply)
{
	const struct json_value *info = detail_of(error, "google.rpc.RetryInfo");
	int64_t ms = GEMINI_RETRY_UNTOLD_MS, s;

	if (!gemini_duration(gemini_get_str(info, "retryDelay"), &ms)
	    && !gemini_duration(told_in_message(gemini_get_str(error, "message")), &ms)
	    && str_to_i64(reply->retry_after, &s) && s >= 0)
		ms = s < GEMINI_RETRY_MOST_MS / 1000 ? s * 1000 : GEMINI_RETRY_MOST_MS;
	return ms < GEMINI_RETRY_LEAST_MS ? GEMINI_RETRY_LEAST_MS
	    : ms > GEMINI_RETRY_MOST_MS ? GEMINI_RETRY_MOST_MS : ms;
}

static const struct gemini_fate *
error_fate(int status, const struct json_value *error)
{
	struct str word = gemini_get_str(error, "status");
	struct str info = gemini_get_str(detail_of(error, "google.rpc.ErrorInfo"), "reason");
	const struct error_status_row *row = errors;

	if (status == 429)
		return is_billing(error) ? &billing : is_day_quota(error) ? &quota_day
		    : &rate_limited;
	while (status < row->from || status > row->to
	    || (row->status != NULL && !str_eqz(word, row->status))
	    || (row->info != NULL && !str_eqz(info, row->info)))
		row++;
	return &row->fate;
}

void
gemini_read_error(struct arena *arena, int status, const struct json_value *error,
    const struct gemini_reply *reply, struct provider_result *result)
{
	struct str word = utf8_head(gemini_get_str(error, "status"), 60);
	struct str message = utf8_head(gemini_get_str(error, "message"), 400);

	gemini_set_fate(result, error_fate(status, error));
	if (status == 429 && result->outcome == PROVIDER_RETRY)
		result->retry_after_ms = retry_delay(error, reply);
	result->detail = arena_printf(arena, "HTTP %d %.*s: %.*s", status,
	    STR_FMT(word), STR_FMT(message));
}
