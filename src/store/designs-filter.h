/*
 * designs-filter.h - what the files of the collection `designs` share. Only for
 * them. Changes are made by designs-change.h.
 */
#ifndef BEZEL_STORE_DESIGNS_FILTER_H
#define BEZEL_STORE_DESIGNS_FILTER_H

#include "store/db.h"

#define DESIGNS "designs"

/* Nobody's: removed, until shares_forget(). */
#define NOT_BURIED "\"$nor\":[{\"user_id\":null,\"guest_session_id\":null}]"

/* What is not surely in the trash is outside: nothing is in neither. */
void designs_add_deleted(bson_t *filter, bool deleted);

#endif
