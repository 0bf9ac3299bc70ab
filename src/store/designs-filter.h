/*
 * designs-filter.h - what the files of the collection `designs` share. Only for
 * them.
 */
#ifndef BEZEL_STORE_DESIGNS_FILTER_H
#define BEZEL_STORE_DESIGNS_FILTER_H

#include "store/db.h"

#define DESIGNS "designs"

/* The next updated_at: later than the last, and not behind the server's clock. A
 * poisoned value of another type must not keep a document from the trash. */
#define NEXT_UPDATED_AT \
	"{\"$cond\":[{\"$eq\":[{\"$type\":\"$updated_at\"},\"date\"]}," \
	"{\"$max\":[\"$$NOW\",{\"$add\":[\"$updated_at\",1]}]},\"$$NOW\"]}"

/* What is not surely in the trash is outside: nothing is in neither. */
void designs_add_deleted(bson_t *filter, bool deleted);

#endif
