/*
 * catalog.h - what a composer offers, and advice on what was chosen.
 */
#ifndef BEZEL_APP_CATALOG_H
#define BEZEL_APP_CATALOG_H

#include "app/app.h"
#include "schema/schema.h"

/* JSON: gem_types with colours, cuts, metals, finishes, transparencies, sizes,
 * limits. The same for everybody. */
void app_catalog_print(const struct app *app, struct buf *buf);

/* JSON: {checks: [{code, level, message, ...}]}: weight against size by species
 * and cut. Advice, never a reason to refuse. design is BSON. */
void app_checks_print(struct arena *arena, struct str design, struct buf *buf);

/* JSON: {current, versions: [{id, type, base_id, prompt, image_url ...}]}, the
 * tree of pictures and refinements, parents first. */
void app_versions_print(struct arena *arena, struct str design,
    doc_url_fn *url, void *url_arg, struct buf *buf);

#endif
