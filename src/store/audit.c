#include "config.h"

#include "store/audit.h"

#include "schema/documents.h"
#include "store/db.h"

static const char collection[] = "audit_log";

enum rc
audit_insert(struct store *store, struct arena *arena,
    const struct audit_event *event, struct err *err)
{
	return db_insert(store, arena, collection,
	    doc_to_bson(&doc_audit_event, event, arena), err);
}

enum rc
audit_find(struct store *store, struct arena *arena,
    const struct audit_query *query, struct str *ret_docs, size_t *ret_n,
    struct err *err)
{
	bson_t *filter = db_bson(arena), from;
	const struct db_find find = { .collection = collection, .filter = filter,
		.sort = db_json(arena, "{\"_id\":-1}"), .limit = query->limit };

	if (query->user_id.p != NULL)
		bson_add_str(filter, "user_id", query->user_id);
	if (query->kind.p != NULL)
		bson_add_str(filter, "kind", query->kind);
	if (query->from_id.p != NULL) {
		BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &from);
		bson_add_str(&from, "$gte", query->from_id);
		bson_append_document_end(filter, &from);
	}
	return db_find(store, arena, &find, ret_docs, ret_n, err);
}

struct str
audit_first_id(struct arena *arena, int64_t ms)
{
	return arena_printf(arena, "%08llx-%04llx-0000-0000-000000000000",
	    (unsigned long long)ms >> 16, (unsigned long long)ms & 0xffff);
}
