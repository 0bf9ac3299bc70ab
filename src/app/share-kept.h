/*
 * share-kept.h - what nginx keeps of links on this host: answers and pictures.
 *
 * Answers are files of its cache, STATE_DIR/share-cache, named by the MD5 of their key,
 * which is the path of the address (nginx/share-cache.conf). Pictures are second names of
 * objects, STATE_DIR/shares/<token>/<name>, made when somebody asks for one; a link's
 * folder goes with its gate. Nothing here is asked whether it may be shown: that is the
 * gate's business (share-gate.h).
 */
#ifndef BEZEL_APP_SHARE_KEPT_H
#define BEZEL_APP_SHARE_KEPT_H

#include "app/app.h"

/* Removes answers and pictures of that link; what is not there is fine. token is the
 * text of one. */
enum rc share_kept_forget(const struct app *app, struct arena *arena,
    struct str token, struct err *err) must_use;

/* Of all links. *ret_n counts files. */
enum rc share_kept_forget_all(const struct app *app, struct arena *arena,
    int64_t *ret_n, struct err *err) must_use;

/* From now on nginx answers for this picture alone, if objects and state_dir are of one
 * file system; otherwise false, and each request asks a worker. key is the object's,
 * name its last part. */
bool share_kept_link(const struct app *app, struct arena *arena,
    struct str token, struct str key, struct str name);

/* The links that have pictures here, at most max, in no order. */
enum rc share_kept_list(const struct app *app, struct arena *arena,
    struct str *ret_tokens, size_t max, size_t *ret_n,
    struct err *err) must_use;

#endif
