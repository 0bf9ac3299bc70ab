/*
 * shares.h - the JSON of a share, for its owner. Only for api.
 */
#ifndef BEZEL_API_SHARES_H
#define BEZEL_API_SHARES_H

#include "api/call.h"
#include "app/shares.h"

/* Appends the object Share of shapes.def. */
void add_share(struct buf *buf, const struct app_share *share);

#endif
