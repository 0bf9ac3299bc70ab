/*
 * shares.h - links to designs: what the owner sets, and what a viewer sees.
 *
 * A design has at most one link. The list of links is that of the designs with
 * is_shared. Guests do not share (RC_ACCOUNT_REQUIRED), nor does a test key: the
 * guards of the routes say so.
 *
 * A link whose key has been retired (crypt/share-keys.h) is dead: for viewers it is not there,
 * its owner sees that it is not valid, and a change of it makes a new one.
 */
#ifndef BEZEL_APP_SHARES_H
#define BEZEL_APP_SHARES_H

#include "app/app.h"

struct body_share;
struct design;

enum {
	SHARE_USUAL_DAYS = 30,		/* of a new link, unless it says otherwise */
	SHARE_UNDO_S = 60,		/* a revoked link can come back so long */
	SHARE_FORGET_S = 2 * SHARE_UNDO_S, /* its token is kept at least so long */
	SHARE_UNLOCK_S = 24 * 3600	/* life of the cookie of a password */
};

/* --- the owner ------------------------------------------------------------ */

struct app_share {
	struct str design_id, token;
	struct str doc;			/* the design, as BSON */
	struct str url;			/* absolute, "https://host/s/<token>" */
	bool created;			/* by this call */
	bool valid;			/* its key is */
	struct str title;		/* as the owner set them: null, ... */
	bool show_prompt, password_protected;
	int64_t expires_at, view_count;	/* TIME_NULL: never */
	int64_t updated_at_ms;		/* of the design: its ETag */
};

/*
 * Makes the link, or changes it. A member that is absent from the body stays as it
 * is; of a new link it takes its usual value. A password of null takes it away.
 * RC_CONFLICT: in the trash, or there is no picture yet. RC_RATE: too many new links
 * today, or new passwords just now. Slow: hashes the password.
 */
enum rc app_share_put(struct app *app, struct arena *arena,
    const struct actor *actor, struct str design_id, int64_t if_match_ms,
    const struct body_share *body, struct app_share *ret_share,
    struct err *err) must_use;

/* RC_NOT_FOUND: not shared. */
enum rc app_share_get(struct app *app, struct arena *arena,
    const struct actor *actor, struct str design_id,
    struct app_share *ret_share, struct err *err) must_use;

/* The same of a document that was read; false: not shared. */
bool app_share_of(const struct app *app, struct arena *arena, struct str doc,
    struct app_share *ret_share);

/* The link is dead when this returns. Revoking what is not shared is fine. */
enum rc app_share_revoke(struct app *app, struct arena *arena,
    const struct actor *actor, struct str design_id, int64_t if_match_ms,
    struct err *err) must_use;

/* Undo, within SHARE_UNDO_S: the same link lives again, with all its settings.
 * RC_LINK_EXPIRED afterwards. */
enum rc app_share_restore(struct app *app, struct arena *arena,
    const struct actor *actor, struct str design_id,
    struct app_share *ret_share, struct err *err) must_use;

/* --- the viewer ------------------------------------------------------------ */

enum share_state {
	SHARE_OPEN,			/* anybody may see it, and caches may hold it */
	SHARE_UNLOCKED,			/* it has a password, which this viewer gave */
	SHARE_LOCKED,			/* it has one: no text or picture is filled */
	SHARE_EXPIRED			/* the same */
};

/* One picture of the share, the one that the design shows. The names are those of the
 * objects: "<hex>.webp", below /s/<token>/i/. */
struct share_picture {
	struct str key, name;		/* the object and its last part */
	struct str thumbnail_key, thumbnail_name;
};

/* What may be shown. Never an e-mail, an address, another id; the prompt only when
 * the owner says so. All text is as people wrote it: not escaped. */
struct share_view {
	enum share_state state;
	struct str token;
	struct str design_id;		/* for gates, counting and tags: never shown */
	struct str owner_id;		/* the same */
	struct str title;		/* the owner's, or one made of stone and piece; "" never */
	struct str prompt;		/* null unless it may be shown */
	struct str stone;		/* "Ruby, oval, 1.2 ct", ready to be read */
	struct str gem_type, cut, color, transparency;
	struct str size;		/* "1.2 ct", "7 x 5 mm", "Medium", or null */
	struct str metals, finish;	/* "Rose gold and platinum"; finish may be null */
	struct share_picture picture;
	int64_t created_at_ms;
	int64_t expires_ms;		/* TIME_NULL: never */
	bool password_protected;
	struct str etag;		/* of what this view shows: text without quotes */
	struct str tag_share, tag_design; /* "s-<16 hex>", "d-<16 hex>" */
};

/* Several links are about to be looked at: the designs of those that are ours are read by
 * one command, until app_designs_forget_ahead(). */
enum rc app_shares_read_ahead(struct app *app, struct arena *arena,
    const struct str *tokens, size_t n, struct err *err) must_use;

/*
 * The MAC is checked before anything else: RC_NOT_FOUND without the database for what
 * is not ours, and after one read for what is revoked, trashed or gone. unlock is the
 * viewer's cookie, or null.
 */
enum rc app_share_view(struct app *app, struct arena *arena, struct str token,
    struct str unlock, struct share_view *ret_view, struct err *err) must_use;

/* The names that caches know a share and a design by: of HMACs, so they tell no id. */
struct str app_share_tag(const struct app *app, struct arena *arena,
    struct str token);
struct str app_design_tag(const struct app *app, struct arena *arena,
    struct str design_id);

/*
 * The password. RC_SHARE_PASSWORD: wrong. RC_CONFLICT: it has none. Attempts are
 * limited by share and address (RC_RATE), so that nobody locks others out.
 * *ret_unlock is the value of the cookie, for SHARE_UNLOCK_S; its MAC covers the stored
 * hash, so another password ends it, as does sealing it anew (bezel keys rotate). Slow.
 */
enum rc app_share_unlock(struct app *app, struct arena *arena, struct str token,
    struct str password, struct str address, struct str *ret_unlock,
    struct err *err) must_use;

/* Clears the tokens of links that ended longer ago than SHARE_FORGET_S. */
enum rc app_shares_tidy(struct app *app, struct arena *arena,
    int64_t *ret_cleared, struct err *err) must_use;

#endif
