/*
 * every.h - a document of the tests with a row of every kind: struct every and
 * doc_every, made by the readers of the real ones. Include it in one file of a
 * program.
 */
#ifndef BEZEL_T_EVERY_H
#define BEZEL_T_EVERY_H

#include <stddef.h>

#include "schema/documents.h"

#define DOC every_part
#define DOC_FILE "../t/unit/every_part.def"
#include "schema/struct.inc"
#undef DOC
#undef DOC_FILE
#define DOC every
#define DOC_FILE "../t/unit/every.def"
#include "schema/struct.inc"
#undef DOC
#undef DOC_FILE

extern const struct doc doc_every_part, doc_every;
#define COLLECTION NULL
#define DOC every_part
#define DOC_FILE "../t/unit/every_part.def"
#include "schema/table.inc"
#undef DOC
#undef DOC_FILE
#undef COLLECTION
#define COLLECTION "every"
#define DOC every
#define DOC_FILE "../t/unit/every.def"
#include "schema/table.inc"
#undef DOC
#undef DOC_FILE
#undef COLLECTION

#define EVERY_ID "0190a5b0-0000-7000-8000-000000000001"
#define EVERY_REF "0190a5b0-0000-7000-8000-000000000002"

/* A document without a fault, no field null but `maybe` and `lines`. */
static inline void
every_full(struct arena *a, struct every *e)
{
	doc_init(&doc_every, e);
	e->id = STR(EVERY_ID);
	e->text = STR("text");
	e->ref = STR(EVERY_REF);
	e->key = STR("k/1.png");
	e->nkey = STR("k/2.png");
	e->sealed = STR("\x01\0\xff");
	e->nmode = STR("dark");
	e->made = 1000;
	e->until = 2000;
	e->nnum = 1.25;
	e->words.items = arena_many(a, 2, struct str);
	e->words.items[0] = STR("one");
	e->words.items[1] = STR("two");
	e->words.n = 2;
	e->ids.items = arena_one(a, struct str);
	e->ids.items[0] = STR(EVERY_REF);
	e->ids.n = 1;
	e->themes.items = arena_one(a, struct str);
	e->themes.items[0] = STR("dark");
	e->themes.n = 1;
	e->part.name = STR("p");
	e->npart = arena_one(a, struct every_part);
	doc_init(&doc_every_part, e->npart);
	e->npart->name = STR("np");
	e->npart->size = 2.5;
	e->parts.items = arena_many(a, 2, struct every_part);
	e->parts.n = 2;
	for (size_t i = 0; i < 2; i++) {
		doc_init(&doc_every_part, &e->parts.items[i]);
		e->parts.items[i].name = STR("item");
	}
	e->secret = STR("hush");
	e->views = 9;
}

#endif
