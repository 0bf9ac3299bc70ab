#include "config.h"

#include "api/cursor.h"

#include "app/lists.h"
#include "base/uuid.h"
#include "codec/url.h"
#include "schema/documents.h"

/* The list that a cursor belongs to, as one text. */
static struct str
list_of(struct call *call)
{
	static const char *const filters[] = { "folder_id", "is_favorite", "q",
		"gem_type", "metal", "deleted", "sort" };
	struct buf buf;

	buf_init(&buf, call->arena, 256, 16 * 1024);
	buf_add_str(&buf, call->actor.principal);
	for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
		buf_add_char(&buf, '\n');
		buf_add_str(&buf, call_param(call, filters[i]));
	}
	return buf_str(&buf);
}

enum rc
cursor_read(struct call *call, struct designs_query *query, struct err *err)
{
	struct str cursor = call_param(call, "cursor"), payload, at;

	if (cursor.p == NULL)
		return RC_OK;
	if (!app_cursor_open(call->app, call->arena, list_of(call), cursor,
	    &payload))
		return err_set(err, RC_BAD_CURSOR,
		    "The cursor is not one of this list; begin without one.");
	at = str_cut(&payload, '.');
	query->after_id = payload;
	if (!str_to_i64(at, &query->after_ms) || !uuid_is(query->after_id))
		return err_set(err, RC_BAD_CURSOR, "The cursor is not understood.");
	return RC_OK;
}

struct str
cursor_make(struct call *call, const struct designs_query *query,
    struct str last_doc)
{
	struct str id;
	int64_t ms = TIME_NULL;

	if (!doc_peek_str(last_doc, "_id", &id) || !uuid_is(id))
		return STR_NULL;
	(void)doc_peek_time(last_doc, query->sort == BY_UPDATED_DESC
	    ? "updated_at" : "created_at", &ms);
	return app_cursor_seal(call->app, call->arena, list_of(call),
	    arena_printf(call->arena, "%lld.%.*s", (long long)ms, STR_FMT(id)));
}

void
cursor_link(struct call *call, struct str cursor)
{
	struct buf buf;

	buf_init(&buf, call->arena, 512, 8 * 1024);
	buf_addz(&buf, "</v1/designs");
	for (size_t i = 0; i < call->query.n; i++) {
		const struct pair *pair = &call->query.rows[i];

		if (!str_eqz(pair->name, "cursor"))
			buf_add_param(&buf, arena_strz(call->arena, pair->name),
			    pair->value);
	}
	buf_add_param(&buf, "cursor", cursor);
	buf_addz(&buf, ">; rel=\"next\"");
	http_header(call->response, "Link", buf_str(&buf));
}
