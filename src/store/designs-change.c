#include "config.h"

#include "store/designs-change.h"

#include "store/designs-filter.h"
#include "store/designs.h"

#define TOKEN "share_settings.share_token"
#define IS_TEXT "{\"$eq\":[{\"$type\":\"$" TOKEN "\"},\"string\"]}"

/* Pictures and refinements are only ever added; which of them is shown, current_version
 * says. */
static const char *const unseen[] = { "user_id", "guest_session_id",
	"generated_images", "selected_image_id", "refinements", "folder_id",
	"is_favorite", "metadata", "deleted_at", "generation_id" };

static bool
is_seen(const char *key)
{
	struct str rest = str_of(key), first = str_cut(&rest, '.');

	for (size_t i = 0; i < sizeof unseen / sizeof unseen[0]; i++)
		if (str_eqz(first, unseen[i]))
			return false;
	return true;
}

bool
designs_shows(struct str set)
{
	bson_t fields;
	bson_iter_t it;

	if (!bson_init_static(&fields, (const uint8_t *)set.p, set.n)
	    || !bson_iter_init(&it, &fields))
		die("designs_shows: not BSON");
	while (bson_iter_next(&it))
		if (is_seen(bson_iter_key(&it)))
			return true;
	return false;
}

/* {$ne: [what it is, what it becomes]} */
static void
add_differs(bson_t *list, struct arena *arena, const char *index,
    const bson_iter_t *field)
{
	const char *key = bson_iter_key(field);
	bson_t differs, pair;

	BSON_APPEND_DOCUMENT_BEGIN(list, index, &differs);
	BSON_APPEND_ARRAY_BEGIN(&differs, "$ne", &pair);
	BSON_APPEND_UTF8(&pair, "0", arena_printf(arena, "$%s", key).p);
	bson_append_iter(&pair, "1", -1, field);
	bson_append_array_end(&differs, &pair);
	bson_append_document_end(list, &differs);
}

/* Whether any of the fields that links show becomes another; 0 of them: not at all. */
static size_t
add_any_differs(bson_t *condition, struct arena *arena, const bson_t *fields)
{
	bson_iter_t it;
	size_t n = 0;
	bson_t list;

	BSON_APPEND_ARRAY_BEGIN(condition, "$or", &list);
	if (!bson_iter_init(&it, fields))
		die("designs_change: not BSON");
	while (bson_iter_next(&it)) {
		char index[16];

		if (!is_seen(bson_iter_key(&it)))
			continue;
		(void)snprintf(index, sizeof index, "%zu", n++);
		add_differs(&list, arena, index, &it);
	}
	bson_append_array_end(condition, &list);
	return n;
}

/* link_changed_at: {$cond: [{$and: [a link, another value]}, the next, as it is]} */
static void
add_link_time(bson_t *to, struct arena *arena, const bson_t *fields)
{
	bson_t *differs = db_bson(arena), next, cond, both, and;
	bson_iter_t token;

	if (add_any_differs(differs, arena, fields) == 0)
		return;
	BSON_APPEND_DOCUMENT_BEGIN(to, "link_changed_at", &next);
	BSON_APPEND_ARRAY_BEGIN(&next, "$cond", &cond);
	BSON_APPEND_DOCUMENT_BEGIN(&cond, "0", &both);
	BSON_APPEND_ARRAY_BEGIN(&both, "$and", &and);
	/* Who sets the token makes a link. */
	if (bson_iter_init_find(&token, fields, TOKEN))
		BSON_APPEND_BOOL(&and, "0", true);
	else
		BSON_APPEND_DOCUMENT(&and, "0", db_json(arena, "%s", IS_TEXT));
	BSON_APPEND_DOCUMENT(&and, "1", differs);
	bson_append_array_end(&both, &and);
	bson_append_document_end(&cond, &both);
	BSON_APPEND_DOCUMENT(&cond, "1", db_json(arena, "%s",
	    NEXT_TIME("link_changed_at")));
	BSON_APPEND_DOCUMENT(&cond, "2", db_json(arena,
	    "{\"$ifNull\":[\"$link_changed_at\",null]}"));
	bson_append_array_end(&next, &cond);
	bson_append_document_end(to, &next);
}

static bson_t *
pipeline_of(struct arena *arena, const bson_t *fields)
{
	bson_t *pipeline = db_bson(arena), stage, set;

	BSON_APPEND_DOCUMENT_BEGIN(pipeline, "0", &stage);
	BSON_APPEND_DOCUMENT_BEGIN(&stage, "$set", &set);
	(void)bson_concat(&set, fields);
	(void)bson_concat(&set, db_json(arena, "{\"updated_at\":%s}",
	    NEXT_UPDATED_AT));
	add_link_time(&set, arena, fields);
	bson_append_document_end(&stage, &set);
	bson_append_document_end(pipeline, &stage);
	return pipeline;
}

enum rc
designs_change(struct store *store, struct arena *arena, const bson_t *filter,
    const bson_t *fields, enum db_update_flags flags, int64_t *ret_matched,
    struct err *err)
{
	return db_update(store, arena, DESIGNS, filter,
	    pipeline_of(arena, fields), flags | DB_PIPELINE, ret_matched, err);
}

enum rc
designs_change_one(struct store *store, struct arena *arena,
    const bson_t *filter, const bson_t *fields, struct str *ret_doc,
    struct err *err)
{
	const struct db_modify modify = { .collection = DESIGNS,
		.filter = filter, .update = pipeline_of(arena, fields),
		.flags = DB_PIPELINE };

	if (db_find_and_modify(store, arena, &modify, ret_doc, err) != RC_OK)
		return err->rc;
	return ret_doc->p != NULL ? RC_OK
	    : err_set(err, RC_NOT_FOUND, "There is no such design.");
}
