#include "config.h"

#include "schema/documents.h"
#include "store/db.h"
#include "store/users.h"

static const char collection[] = "users";

/* A counter holds for its month or day; afterwards it stands for 0, and so does a
 * poisoned one. */
#define MONTH "{\"$dateToString\":{\"date\":\"$$NOW\",\"format\":\"%Y-%m\"}}"
#define DAY "{\"$dateToString\":{\"date\":\"$$NOW\",\"format\":\"%Y-%m-%d\"}}"
#define STAT(name) "$usage_stats." name
#define VALID(name, period, now) \
	"{\"$cond\":[{\"$and\":[{\"$eq\":[\"" STAT(period) "\"," now "]}," \
	"{\"$isNumber\":\"" STAT(name) "\"},{\"$gte\":[\"" STAT(name) "\",0]}]}," \
	"\"" STAT(name) "\",{\"$toLong\":0}]}"
#define TOTAL(name) \
	"{\"$cond\":[{\"$isNumber\":\"" STAT(name) "\"},\"" STAT(name) "\"," \
	"{\"$toLong\":0}]}"
#define DESIGNS_MONTH VALID("designs_this_month", "month", MONTH)
#define DESIGNS_DAY VALID("designs_today", "day", DAY)
#define REFINEMENTS_MONTH VALID("refinements_this_month", "month", MONTH)
#define REFINEMENTS_DAY VALID("refinements_today", "day", DAY)

/* What is derived at each read (schema: tier, expires_at). */
#define PREMIUM \
	"{\"$and\":[{\"$eq\":[\"$subscription.tier\",\"premium\"]}," \
	"{\"$or\":[{\"$eq\":[\"$subscription.expires_at\",null]}," \
	"{\"$gt\":[\"$subscription.expires_at\",\"$$NOW\"]}]}]}"
#define LIMIT(name) "{\"$cond\":[" PREMIUM ",\"$$premium_" name "\",\"$$free_" name "\"]}"
#define UNDER(counter, taken, name) \
	"{\"$or\":[{\"$eq\":[\"$$" taken "\",0]},{\"$lt\":[" counter "," LIMIT(name) "]}]}"

/* What is not taken (0) is not held to its limit. */
static const char charge_if[] = "{\"$expr\":{\"$and\":["
    UNDER(DESIGNS_MONTH, "designs", "designs_month") ","
    UNDER(DESIGNS_DAY, "designs", "designs_day") ","
    UNDER(REFINEMENTS_MONTH, "refinements", "refinements_month") ","
    UNDER(REFINEMENTS_DAY, "refinements", "refinements_day") "]}}";

static const char charge_update[] = "[{\"$set\":{"
    "\"usage_stats.month\":" MONTH ",\"usage_stats.day\":" DAY ","
    "\"usage_stats.designs_this_month\":{\"$add\":[" DESIGNS_MONTH ",\"$$designs\"]},"
    "\"usage_stats.designs_today\":{\"$add\":[" DESIGNS_DAY ",\"$$designs\"]},"
    "\"usage_stats.refinements_this_month\":"
    "{\"$add\":[" REFINEMENTS_MONTH ",\"$$refinements\"]},"
    "\"usage_stats.refinements_today\":{\"$add\":[" REFINEMENTS_DAY ",\"$$refinements\"]},"
    "\"usage_stats.total_designs_created\":"
    "{\"$add\":[" TOTAL("total_designs_created") ",\"$$new_designs\"]},"
    "\"usage_stats.total_refinements_used\":"
    "{\"$add\":[" TOTAL("total_refinements_used") ",\"$$refinements\"]},"
    "\"usage_stats.last_design_created_at\":{\"$cond\":[{\"$eq\":[\"$$new_designs\",1]},"
    "\"$$NOW\",\"" STAT("last_design_created_at") "\"]}}}]";

static void
add_limits(bson_t *variables, const char *tier, const struct users_limits *limits)
{
	const struct {
		const char *name;
		int64_t value;
	} rows[] = {
		{ "designs_month", limits->designs_month },
		{ "designs_day", limits->designs_day },
		{ "refinements_month", limits->refinements_month },
		{ "refinements_day", limits->refinements_day },
	};
	char key[40];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		(void)snprintf(key, sizeof key, "%s_%s", tier, rows[i].name);
		BSON_APPEND_INT64(variables, key, rows[i].value);
	}
}

/* Nothing matched: say why. */
static enum rc
explain(struct store *store, struct arena *arena, struct str id,
    enum users_charge_kind kind, struct user *ret_user, struct err *err)
{
	enum rc rc = users_get(store, arena, id, ret_user, NULL, err);

	if (rc == RC_NOT_FOUND || (rc == RC_OK
	    && ret_user->disabled_at != TIME_NULL))
		return err_set(err, RC_NO_SESSION, "This account is closed.");
	if (rc != RC_OK)
		return rc;
	return err_set(err, RC_QUOTA, "The %s of your plan are used up for now.",
	    kind == CHARGE_REFINEMENT ? "refinements" : "designs");
}

enum rc
users_charge(struct store *store, struct arena *arena, struct str id,
    enum users_charge_kind kind, const struct users_limits *free,
    const struct users_limits *premium, struct user *ret_user, struct err *err)
{
	static bson_t *parsed_if, *parsed_update, *parsed_fields;
	bson_t *filter = db_bson(arena), *variables = db_bson(arena);
	const struct db_modify modify = { .collection = collection,
		.filter = filter, .variables = variables, .flags = DB_PIPELINE,
		.update = db_json_once(&parsed_update, charge_update),
		.fields = db_json_once(&parsed_fields,
		"{\"usage_stats\":1,\"subscription\":1}") };
	struct str doc;

	bson_add_str(filter, "_id", id);
	BSON_APPEND_NULL(filter, "disabled_at");
	(void)bson_concat(filter, db_json_once(&parsed_if, charge_if));
	BSON_APPEND_INT64(variables, "designs", kind != CHARGE_REFINEMENT);
	BSON_APPEND_INT64(variables, "new_designs", kind == CHARGE_DESIGN);
	BSON_APPEND_INT64(variables, "refinements", kind == CHARGE_REFINEMENT);
	add_limits(variables, "free", free);
	add_limits(variables, "premium", premium);
	if (db_find_and_modify(store, arena, &modify, &doc, err) != RC_OK)
		return err->rc;
	if (doc.p == NULL)
		return explain(store, arena, id, kind, ret_user, err);
	doc_init(&doc_user, ret_user);
	(void)doc_from_bson(&doc_user, doc, ret_user, arena, NULL);
	return RC_OK;
}

#define LESS(name, if) \
	"\"usage_stats." name "\":{\"$cond\":[{\"$and\":[" if "," \
	"{\"$gt\":[\"" STAT(name) "\",0]}]},{\"$subtract\":[\"" STAT(name) "\",1]}," \
	"\"" STAT(name) "\"]}"
#define SAME_MONTH "{\"$eq\":[\"" STAT("month") "\",\"%.7s\"]}"
#define SAME_DAY "{\"$eq\":[\"" STAT("day") "\",\"%s\"]}"

/* Designs stay made; a refinement that gave nothing was none. */
enum rc
users_give_back(struct store *store, struct arena *arena, struct str id,
    enum users_charge_kind kind, const char *day, struct err *err)
{
	bson_t *filter = db_bson(arena), *update;

	bson_add_str(filter, "_id", id);
	if (kind == CHARGE_REFINEMENT)
		update = db_json(arena, "[{\"$set\":{"
		    LESS("refinements_this_month", SAME_MONTH) ","
		    LESS("refinements_today", SAME_DAY) ","
		    LESS("total_refinements_used", "true") "}}]", day, day);
	else
		update = db_json(arena, "[{\"$set\":{"
		    LESS("designs_this_month", SAME_MONTH) ","
		    LESS("designs_today", SAME_DAY) "}}]", day, day);
	return db_update(store, arena, collection, filter, update, DB_PIPELINE,
	    NULL, err);
}

/* Users whose month is over, found by nothing but a scan: a few hundred at a time,
 * once a day. */
enum rc
users_tidy_usage(struct store *store, struct arena *arena, int limit,
    int64_t *ret_changed, struct err *err)
{
	const struct db_find find = { .collection = collection,
		.filter = db_json(arena, "%s", "{\"$expr\":{\"$and\":["
		"{\"$ne\":[{\"$ifNull\":[\"" STAT("month") "\",null]},null]},"
		"{\"$ne\":[\"" STAT("month") "\"," MONTH "]}]}}"),
		.projection = db_json(arena, "{\"_id\":1}"), .limit = limit };
	struct str *docs = arena_many(arena, (size_t)limit, struct str), *ids;
	bson_t *filter = db_bson(arena);
	size_t n;

	if (db_find(store, arena, &find, docs, &n, err) != RC_OK)
		return err->rc;
	*ret_changed = 0;
	if (n == 0)
		return RC_OK;
	ids = arena_many(arena, n, struct str);
	for (size_t i = 0; i < n; i++)
		(void)doc_peek_str(docs[i], "_id", &ids[i]);
	bson_add_in(filter, "_id", ids, n);
	return db_update(store, arena, collection, filter, db_json(arena, "%s",
	    "[{\"$set\":{\"usage_stats.designs_this_month\":" DESIGNS_MONTH ","
	    "\"usage_stats.refinements_this_month\":" REFINEMENTS_MONTH ","
	    "\"usage_stats.designs_today\":" DESIGNS_DAY ","
	    "\"usage_stats.refinements_today\":" REFINEMENTS_DAY ","
	    "\"usage_stats.month\":" MONTH ",\"usage_stats.day\":" DAY "}}]"),
	    DB_MULTI | DB_PIPELINE, ret_changed, err);
}
