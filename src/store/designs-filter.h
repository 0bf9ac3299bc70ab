/*
 * designs-filter.h - what the files of the collection `designs` share. Only for
 * them. Changes are made by designs-change.h.
 */
#ifndef BEZEL_STORE_DESIGNS_FILTER_H
#define BEZEL_STORE_DESIGNS_FILTER_H

#include "store/db.h"

#define DESIGNS "designs"

/* What is not surely in the trash is outside: nothing is in neither. */
void designs_add_deleted(bson_t *filter, bool deleted);

#endif
