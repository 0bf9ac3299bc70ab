#include "config.h"

#include "app/views.h"

#include "app/agents.h"
#include "app/guests.h"
#include "app/limit.h"
#include "app/shares.h"
#include "base/clock.h"
#include "base/ip.h"
#include "base/uuid.h"
#include "crypt/base64url.h"
#include "crypt/share-token.h"
#include "schema/documents.h"
#include "store/views.h"

enum { DAY_S = 24 * 3600, DAY_MS = DAY_S * 1000 };

bool
app_view_is_link(const struct app *app, struct str token)
{
	return share_token_ok(&app->keyring, token);
}

/* --- taking in --------------------------------------------------------------- */

/* The key is one of the day, so that two days of a viewer have nothing in common. */
static struct str
dedupe_id(const struct app *app, struct arena *arena, const struct view *view,
    enum agent_class class)
{
	unsigned char key[SHA256_BYTES], mac[SHA256_BYTES];
	struct str address = app_address_key(arena, view->address);
	struct str agent = class == AGENT_robot ? STR("robot") : view->agent;
	struct buf buf;
	char day[11];

	(void)app_day(day);
	hmac_sha256(keyring_key(&app->keyring, KEY_VIEW), str_of(day), key);
	buf_init(&buf, arena, 256, SIZE_MAX / 2);
	buf_add_str(&buf, view->token);		/* of one length */
	buf_add_str(&buf, address);
	buf_add_char(&buf, '\0');		/* which no address holds */
	buf_add_str(&buf, agent);
	hmac_sha256((struct str){ (const char *)key, sizeof key }, buf_str(&buf),
	    mac);
	return base64url(arena, mac, sizeof mac);
}

/* Never longer than the row. */
static struct str
plain_address(struct arena *arena, struct str address)
{
	struct ip ip;

	return ip_read(address, &ip) ? ip_text(arena, &ip) : STR("");
}

static enum rc
take(struct app *app, struct arena *arena, const struct view *view,
    struct str design_id, struct err *err)
{
	enum agent_class class = agent_class_of(arena, view->agent);
	struct view_dedupe row;
	enum rc rc;

	doc_init(&doc_view_dedupe, &row);
	row.id = dedupe_id(app, arena, view, class);
	row.view_id = uuid_new(arena);
	row.design_id = design_id;
	row.share_token = view->token;
	row.viewer_ip = plain_address(arena, view->address);
	row.viewer_device = str_of(agent_class_word(class));
	row.viewed_at = clock_now_ms();
	rc = views_take(app->store, arena, &row, err);
	if (rc == RC_CONFLICT)
		err_init(err);		/* seen today */
	return err->rc;
}

static enum rc
take_limited(struct app *app, struct arena *arena, const struct view *view,
    struct str design_id, struct err *err)
{
	const struct limit limit = { .name = "view",
		.who = app_address_key(arena, view->address),
		.most = app->conf->view_address_daily, .window_s = DAY_S,
		.amount = 1 };
	enum rc rc = limit_take(app, arena, &limit, err);

	if (rc == RC_OK)
		return take(app, arena, view, design_id, err);
	if (rc != RC_RATE)
		return rc;
	err_init(err);
	metric_add(app->shared, METRIC_views_refused_total, 1);
	return RC_OK;
}

enum rc
app_view_take(struct app *app, struct arena *arena, const struct view *view,
    struct err *err)
{
	struct share_view share;
	enum rc rc;

	if (!app_view_is_link(app, view->token))
		return RC_OK;
	rc = app_share_view(app, arena, view->token, view->unlock, &share, err);
	if (rc == RC_NOT_FOUND)
		err_init(err);
	else if (rc == RC_OK && (share.state == SHARE_OPEN
	    || share.state == SHARE_UNLOCKED)
	    && !str_eq(share.owner_id, view->user_id))
		(void)!take_limited(app, arena, view, share.design_id, err);
	if (err->rc != RC_OK)
		metric_add(app->shared, METRIC_views_lost_total, 1);
	return err->rc;
}

/* --- figures ----------------------------------------------------------------- */

static const struct view_share *
shares_of(struct arena *arena, const struct view_list *list, size_t *ret_n)
{
	struct view_share *shares = arena_many(arena, list->n + 1,
	    struct view_share);

	for (size_t i = 0; i < list->n; i++)
		shares[i] = (struct view_share){ list->items[i].name,
			list->items[i].n };
	*ret_n = list->n;
	return shares;
}

/* Today is the last one. */
static void
fill_days(struct arena *arena, const struct view_list *list, int64_t since_ms,
    struct view_report *report)
{
	report->day = arena_array(arena, (size_t)report->days,
	    sizeof *report->day);
	report->visitors = arena_many(arena, (size_t)report->days, int64_t);
	for (int i = 0; i < report->days; i++) {
		clock_day(since_ms + (int64_t)i * DAY_MS, report->day[i]);
		for (size_t k = 0; k < list->n; k++)
			if (str_eqz(list->items[k].name, report->day[i]))
				report->visitors[i] = list->items[k].n;
	}
}

enum rc
app_views_report(struct app *app, struct arena *arena,
    const struct actor *actor, struct str design_id, int days,
    struct view_report *ret_report, struct err *err)
{
	int64_t now_ms = clock_now_ms();
	int64_t since_ms = now_ms - now_ms % DAY_MS - (int64_t)(days - 1) * DAY_MS;
	struct view_report report = { .days = days };
	struct view_figures figures;
	struct app_share share;
	const struct limit limit = { .name = "share-report",
		.who = actor->owner.user_id,
		.most = app->conf->share_reports_hourly, .window_s = 3600,
		.amount = 1 };

	/* Adding up takes the database longer than anything else that an owner asks. */
	if (app_share_get(app, arena, actor, design_id, &share, err) != RC_OK
	    || limit_take(app, arena, &limit, err) != RC_OK
	    || views_figures(app->store, arena, design_id, share.token, since_ms,
	    &figures, err) != RC_OK)
		return err->rc;
	report.total = share.view_count;
	report.robots = figures.robots;
	report.countries = shares_of(arena, &figures.countries,
	    &report.country_count);
	report.devices = shares_of(arena, &figures.devices, &report.device_count);
	fill_days(arena, &figures.days, since_ms, &report);
	*ret_report = report;
	return RC_OK;
}
