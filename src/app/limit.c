#include "config.h"

#include "app/limit.h"

#include "base/clock.h"
#include "crypt/hash.h"
#include "store/counters.h"

/* Addresses and e-mails are personal data: their hash counts as well. */
static struct str
key_of(struct arena *arena, const struct limit *limit)
{
	return arena_printf(arena, "%s|%.32s|%lld", limit->name,
	    sha256_hex(arena, limit->who).p,
	    (long long)(clock_now_ms() / 1000 / limit->window_s));
}

static int64_t
end_of_window_s(const struct limit *limit)
{
	int64_t now_s = clock_now_ms() / 1000;

	return (now_s / limit->window_s + 1) * limit->window_s - now_s;
}

enum rc
limit_take(struct app *app, struct arena *arena, const struct limit *limit,
    struct err *err)
{
	int64_t left_s = end_of_window_s(limit);
	enum rc rc = counter_take(app->store, arena, key_of(arena, limit),
	    limit->amount, limit->most, clock_now_ms() + (left_s + 60) * 1000, err);

	if (rc != RC_QUOTA)
		return rc;
	err_init(err);
	err->retry_after_s = (int)left_s;
	metric_add(app->shared, METRIC_limit_refusals_total, 1);
	return err_set(err, RC_RATE, "Too many attempts; try again in %lld s.",
	    (long long)left_s);
}

void
limit_give_back(struct app *app, struct arena *arena, const struct limit *limit)
{
	struct err ignored;

	/* If it fails, the counter says one too much until its window ends. */
	err_init(&ignored);
	(void)!counter_give_back(app->store, arena, key_of(arena, limit),
	    limit->amount, &ignored);
}

enum rc
limits_take(struct app *app, struct arena *arena, const struct limit *limits,
    size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (limit_take(app, arena, &limits[i], err) == RC_OK)
			continue;
		limits_give_back(app, arena, limits, i);
		return err->rc;
	}
	return RC_OK;
}

void
limits_give_back(struct app *app, struct arena *arena, const struct limit *limits,
    size_t n)
{
	for (size_t i = 0; i < n; i++)
		limit_give_back(app, arena, &limits[i]);
}
