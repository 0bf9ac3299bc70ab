/*
 * flaky.h - a provider for tests: wraps another and fails on demand.
 *
 * A script is a list of steps with commas between: WHEN:WHAT or WHEN:WHAT:MS.
 * WHEN is the number of a call since the opening (1 is the first), "*" for every
 * call, or "each N" for the N-th call of every slot (slots are told apart by
 * seed, variation and prompt; a retry has the same). The first step that fits a
 * call holds. WHAT is one of
 *
 *	ok		as the wrapped provider does
 *	retry		RETRY "unavailable"
 *	rate_limited	RETRY "rate_limited", retry_after_ms = MS
 *	timeout		RETRY "timeout"
 *	killed		RETRY "killed"
 *	refused		REFUSED "image_safety"
 *	failed		FAILED "bad_output"
 *	alarm		FAILED "no_renderer" with alarm
 *	damaged		OK with bytes that are no picture
 *	hang		never ends unless it is cancelled
 *	exit		the process ends at once, as if it had crashed
 *
 * For all but rate_limited MS is how long it takes before it happens. Example:
 * "2:retry,3:refused,4:timeout:50,each 1:retry".
 */
#ifndef BEZEL_PROVIDER_FLAKY_H
#define BEZEL_PROVIDER_FLAKY_H

#include "provider/provider.h"

/* Takes `inner` over: closing the one closes the other. RC_INVALID: the script
 * is not understood, err says where. */
enum rc provider_flaky_open(struct arena *process_arena, struct provider *inner,
    struct str script, struct provider **ret_provider, struct err *err) must_use;

/* How many calls were started. */
int provider_flaky_calls(const struct provider *provider);

#endif
