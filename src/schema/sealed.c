#include "config.h"

#include "schema/schema.h"

static bool
is_sealed(const struct field *field)
{
	return field->type == FIELD_SEALED
	    || (field->type == FIELD_LIST && field->item == FIELD_SEALED);
}

/* Appends to list->items, unless that is NULL: then it only counts. */
static void
add_paths(const struct doc *doc, struct str prefix, struct str_list *list,
    struct arena *arena)
{
	for (size_t i = 0; i < doc->field_count; i++) {
		const struct field *field = &doc->fields[i];

		if (!is_sealed(field) && field->sub == NULL)
			continue;
		if (field->sub != NULL) {
			add_paths(field->sub, arena_printf(arena, "%.*s%s.",
			    STR_FMT(prefix), field->key), list, arena);
			continue;
		}
		if (list->items != NULL)
			list->items[list->n] = arena_printf(arena, "%.*s%s",
			    STR_FMT(prefix), field->key);
		list->n++;
	}
}

struct str_list
doc_sealed_paths(const struct doc *doc, struct arena *arena)
{
	struct str_list list = { NULL, 0 };

	add_paths(doc, STR(""), &list, arena);
	if (list.n == 0)
		return list;
	list.items = arena_many(arena, list.n, struct str);
	list.n = 0;
	add_paths(doc, STR(""), &list, arena);
	return list;
}
