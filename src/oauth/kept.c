#include "config.h"

#include "oauth/kept.h"

#include "base/clock.h"

void
kept_init(struct kept *kept)
{
	*kept = (struct kept){ .arena = arena_new() };
}

void
kept_done(struct kept *kept)
{
	arena_free(kept->arena);
}

static void
keep(struct kept *kept, const struct oauth_reply *reply)
{
	int64_t now_ms = clock_mono_ms(), fresh_ms = reply->fresh_ms;

	if (fresh_ms < KEPT_LEAST_MS)
		fresh_ms = KEPT_LEAST_MS;
	if (fresh_ms > KEPT_MOST_MS)
		fresh_ms = KEPT_MOST_MS;
	arena_reset(kept->arena);
	kept->text = arena_str(kept->arena, reply->body);
	kept->fresh_until_ms = now_ms + fresh_ms;
	kept->until_ms = now_ms + KEPT_MOST_MS;
}

static enum rc
fetch(struct kept *kept, struct oauth_call *call,
    const struct oauth_request *request, kept_judge *judge, void *object,
    struct err *err)
{
	struct oauth_reply reply;
	const char *fault;

	if (oauth_exchange(call, request, &reply, err) != RC_OK)
		return err->rc;
	if (reply.status != 200 || reply.json == NULL)
		return oauth_fail(err, call, RC_SIGN_IN_UNAVAILABLE, request->step,
		    "bad_reply");
	fault = judge(call->scratch, reply.body, object);
	if (fault != NULL)
		return oauth_fail(err, call, RC_SIGN_IN_INVALID, request->step, fault);
	keep(kept, &reply);
	return RC_OK;
}

/* Whether to ask, which counts as asked. */
static bool
is_due(struct kept *kept, enum kept_flags flags)
{
	int64_t now_ms = clock_mono_ms();

	if (kept->text.p == NULL)
		return true;
	if (now_ms >= kept->fresh_until_ms) {
		/* If that fails, the old one does for a while. */
		kept->fresh_until_ms = now_ms + KEPT_PAUSE_MS;
		return true;
	}
	if (!(flags & KEPT_RENEW) || (kept->renewed_ms != 0
	    && now_ms < kept->renewed_ms + KEPT_PAUSE_MS))
		return false;
	kept->renewed_ms = now_ms;
	return true;
}

enum rc
kept_get(struct kept *kept, struct oauth_call *call,
    const struct oauth_request *request, kept_judge *judge, void *object,
    enum kept_flags flags, struct str *ret_text, struct err *err)
{
	int status = call->status;
	struct err own;

	if (kept->text.p != NULL && clock_mono_ms() >= kept->until_ms)
		kept->text = STR_NULL;
	err_init(&own);
	if (is_due(kept, flags) && fetch(kept, call, request, judge, object, &own)
	    != RC_OK && kept->text.p == NULL) {
		(void)err_set(err, own.rc, "%s", own.message);
		return err_detail(err, "%s", own.detail);
	}
	call->status = status;	/* what is told later is not of this */
	*ret_text = arena_str(call->scratch, kept->text);
	return RC_OK;
}
