#include "config.h"

#include "fuzz.h"

#include "codec/json.h"
#include "schema/documents.h"

static const struct doc *const docs[] = { &doc_design, &doc_folder,
	&doc_body_generation, &doc_body_refinement, &doc_body_select };

/* What a document needs to be stored and does not come from a client. */
static void
complete(struct design *d)
{
	d->id = STR("0190a5b0-0000-7000-8000-000000000000");
	d->created_at = d->updated_at = 1;
}

/* What the decoder takes, the store's reader takes too. */
static void
check_stored(struct arena *arena, struct design *d)
{
	struct design back;
	struct err err;
	struct str bson;

	complete(d);
	bson = doc_to_bson(&doc_design, d, arena);
	err_init(&err);
	doc_init(&doc_design, &back);
	assert(doc_from_bson(&doc_design, bson, &back, arena, &err) == 0);
	assert(str_eq(doc_to_bson(&doc_design, &back, arena), bson));
}

static const struct json_value *
parse(struct arena *arena, struct str text)
{
	const struct json_value *v = NULL;
	struct err err;

	err_init(&err);
	return json_parse(arena, text, &v, &err) == RC_OK ? v : NULL;
}

static void
check_faults(const struct err *err)
{
	assert(err->rc == RC_INVALID);
	for (const struct fault *f = err->faults; f != NULL; f = f->next)
		assert((f->pointer.n == 0 || f->pointer.p[0] == '/')
		    && f->code[0] != '\0' && f->detail.n > 0);
}

static const char good[] =
    "{\"original_prompt\":\"a ring\",\"gem_data\":{\"type\":\"Ruby\","
    "\"cut\":\"Oval\",\"color\":\"red\",\"transparency\":\"Transparent\"},"
    "\"material_preferences\":{\"metals\":[\"Rose Gold\"]}}";

/* As a new design, and as a patch of a good one. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *arena = fuzz_arena();
	const struct json_value *v = parse(arena, fuzz_str(data, n)), *base;
	struct design d;
	struct err err;

	if (v == NULL)
		return 0;
	err_init(&err);
	doc_init(&doc_design, &d);
	if (doc_decode(&doc_design, v, DECODE_NEW, &d, arena, &err) == RC_OK)
		check_stored(arena, &d);
	else
		check_faults(&err);
	base = parse(arena, str_of(good));
	err_init(&err);
	doc_init(&doc_design, &d);
	assert(doc_decode(&doc_design, base, DECODE_NEW, &d, arena, &err) == RC_OK);
	d.present = 0;
	if (doc_decode(&doc_design, v, DECODE_EDIT, &d, arena, &err) == RC_OK)
		check_stored(arena, &d);
	else
		check_faults(&err);
	for (size_t i = 1; i < sizeof docs / sizeof docs[0]; i++) {
		void *object = arena_alloc(arena, docs[i]->size);

		err_init(&err);
		doc_init(docs[i], object);
		if (doc_decode(docs[i], v, DECODE_NEW, object, arena, &err) != RC_OK)
			check_faults(&err);
	}
	return 0;
}
