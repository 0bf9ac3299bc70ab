#include "config.h"

#include "store/views.h"

#include "store/db.h"

enum { MOST_MS = 4000, MOST_GROUPS = 1000 };

/* One pass over the index for all of them; days are those of UTC. */
#define COUNT_BY(expression) "[{\"$match\":{\"viewer_device\":{\"$ne\":\"robot\"}}}," \
	"{\"$group\":{\"_id\":" expression ",\"n\":{\"$sum\":1}}}," \
	"{\"$sort\":{\"n\":-1,\"_id\":1}},{\"$limit\":1000}]"

static const char facets[] = "{\"$facet\":{"
    "\"days\":" COUNT_BY("{\"$dateToString\":{\"date\":\"$viewed_at\","
    "\"format\":\"%%Y-%%m-%%d\"}}") ","
    "\"countries\":" COUNT_BY("\"$viewer_country\"") ","
    "\"devices\":" COUNT_BY("\"$viewer_device\"") ","
    "\"robots\":[{\"$match\":{\"viewer_device\":\"robot\"}},"
    "{\"$group\":{\"_id\":null,\"n\":{\"$sum\":1}}}]}}";

static const bson_t *
aggregate(struct arena *arena, struct str design_id, struct str share_token,
    int64_t since_ms)
{
	bson_t *command = db_bson(arena), stages, stage, match, since;

	BSON_APPEND_UTF8(command, "aggregate", "shared_designs_access");
	BSON_APPEND_ARRAY_BEGIN(command, "pipeline", &stages);
	BSON_APPEND_DOCUMENT_BEGIN(&stages, "0", &stage);
	BSON_APPEND_DOCUMENT_BEGIN(&stage, "$match", &match);
	bson_add_str(&match, "design_id", design_id);
	BSON_APPEND_DOCUMENT_BEGIN(&match, "viewed_at", &since);
	BSON_APPEND_DATE_TIME(&since, "$gte", since_ms);
	bson_append_document_end(&match, &since);
	bson_add_str(&match, "share_token", share_token);
	bson_append_document_end(&stage, &match);
	bson_append_document_end(&stages, &stage);
	BSON_APPEND_DOCUMENT(&stages, "1", db_json(arena, facets));
	bson_append_array_end(command, &stages);
	BSON_APPEND_UTF8(command, "hint", "by_design_time");
	BSON_APPEND_DOCUMENT(command, "cursor", db_bson(arena));
	BSON_APPEND_INT32(command, "maxTimeMS", MOST_MS);
	return command;
}

static struct view_figure
read_figure(const bson_iter_t *group)
{
	struct view_figure figure = { STR_NULL, 0 };
	bson_iter_t it;
	uint32_t n;

	if (!BSON_ITER_HOLDS_DOCUMENT(group) || !bson_iter_recurse(group, &it))
		return figure;
	while (bson_iter_next(&it))
		if (strcmp(bson_iter_key(&it), "n") == 0)
			figure.n = bson_iter_as_int64(&it);
		else if (BSON_ITER_HOLDS_UTF8(&it)) {
			figure.name.p = bson_iter_utf8(&it, &n);
			figure.name.n = n;
		}
	return figure;
}

/* The reply lives as long as the arena, and so do the names. */
static struct view_list
read_list(struct arena *arena, const bson_t *reply, const char *facet)
{
	struct view_list list = { .items = arena_many(arena, MOST_GROUPS,
		struct view_figure) };
	bson_iter_t it, found, group;

	if (bson_iter_init(&it, reply) && bson_iter_find_descendant(&it,
	    arena_printf(arena, "cursor.firstBatch.0.%s", facet).p, &found)
	    && BSON_ITER_HOLDS_ARRAY(&found) && bson_iter_recurse(&found, &group))
		while (list.n < MOST_GROUPS && bson_iter_next(&group))
			list.items[list.n++] = read_figure(&group);
	return list;
}

enum rc
views_figures(struct store *store, struct arena *arena, struct str design_id,
    struct str share_token, int64_t since_ms, struct view_figures *ret_figures,
    struct err *err)
{
	const bson_t *reply;
	struct view_list robots;

	if (db_read(store, arena, aggregate(arena, design_id, share_token,
	    since_ms), &reply, err) != RC_OK)
		return err->rc;
	ret_figures->days = read_list(arena, reply, "days");
	ret_figures->countries = read_list(arena, reply, "countries");
	ret_figures->devices = read_list(arena, reply, "devices");
	robots = read_list(arena, reply, "robots");
	ret_figures->robots = robots.n == 1 ? robots.items[0].n : 0;
	return RC_OK;
}
