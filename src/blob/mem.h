/*
 * mem.h - objects in memory, for tests. The times of entries are clock_now_ms().
 */
#ifndef BEZEL_BLOB_MEM_H
#define BEZEL_BLOB_MEM_H

#include "blob/blob.h"

struct blob *blob_mem_open(struct arena *process_arena);

#endif
