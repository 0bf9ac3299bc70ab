#include "config.h"

#include "store/designs.h"

#include "schema/documents.h"
#include "store/designs-change.h"
#include "store/designs-filter.h"

#define SUM(field, add) "\"metadata." field "\":{\"$add\":[{\"$cond\":[" \
	"{\"$isNumber\":\"$metadata." field "\"},\"$metadata." field "\",0]}," add "]}"
#define ADD_COST SUM("total_generation_cost", "%.9f") "," \
	SUM("total_generation_time", "%.3f")

/* One picture into its array of at most `most`: {array: concat, current_version,
 * metadata}. current_version becomes the first
 * picture, then follows each refinement. */
static enum rc
land(struct store *store, struct arena *arena, struct str id, const char *array,
    int most, const char *id_key, struct str image_id, struct str item,
    const char *version, double cost_usd, double seconds, bool *ret_landed,
    struct err *err)
{
	bson_t *filter = db_json(arena, "{\"_id\":\"%.*s\","
	    NOT_BURIED ",\"%s.%s\":{\"$ne\":"
	    "\"%.*s\"},\"%s.%d\":{\"$exists\":false}}", STR_FMT(id), array, id_key,
	    STR_FMT(image_id), array, most - 1);
	bson_t *fields = db_bson(arena), concat, list, literal;
	bson_t item_bson;
	char path[64];
	int64_t matched;

	if (!bson_init_static(&item_bson, (const uint8_t *)item.p, item.n))
		die("designs: not BSON");
	(void)snprintf(path, sizeof path, "$%s", array);
	BSON_APPEND_DOCUMENT_BEGIN(fields, array, &concat);
	BSON_APPEND_ARRAY_BEGIN(&concat, "$concatArrays", &list);
	/* What is no array holds no picture. */
	BSON_APPEND_DOCUMENT(&list, "0", db_json(arena, "{\"$cond\":["
	    "{\"$isArray\":[\"%s\"]},\"%s\",[]]}", path, path));
	BSON_APPEND_DOCUMENT_BEGIN(&list, "1", &literal);
	{
		bson_t one = BSON_INITIALIZER;

		BSON_APPEND_DOCUMENT(&one, "0", &item_bson);
		BSON_APPEND_ARRAY(&literal, "$literal", &one);
		bson_destroy(&one);
	}
	bson_append_document_end(&list, &literal);
	bson_append_array_end(&concat, &list);
	bson_append_document_end(fields, &concat);
	(void)bson_concat(fields, db_json(arena,
	    "{\"current_version\":%s," ADD_COST "}", version, cost_usd, seconds));
	if (designs_change(store, arena, filter, fields, 0, &matched, err)
	    != RC_OK)
		return err->rc;
	*ret_landed = matched == 1;
	return RC_OK;
}

enum rc
designs_land_image(struct store *store, struct arena *arena, struct str id,
    const struct generated_image *image, double cost_usd, double seconds,
    bool *ret_landed, struct err *err)
{
	struct str version = arena_printf(arena,
	    "{\"$ifNull\":[\"$current_version\",{\"type\":\"original\","
	    "\"image_id\":\"%.*s\"}]}", STR_FMT(image->image_id));

	return land(store, arena, id, "generated_images", DESIGN_IMAGES_MAX,
	    "image_id", image->image_id,
	    doc_to_bson(&doc_generated_image, image, arena),
	    version.p, cost_usd, seconds, ret_landed, err);
}

enum rc
designs_land_refinement(struct store *store, struct arena *arena, struct str id,
    const struct refinement *refinement, double cost_usd, double seconds,
    bool *ret_landed, struct err *err)
{
	struct str version = arena_printf(arena,
	    "{\"type\":\"refinement\",\"image_id\":\"%.*s\"}",
	    STR_FMT(refinement->refinement_id));

	return land(store, arena, id, "refinements", DESIGN_REFINEMENTS_MAX,
	    "refinement_id", refinement->refinement_id,
	    doc_to_bson(&doc_refinement, refinement, arena), version.p,
	    cost_usd, seconds, ret_landed, err);
}

enum rc
designs_add_cost(struct store *store, struct arena *arena, struct str id,
    double cost_usd, double seconds, struct err *err)
{
	bson_t *filter = db_bson(arena);

	bson_add_str(filter, "_id", id);
	return db_update(store, arena, DESIGNS, filter, db_json(arena,
	    "[{\"$set\":{" ADD_COST "}}]", cost_usd, seconds), DB_PIPELINE, NULL,
	    err);
}
