#include "config.h"

#include "schema/documents.h"
#include "store/db.h"
#include "store/users.h"

static const char collection[] = "users";

/* A counter holds for its month or day; afterwards it stands for 0, and so does a
 * poisoned one. Both periods are made once for each expression: dates cost the server
 * more than all the rest of it. */
#define MONTH "{\"$dateToString\":{\"date\":\"$$NOW\",\"format\":\"%Y-%m\"}}"
#define DAY "{\"$dateToString\":{\"date\":\"$$NOW\",\"format\":\"%Y-%m-%d\"}}"
#define PERIODS(in) \
	"{\"$let\":{\"vars\":{\"month\":" MONTH ",\"day\":" DAY "},\"in\":" in "}}"
#define STAT(name) "$usage_stats." name
#define VALID(name, period) \
	"{\"$cond\":[{\"$and\":[{\"$eq\":[\"" STAT(period) "\",\"$$" period "\"]}," \
	"{\"$isNumber\":\"" STAT(name) "\"},{\"$gte\":[\"" STAT(name) "\",0]}]}," \
	"\"" STAT(name) "\",{\"$toLong\":0}]}"
#define TOTAL(name) \
	"{\"$cond\":[{\"$isNumber\":\"" STAT(name) "\"},\"" STAT(name) "\"," \
	"{\"$toLong\":0}]}"
#define DESIGNS_MONTH VALID("designs_this_month", "month")
#define DESIGNS_DAY VALID("designs_today", "day")
#define REFINEMENTS_MONTH VALID("refinements_this_month", "month")
#define REFINEMENTS_DAY VALID("refinements_today", "day")

/* What is derived at each read (schema: tier, expires_at). */
#define PREMIUM \
	"{\"$and\":[{\"$eq\":[\"$subscription.tier\",\"premium\"]}," \
	"{\"$or\":[{\"$eq\":[\"$subscription.expires_at\",null]}," \
	"{\"$gt\":[\"$subscription.expires_at\",\"$$NOW\"]}]}]}"
#define LIMIT(name) "{\"$cond\":[" PREMIUM ",\"$$premium_" name "\",\"$$free_" name "\"]}"
#define UNDER(counter, name) "{\"$lt\":[" counter "," LIMIT(name) "]}"
#define ADD(counter, n) "{\"$add\":[" counter "," n "]}"
#define ONE "{\"$toLong\":1}"

/* Only what is taken is held to its limit. */
static const char designs_if[] = "{\"$expr\":" PERIODS("{\"$and\":["
    UNDER(DESIGNS_MONTH, "month") "," UNDER(DESIGNS_DAY, "day") "]}") "}";
static const char refinements_if[] = "{\"$expr\":" PERIODS("{\"$and\":["
    UNDER(REFINEMENTS_MONTH, "month") "," UNDER(REFINEMENTS_DAY, "day") "]}") "}";

#define UPDATE(designs_month, designs_day, refinements_month, refinements_day, more) \
	"[{\"$set\":{\"usage_stats\":" PERIODS("{\"$mergeObjects\":[\"$usage_stats\"," \
	"{\"month\":\"$$month\",\"day\":\"$$day\"," \
	"\"designs_this_month\":" designs_month ",\"designs_today\":" designs_day "," \
	"\"refinements_this_month\":" refinements_month "," \
	"\"refinements_today\":" refinements_day more "}]}") "}}]"
static const char generation_update[] = UPDATE(ADD(DESIGNS_MONTH, ONE),
    ADD(DESIGNS_DAY, ONE), REFINEMENTS_MONTH, REFINEMENTS_DAY, "");
static const char design_update[] = UPDATE(ADD(DESIGNS_MONTH, ONE),
    ADD(DESIGNS_DAY, ONE), REFINEMENTS_MONTH, REFINEMENTS_DAY,
    ",\"total_designs_created\":" ADD(TOTAL("total_designs_created"), ONE)
    ",\"last_design_created_at\":\"$$NOW\"");
static const char refinement_update[] = UPDATE(DESIGNS_MONTH, DESIGNS_DAY,
    ADD(REFINEMENTS_MONTH, ONE), ADD(REFINEMENTS_DAY, ONE),
    ",\"total_refinements_used\":" ADD(TOTAL("total_refinements_used"), ONE));

/* What a kind takes: parsed once a process. */
static struct {
	const char *condition, *update;
	bson_t *parsed_condition, *parsed_update;
} kinds[] = {
	[CHARGE_DESIGN] = { designs_if, design_update, NULL, NULL },
	[CHARGE_GENERATION] = { designs_if, generation_update, NULL, NULL },
	[CHARGE_REFINEMENT] = { refinements_if, refinement_update, NULL, NULL },
};

static const char charged_fields[] = "{\"usage_stats\":1,\"subscription\":1}";

static void
add_limits(bson_t *variables, enum users_charge_kind kind,
    const struct users_limits *free, const struct users_limits *premium)
{
	bool refines = kind == CHARGE_REFINEMENT;

	BSON_APPEND_INT64(variables, "free_month",
	    refines ? free->refinements_month : free->designs_month);
	BSON_APPEND_INT64(variables, "free_day",
	    refines ? free->refinements_day : free->designs_day);
	BSON_APPEND_INT64(variables, "premium_month",
	    refines ? premium->refinements_month : premium->designs_month);
	BSON_APPEND_INT64(variables, "premium_day",
	    refines ? premium->refinements_day : premium->designs_day);
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
	static bson_t *parsed_fields;
	bson_t *filter = db_bson(arena), *variables = db_bson(arena);
	const struct db_modify modify = { .collection = collection,
		.filter = filter, .variables = variables, .flags = DB_PIPELINE,
		.update = db_json_once(&kinds[kind].parsed_update,
		kinds[kind].update),
		.fields = db_json_once(&parsed_fields, charged_fields) };
	struct str doc;

	bson_add_str(filter, "_id", id);
	BSON_APPEND_NULL(filter, "disabled_at");
	(void)bson_concat(filter, db_json_once(&kinds[kind].parsed_condition,
	    kinds[kind].condition));
	add_limits(variables, kind, free, premium);
	if (db_find_and_modify(store, arena, &modify, &doc, err) != RC_OK)
		return err->rc;
	if (doc.p == NULL)
		return explain(store, arena, id, kind, ret_user, err);
	doc_read(&doc_user, doc, ret_user, arena);
	return RC_OK;
}

enum rc
users_charge_all(struct store *store, struct arena *arena, const struct str *ids,
    size_t n, enum users_charge_kind kind, const struct users_limits *free,
    const struct users_limits *premium, struct user *ret_users, struct err *err)
{
	static bson_t *parsed_fields;
	bson_t *filter = db_bson(arena), *variables = db_bson(arena);
	struct str *docs = arena_many(arena, n, struct str);
	int64_t matched;

	bson_add_in(filter, "_id", ids, n);
	BSON_APPEND_NULL(filter, "disabled_at");
	(void)bson_concat(filter, db_json_once(&kinds[kind].parsed_condition,
	    kinds[kind].condition));
	add_limits(variables, kind, free, premium);
	if (db_update_all(store, arena, collection, filter,
	    db_json_once(&kinds[kind].parsed_update, kinds[kind].update), variables,
	    &matched, err) != RC_OK)
		return err->rc;
	if (matched != (int64_t)n)
		return err_set(err, RC_QUOTA, "Not all of these have one left.");
	if (db_get_all(store, arena, collection, ids, n,
	    db_json_once(&parsed_fields, charged_fields), docs, err) != RC_OK)
		return err->rc;
	for (size_t i = 0; i < n; i++)
		doc_read(&doc_user, docs[i], &ret_users[i], arena);
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
	    UPDATE(DESIGNS_MONTH, DESIGNS_DAY, REFINEMENTS_MONTH, REFINEMENTS_DAY,
	    "")), DB_MULTI | DB_PIPELINE, ret_changed, err);
}
