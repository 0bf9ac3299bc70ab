#include "config.h"

#include "api/cursor.h"

#include "app/lists.h"
#include "codec/json.h"
#include "codec/url.h"
#include "schema/documents.h"

/* The list that a cursor belongs to, as one text. */
static struct str
list_of(struct call *call, const char *const *filters)
{
	struct buf buf;

	buf_init(&buf, call->arena, 256, 16 * 1024);
	buf_add_str(&buf, call->actor.principal);
	buf_printf(&buf, "\n%s\n", call->route->name);
	buf_add_str(&buf, call->id);
	for (; *filters != NULL; filters++) {
		buf_add_char(&buf, '\n');
		buf_add_str(&buf, call_param(call, *filters));
	}
	return buf_str(&buf);
}

enum rc
cursor_bad(struct err *err)
{
	return err_set(err, RC_BAD_CURSOR, "The cursor is not understood.");
}

enum rc
cursor_open(struct call *call, const char *const *filters,
    struct str *ret_payload, struct err *err)
{
	struct str cursor = call_param(call, "cursor");

	*ret_payload = STR_NULL;
	if (cursor.p == NULL)
		return RC_OK;
	return app_cursor_open(call->app, call->arena, list_of(call, filters),
	    cursor, ret_payload) ? RC_OK : err_set(err, RC_BAD_CURSOR,
	    "The cursor is not one of this list; begin without one.");
}

struct str
cursor_seal(struct call *call, const char *const *filters, struct str payload)
{
	return app_cursor_seal(call->app, call->arena, list_of(call, filters),
	    payload);
}

struct str
cursor_by_id(struct call *call, const char *const *filters,
    const struct str *docs, size_t *n, int limit)
{
	struct str last;

	if (*n <= (size_t)limit)
		return STR_NULL;
	*n = (size_t)limit;
	/* Sorted by it, so whatever it is marks the place. */
	return doc_peek_str(docs[*n - 1], "_id", &last)
	    ? cursor_seal(call, filters, last) : STR_NULL;
}

static void
add_link(struct call *call, struct str cursor)
{
	struct buf buf;

	buf_init(&buf, call->arena, 512, 8 * 1024);
	buf_add_char(&buf, '<');
	buf_add_str(&buf, call->request->path);
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

void
cursor_page(struct call *call, const struct doc *doc, const struct str *docs,
    size_t n, page_member *more, struct str cursor)
{
	struct buf *body = &call->response->body;
	size_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += docs[i].n;
	(void)buf_reserve(body, bytes * 5 / 4 + 4096);
	buf_addz(body, "{\"items\":[");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_add_char(body, ',');
		add_document(call, body, doc, docs[i], more == NULL ? STR_NULL
		    : more(call, docs[i]));
	}
	buf_addz(body, "],\"next_cursor\":");
	if (cursor.p == NULL) {
		buf_addz(body, "null}");
	} else {
		buf_add_json(body, cursor);
		buf_add_char(body, '}');
		add_link(call, cursor);
	}
	reply_json(call, body);
}
