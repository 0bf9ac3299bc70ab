#include "config.h"

#include "oauth/oauth.h"

#include <assert.h>

#include "base/clock.h"
#include "oauth/oauth-driver.h"

enum { VERIFIER_LEAST = 43, VERIFIER_MOST = 128 };

struct oauth {
	struct oauth_client *clients[OAUTH_PROVIDERS];	/* NULL: off */
};

static const struct {
	const char *word, *title;
} rows[OAUTH_PROVIDERS] = {
#define OAUTH_PROVIDER(name, word, title) { word, title },
#include "oauth/providers.def"
#undef OAUTH_PROVIDER
};

const char *
oauth_word(enum oauth_provider provider)
{
	return rows[provider].word;
}

const char *
oauth_title(enum oauth_provider provider)
{
	return rows[provider].title;
}

bool
oauth_provider_of(struct str word, enum oauth_provider *ret_provider)
{
	for (size_t i = 0; i < OAUTH_PROVIDERS; i++)
		if (str_eqz(word, rows[i].word)) {
			*ret_provider = (enum oauth_provider)i;
			return true;
		}
	return false;
}

struct oauth *
oauth_new(struct arena *process_arena)
{
	return arena_one(process_arena, struct oauth);
}

void
oauth_add(struct oauth *oauth, enum oauth_provider provider,
    struct oauth_client *client)
{
	oauth->clients[provider] = client;
}

enum rc
oauth_fail(struct err *err, const struct oauth_call *call, enum rc rc,
    const char *step, const char *word)
{
	const char *title = rows[call->provider].title;

	switch (rc) {
	case RC_SIGN_IN_UNAVAILABLE:
		(void)err_set(err, rc, "%s does not answer as it should. Please try "
		    "again in a while.", title);
		break;
	case RC_SIGN_IN_REFUSED:
		(void)err_set(err, rc, "%s does not confirm this sign-in any more. "
		    "Please begin again.", title);
		break;
	case RC_SIGN_IN_INVALID:
		(void)err_set(err, rc, "What %s said about you could not be verified. "
		    "Please begin again.", title);
		break;
	case RC_FORBIDDEN:
	case RC_MALFORMED:
		(void)err_set(err, rc, "This is not a request of %s.", title);
		break;
	default:
		(void)err_set(err, rc, "Sign-in with %s is not set up correctly here.",
		    title);
		break;
	}
	return call->status == 0 || call->status == 200
	    ? err_detail(err, "%s %s: %s", rows[call->provider].word, step, word)
	    : err_detail(err, "%s %s: %s (HTTP %d)", rows[call->provider].word, step,
	    word, call->status);
}

/* --- the two halves ----------------------------------------------------- */

/* RFC 7636, 4.1. */
static bool
is_verifier(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= 'A' && s.p[i] <= 'Z')
		    || (s.p[i] >= '0' && s.p[i] <= '9')
		    || (s.p[i] != '\0' && strchr("-._~", s.p[i]) != NULL)))
			return false;
	return s.n >= VERIFIER_LEAST && s.n <= VERIFIER_MOST;
}

/* What is left after our part must do for the caller's. */
static int64_t
until(int64_t deadline_ms)
{
	int64_t now_ms = clock_mono_ms(), part_ms = (deadline_ms - now_ms) / 4 * 3;

	return now_ms + (part_ms < OAUTH_MOST_MS ? part_ms : OAUTH_MOST_MS);
}

static enum rc
prepare(struct oauth *oauth, enum oauth_provider provider,
    const struct oauth_flow *flow, struct oauth_call *ret_call, struct err *err)
{
	struct oauth_client *client = oauth == NULL ? NULL : oauth->clients[provider];

	if (client == NULL)
		return err_set(err, RC_NOT_FOUND, "Sign-in with %s is not offered here.",
		    rows[provider].title);
	*ret_call = (struct oauth_call){ .provider = provider, .net = client->net,
		.flow = flow, .scratch = arena_new_wiped() };
	if (flow == NULL)
		return RC_OK;
	/* They are our caller's, not the browser's. */
	assert(flow->redirect_uri.n > 0 && flow->nonce.n > 0
	    && is_verifier(flow->code_verifier));
	ret_call->until_ms = until(flow->deadline_ms);
	return RC_OK;
}

enum rc
oauth_begin(struct oauth *oauth, struct arena *arena, enum oauth_provider provider,
    const struct oauth_flow *flow, struct str *ret_url, struct err *err)
{
	struct oauth_call call;
	struct oauth_client *client;
	struct str url;
	enum rc rc = prepare(oauth, provider, flow, &call, err);

	if (rc != RC_OK)
		return rc;
	assert(flow->state.n > 0);
	client = oauth->clients[provider];
	rc = client->driver->begin(client, &call, &url, err);
	if (rc == RC_OK)
		*ret_url = arena_str(arena, url);
	arena_free(call.scratch);
	return rc;
}

enum rc
oauth_finish(struct oauth *oauth, struct arena *arena, enum oauth_provider provider,
    const struct oauth_flow *flow, struct str code, struct str iss,
    struct oauth_identity *ret_identity, struct err *err)
{
	struct oauth_identity identity = { .issuer = STR_NULL };
	struct oauth_call call;
	struct oauth_client *client;
	enum rc rc = prepare(oauth, provider, flow, &call, err);

	if (rc != RC_OK)
		return rc;
	client = oauth->clients[provider];
	rc = code.n == 0 || code.n > OAUTH_CODE_MAX
	    ? oauth_fail(err, &call, RC_SIGN_IN_REFUSED, "code", "size")
	    : client->driver->finish(client, &call, arena, code, iss, &identity, err);
	if (rc == RC_OK)
		*ret_identity = identity;
	arena_free(call.scratch);
	return rc;
}

enum rc
oauth_read_signed(struct oauth *oauth, struct arena *arena,
    enum oauth_provider provider, struct str signed_request,
    struct oauth_signed *ret_signed, struct err *err)
{
	struct oauth_call call;
	struct oauth_client *client;
	enum rc rc = prepare(oauth, provider, NULL, &call, err);

	if (rc != RC_OK)
		return rc;
	client = oauth->clients[provider];
	rc = client->driver->read_signed == NULL
	    ? err_set(err, RC_NOT_FOUND, "%s sends no such requests.",
	    rows[provider].title)
	    : client->driver->read_signed(client, &call, arena, signed_request,
	    ret_signed, err);
	arena_free(call.scratch);
	return rc;
}

/* --- "error=" ----------------------------------------------------------- */

/* RFC 6749, 4.1.2.1; OpenID Connect Core 1.0, 3.1.2.6; Facebook says the first. */
enum oauth_return
oauth_return_of(struct str error)
{
	static const struct {
		const char *word;
		enum oauth_return meaning;
	} words[] = {
		{ "access_denied", OAUTH_CANCELLED },
		{ "interaction_required", OAUTH_CANCELLED },
		{ "login_required", OAUTH_CANCELLED },
		{ "account_selection_required", OAUTH_CANCELLED },
		{ "consent_required", OAUTH_CANCELLED },
		{ "temporarily_unavailable", OAUTH_LATER },
		{ "server_error", OAUTH_LATER },
		{ "invalid_request", OAUTH_SETUP },
		{ "unauthorized_client", OAUTH_SETUP },
		{ "unsupported_response_type", OAUTH_SETUP },
		{ "invalid_scope", OAUTH_SETUP },
		{ "redirect_uri_mismatch", OAUTH_SETUP },
	};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (str_eqz(error, words[i].word))
			return words[i].meaning;
	return OAUTH_UNKNOWN;
}
