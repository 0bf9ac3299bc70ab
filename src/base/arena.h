/*
 * arena.h - memory with one lifetime, freed at once.
 *
 * There are three lifetimes: process, request (or job), scratch. What is
 * allocated in an arena is never freed by hand; arena_reset() ends all of it
 * and keeps the first block for the next use. Foreign objects (bson, cursors,
 * file descriptors) are tied to an arena with arena_defer() and go in reverse
 * order. Allocation does not fail: true exhaustion ends the process, and the
 * supervisor forks another.
 */
#ifndef BEZEL_BASE_ARENA_H
#define BEZEL_BASE_ARENA_H

#include "base/str.h"

struct arena;

struct arena *arena_new(void);
/* Its memory is overwritten before it is given back: for secrets. */
struct arena *arena_new_wiped(void);
void arena_reset(struct arena *arena);
void arena_free(struct arena *arena);	/* arena_free(NULL) is fine */

/* Zeroed, aligned for any type. */
void *arena_alloc(struct arena *arena, size_t n);
/* The same, but not zeroed: for buffers that are written before they are read. */
void *arena_alloc_raw(struct arena *arena, size_t n);
void *arena_array(struct arena *arena, size_t count, size_t size);
#define arena_one(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define arena_many(arena, count, type) \
	((type *)arena_array((arena), (count), sizeof(type)))

/* Copies; the result has a NUL after its end. Null stays null. */
struct str arena_str(struct arena *arena, struct str s);
char *arena_strz(struct arena *arena, struct str s);
struct str arena_printf(struct arena *arena, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The pieces one behind the other. */
struct str arena_join(struct arena *arena, const struct str *pieces, size_t n);
#define ARENA_JOIN(arena, ...) arena_join((arena), \
	(const struct str[]){ __VA_ARGS__ }, \
	sizeof((const struct str[]){ __VA_ARGS__ }) / sizeof(struct str))

/* Calls fn(object) at the next reset or free, the latest first. */
void arena_defer(struct arena *arena, void (*fn)(void *), void *object);
/* Ties a file descriptor. */
void arena_defer_close(struct arena *arena, int fd);

/* Ends the process: for true exhaustion and for our own mistakes only. */
_Noreturn void die(const char *what);

#endif
