/*
 * shares-watch.h - links whose designs have changed lately, for who keeps copies.
 *
 * The change itself is the message: a design with a token is in the partial index
 * by_share_change by its link_changed_at, which rises with each change of what the link
 * shows (designs-change.h; the server's clock), until the token is forgotten. No statement is in its way, and none is needed besides.
 */
#ifndef BEZEL_STORE_SHARES_WATCH_H
#define BEZEL_STORE_SHARES_WATCH_H

#include "store/shares.h"

enum { SHARES_TOKENS_MAX = 1 + SHARES_FORMER_MAX };

struct share_change {
	struct str design_id;
	struct str tokens[SHARES_TOKENS_MAX];	/* its own, and those it has replaced */
	size_t token_count;
	int64_t at_ms;			/* link_changed_at, or when the link expired */
};

/* The tokens of a design (BSON), as above; returns how many. */
size_t shares_tokens(struct str design,
    struct str ret_tokens[SHARES_TOKENS_MAX]);

/* Those of the last lookback_ms, oldest first, behind *after (NULL: from the start):
 * at most limit. */
enum rc shares_changed(struct store *store, struct arena *arena,
    int64_t lookback_ms, const struct share_change *after, int limit,
    struct share_change *ret_changes, size_t *ret_n, struct err *err) must_use;

/* Links whose time was over in (from_ms, to_ms], the same way. */
enum rc shares_expired(struct store *store, struct arena *arena, int64_t from_ms,
    int64_t to_ms, const struct share_change *after, int limit,
    struct share_change *ret_changes, size_t *ret_n, struct err *err) must_use;

/* Which of these tokens anybody may see: there, not in the trash, not expired at
 * now_ms, without a password. */
enum rc shares_open(struct store *store, struct arena *arena,
    const struct str *tokens, size_t n, int64_t now_ms, bool *ret_open,
    struct err *err) must_use;

/* The links of an account that live, in the order of designs' ids behind after_id (""
 * at first). */
enum rc shares_of_user(struct store *store, struct arena *arena,
    struct str user_id, struct str after_id, int limit,
    struct share_change *ret_changes, size_t *ret_n, struct err *err) must_use;

/* All of an account's links end, as by shares_revoke(). */
enum rc shares_revoke_all(struct store *store, struct arena *arena,
    struct str user_id, int64_t now_ms, struct err *err) must_use;

#endif
