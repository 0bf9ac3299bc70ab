#include "config.h"

#include "store/installation.h"

#include "base/clock.h"
#include "crypt/share-keys.h"
#include "schema/documents.h"
#include "store/db.h"

static const char collection[] = "installation";

enum rc
installation_share_keys(struct store *store, struct arena *arena,
    unsigned char ret_ids[KEYRING_SHARE_KEYS], struct err *err)
{
	struct installation installation;
	unsigned char ids[KEYRING_SHARE_KEYS];
	struct str doc;
	enum rc rc = db_get(store, arena, collection, str_of(collection), &doc,
	    err);

	if (rc != RC_OK)
		return rc;
	doc_init(&doc_installation, &installation);
	if (doc_from_bson(&doc_installation, doc, &installation, arena, NULL) == 0) {
		ids[0] = (unsigned char)installation.share_key_signing;
		ids[1] = (unsigned char)installation.share_key_other;
		if (share_keys_valid(ids)) {
			memcpy(ret_ids, ids, sizeof ids);
			return RC_OK;
		}
	}
	(void)err_set(err, RC_INTERNAL,
	    "What the database has recorded of the keys of links is damaged.");
	return err_detail(err, "Remove the document of the collection %s, then run "
	    "bezel db apply where bezel keys shares is right.", collection);
}

static enum rc
record_first(struct store *store, struct arena *arena,
    const unsigned char ids[KEYRING_SHARE_KEYS], struct err *err)
{
	struct installation installation;

	doc_init(&doc_installation, &installation);
	installation.id = str_of(collection);
	installation.share_key_signing = ids[0];
	installation.share_key_other = ids[1];
	installation.updated_at = clock_now_ms();
	return db_insert(store, arena, collection,
	    doc_to_bson(&doc_installation, &installation, arena), err);
}

enum rc
installation_record_share_keys(struct store *store, struct arena *arena,
    const unsigned char *was, const unsigned char ids[KEYRING_SHARE_KEYS],
    struct err *err)
{
	int64_t matched;

	if (was == NULL)
		return record_first(store, arena, ids, err);
	if (db_update(store, arena, collection, db_json(arena,
	    "{\"_id\":\"%s\",\"share_key_signing\":%d,\"share_key_other\":%d}",
	    collection, was[0], was[1]), db_json(arena, "{\"$set\":"
	    "{\"share_key_signing\":%d,\"share_key_other\":%d},"
	    "\"$currentDate\":{\"updated_at\":true}}", ids[0], ids[1]), 0, &matched,
	    err) != RC_OK || matched == 1)
		return err->rc;
	return err_set(err, RC_CONFLICT, "Meanwhile somebody else has recorded other"
	    " keys of links; look at bezel keys shares, and run this again.");
}
