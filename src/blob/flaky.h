/*
 * flaky.h - a store around another one that fails on demand, for tests.
 *
 * The script is a list of "<kind>:<n>[+][:<how>]", separated by commas: kind is
 * put, get, delete, list or tidy; n counts the calls of that kind from 1; with
 * "+" all later ones fail too. How:
 *	before	nothing is done, RC_UNAVAILABLE (what happens without a how)
 *	full	nothing is done, RC_STORAGE_FULL
 *	half	delete only: the first half of the keys goes, RC_UNAVAILABLE
 *	after	all is done, and RC_UNAVAILABLE all the same
 * Example: "put:2,delete:1:after,get:3+".
 */
#ifndef BEZEL_BLOB_FLAKY_H
#define BEZEL_BLOB_FLAKY_H

#include "blob/blob.h"

/* The inner store is closed with this one. RC_INVALID: a bad script. */
enum rc blob_flaky_open(struct arena *process_arena, struct blob *inner,
    const char *script, struct blob **ret_blob, struct err *err) must_use;
/* Another script; the counts begin again. "" lets everything pass. */
enum rc blob_flaky_script(struct blob *flaky, const char *script,
    struct err *err) must_use;
/* How many calls of that kind there were under this script. */
int blob_flaky_calls(const struct blob *flaky, const char *kind);

#endif
