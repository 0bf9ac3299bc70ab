/*
 * designs-new.h - what one new design and several have in common. Only for
 * designs-new.c and designs-together.c.
 */
#ifndef BEZEL_APP_DESIGNS_NEW_H
#define BEZEL_APP_DESIGNS_NEW_H

#include "app/designs.h"
#include "schema/documents.h"

struct new_design {
	struct app *app;
	const struct actor *actor;
	const struct idem *idem;
	struct str doc;
	struct job job;
	struct str upload_id;		/* used by the design, or null */
	struct quota *quota;
};

/* Completes body and makes doc and job of it; reads what it needs. */
enum rc new_design_prepare(struct new_design *d, struct arena *arena,
    struct design *body, struct err *err) must_use;

/* It has been stored. */
void new_design_made(struct new_design *d, struct arena *arena,
    const struct design *body, struct app_design *ret_design);

#endif
