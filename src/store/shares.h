/*
 * shares.h - the link of a design: share_settings in the collection `designs`.
 *
 * Each change is one update by a pipeline whose filter says what it was decided on:
 * the owner, the version if wanted, and the link that the caller has read. It gives
 * the document as it is afterwards, and RC_NOT_FOUND when nothing matched.
 */
#ifndef BEZEL_STORE_SHARES_H
#define BEZEL_STORE_SHARES_H

#include "store/store.h"

enum { SHARES_FORMER_MAX = 8 };

struct shares_when {
	int64_t updated_at_ms;		/* If-Match, or TIME_NULL */
	struct str token;		/* the stored one; null: there is none */
	bool is_shared;			/* it lives */
};

/* What is set; `what` says which of the members below. */
enum shares_members {
	SHARES_NEW = 1 << 0,		/* token: the link begins, nobody has looked */
	SHARES_TITLE = 1 << 1,
	SHARES_SHOW_PROMPT = 1 << 2,
	SHARES_EXPIRES_AT = 1 << 3,
	SHARES_PASSWORD = 1 << 4,	/* null: none */
	SHARES_ALL = (1 << 5) - 1
};

struct shares_change {
	unsigned what;
	struct str token, title, password_hash;
	bool show_prompt;
	int64_t expires_at_ms;		/* TIME_NULL: never */
	int64_t now_ms;			/* when the link before a new one ended */
};

/* Only of a design that is not in the trash and has a picture. */
enum rc shares_put(struct store *store, struct arena *arena,
    struct store_owner owner, struct str design_id,
    const struct shares_when *when, const struct shares_change *change,
    struct str *ret_doc, struct err *err) must_use;

/* The token stays, for undo, until shares_forget(). */
enum rc shares_revoke(struct store *store, struct arena *arena,
    struct store_owner owner, struct str design_id,
    const struct shares_when *when, int64_t now_ms, struct str *ret_doc,
    struct err *err) must_use;

/* The same link lives again, of a design that is not in the trash. */
enum rc shares_restore(struct store *store, struct arena *arena,
    struct store_owner owner, struct str design_id,
    const struct shares_when *when, struct str *ret_doc,
    struct err *err) must_use;

/* Tokens of links that ended before before_ms go, and designs that were removed for good
 * then. That is nothing that an owner or a
 * viewer sees, so updated_at stays. */
enum rc shares_forget(struct store *store, struct arena *arena,
    int64_t before_ms, int64_t *ret_changed, struct err *err) must_use;

#endif
