#include "config.h"

#include "app/export-pack.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "blob/blob.h"
#include "image/image.h"
#include "store/exports.h"
#include "store/owned.h"

enum {
	AT_ONCE = 100,
	DOCUMENT_MAX = 8 * 1024 * 1024,	/* as JSON; stored, it has 16 MiB at most */
	PROBLEMS_MAX = 256 * 1024,
	PROGRESS_MS = 1000,
	READ_TRIES = 3,		/* then an object that cannot be read is left out */
	OWN_FILES = 3		/* account.json, README.txt, index.html */
};

/* What belongs to an account by one member. A document that this version does not have
 * is left out, and so is what its rows do not show to the owner. */
static const struct {
	const char *file, *doc, *key, *prefix;
} lists[] = {
	{ "folders.json", "folder", "user_id", "" },
	{ "uploads.json", "upload", "owner", "user:" },
	{ "sessions.json", "session", "user_id", "" },
	{ "identities.json", "identity", "user_id", "" },
	{ "api_keys.json", "api_key", "user_id", "" },
	{ "webhooks.json", "webhook_endpoint", "user_id", "" },
	{ "usage.json", "api_usage", "user_id", "" },
	{ "events.json", "audit_event", "user_id", "" },
};

enum { LISTS = sizeof lists / sizeof lists[0] };

bool
pack_over(const struct pack *p)
{
	return p->w->cancelled || *p->w->stop;
}

/* After each file: the lease is held, and who looks sees how far it is. */
static enum rc
beat(struct pack *p, struct err *err)
{
	struct export *export = p->export;
	enum rc rc;

	if (work_heartbeat(p->w, err) != RC_OK)
		return err->rc;
	if (clock_mono_ms() < p->next_progress_ms)
		return RC_OK;
	p->next_progress_ms = clock_mono_ms() + PROGRESS_MS;
	rc = exports_progress(p->w->app->store, p->scratch, export->id,
	    export->job_id, export->files_done, export->files_total, err);
	if (rc == RC_NOT_FOUND) {	/* it is not wanted any more */
		err_init(err);
		p->w->cancelled = true;
		return RC_OK;
	}
	return rc;
}

static enum rc
pack_file(struct pack *p, struct str name, enum zip_how how, int64_t modified_ms,
    struct str bytes, struct err *err)
{
	if (zip_file(p->zip, name, how, modified_ms, bytes, err) != RC_OK)
		return err->rc;
	p->export->files_done++;
	return beat(p, err);
}

enum rc
pack_text(struct pack *p, struct str name, struct str bytes, struct err *err)
{
	return pack_file(p, name, ZIP_DEFLATE, p->now_ms, bytes, err);
}

/* --- pictures ------------------------------------------------------------ */

static void
problem(struct pack *p, struct str name, const char *what)
{
	buf_printf(&p->problems, "  %.*s: %s\n", STR_FMT(name), what);
}

/* Its own length stands in a WebP (RFC 9649): one that was cut is found. */
static bool
is_whole(struct str webp)
{
	const unsigned char *b = (const unsigned char *)webp.p;
	const char *type = image_sniff(webp);

	return type != NULL && strcmp(type, "image/webp") == 0 && webp.n >= 12
	    && ((uint64_t)b[4] | (uint64_t)b[5] << 8 | (uint64_t)b[6] << 16
	    | (uint64_t)b[7] << 24) + 8 == webp.n;
}

/* A store that is away for a moment is asked again, by a further try of the job. */
static bool
is_lost(const struct pack *p, enum rc rc)
{
	return rc == RC_NOT_FOUND || rc == RC_INVALID || rc == RC_TOO_LARGE
	    || (rc == RC_UNAVAILABLE && p->w->job->attempts >= READ_TRIES);
}

enum rc
pack_object(struct pack *p, struct str name, struct str key, int64_t modified_ms,
    struct err *err)
{
	struct str bytes;
	enum rc rc = key.p == NULL ? RC_NOT_FOUND : blob_get(p->w->app->blob,
	    p->scratch, key, IMAGE_MAX_BYTES, &bytes, err);

	if (is_lost(p, rc)) {
		err_init(err);
		problem(p, name, rc == RC_NOT_FOUND
		    ? "is missing" : "cannot be read");
		return beat(p, err);
	}
	if (rc == RC_OK) {
		if (!is_whole(bytes))
			problem(p, name,
			    "is damaged; it is packed as it was found");
		rc = pack_file(p, name, ZIP_STORE, modified_ms != TIME_NULL
		    ? modified_ms : p->now_ms, bytes, err);
	}
	arena_reset(p->scratch);
	return rc;
}

/* --- lists --------------------------------------------------------------- */

static void
no_url(void *arg, struct buf *buf, struct str key)
{
	(void)arg, (void)key;
	buf_addz(buf, "null");
}

/* Where an upload is in the archive. */
static struct str
upload_file(struct arena *arena, struct str id)
{
	return arena_printf(arena, "uploads/%.*s.webp", STR_FMT(id));
}

static struct str
more_of(struct pack *p, const struct doc *table, struct str doc)
{
	struct str id;

	return table == &doc_upload && doc_peek_str(doc, "_id", &id)
	    && uuid_is(id) ? arena_printf(p->page, "\"file\":\"%.*s\"",
	    STR_FMT(upload_file(p->page, id))) : STR_NULL;
}

static enum rc
add_item(struct pack *p, const struct doc *table, struct str doc, bool first,
    struct err *err)
{
	struct encode how = { .view = OWNER, .url = no_url };
	struct buf buf;

	buf_init(&buf, p->page, 1024, DOCUMENT_MAX);
	buf_addz(&buf, first ? "\n" : ",\n");
	doc_encode(&buf, table, doc, &how, more_of(p, table, doc));
	if (buf.failed)
		return RC_OK;	/* no document of ours is so large */
	return zip_add(p->zip, buf_str(&buf), err);
}

typedef enum rc each_fn(struct pack *p, const struct doc *table, struct str doc,
    bool first, struct err *err);

/* Calls fn for each document. */
static enum rc
each(struct pack *p, size_t i, each_fn *fn, struct err *err)
{
	const struct doc *table = schema_doc(lists[i].doc);
	struct owned owned = { table->collection, lists[i].key,
		arena_printf(p->w->arena, "%s%.*s", lists[i].prefix,
		STR_FMT(p->user->id)) };
	char after[200] = "";
	size_t n = AT_ONCE;

	for (bool first = true; n == AT_ONCE && !pack_over(p); first = false) {
		struct str docs[AT_ONCE], id;

		if (owned_page(p->w->app->store, p->page, &owned, str_of(after),
		    AT_ONCE, docs, &n, err) != RC_OK)
			return err->rc;
		for (size_t k = 0; k < n && !pack_over(p); k++)
			if (fn(p, table, docs[k], first && k == 0, err) != RC_OK)
				return err->rc;
		if (n > 0 && doc_peek_str(docs[n - 1], "_id", &id))
			(void)snprintf(after, sizeof after, "%.*s", STR_FMT(id));
		else
			n = 0;
		arena_reset(p->page);
		if (beat(p, err) != RC_OK)
			return err->rc;
	}
	return RC_OK;
}

static enum rc
pack_list(struct pack *p, size_t i, struct err *err)
{
	if (zip_begin(p->zip, str_of(lists[i].file), ZIP_DEFLATE, p->now_ms, err)
	    != RC_OK || zip_add(p->zip, STR("{\"items\":["), err) != RC_OK
	    || each(p, i, add_item, err) != RC_OK
	    || zip_add(p->zip, STR("\n]}\n"), err) != RC_OK)
		return err->rc;
	p->export->files_done++;
	return RC_OK;
}

static enum rc
pack_upload(struct pack *p, const struct doc *table, struct str doc, bool first,
    struct err *err)
{
	struct upload upload;

	(void)first;
	doc_init(table, &upload);
	(void)doc_from_bson(table, doc, &upload, p->page, NULL);
	return uuid_is(upload.id) ? pack_object(p, upload_file(p->page,
	    upload.id), upload.key, upload.created_at, err) : RC_OK;
}

static enum rc
pack_lists(struct pack *p, struct err *err)
{
	for (size_t i = 0; i < LISTS && !pack_over(p); i++) {
		const struct doc *table = schema_doc(lists[i].doc);

		if (table == NULL)
			continue;
		if (pack_list(p, i, err) != RC_OK || (table == &doc_upload
		    && each(p, i, pack_upload, err) != RC_OK))
			return err->rc;
	}
	return RC_OK;
}

/* --- the account --------------------------------------------------------- */

static void
photo_name(void *arg, struct buf *buf, struct str key)
{
	(void)arg, (void)key;
	buf_addz(buf, "\"photo.webp\"");
}

static enum rc
pack_account(struct pack *p, struct err *err)
{
	struct encode how = { .view = OWNER, .url = photo_name };
	struct buf buf;

	buf_init(&buf, p->page, 2048, DOCUMENT_MAX);
	doc_encode(&buf, &doc_user, doc_to_bson(&doc_user, p->user, p->page),
	    &how, STR_NULL);
	buf_add_char(&buf, '\n');
	if (pack_text(p, STR("account.json"), buf_str(&buf), err) != RC_OK)
		return err->rc;
	return p->user->profile_photo_url.p == NULL ? RC_OK
	    : pack_object(p, STR("photo.webp"), p->user->profile_photo_url,
	    TIME_NULL, err);
}

static enum rc
pack_readme(struct pack *p, struct err *err)
{
	char day[11];
	struct buf buf;

	clock_day(p->now_ms, day);
	buf_init(&buf, p->page, 4096, PROBLEMS_MAX + 8192);
	buf_printf(&buf, "Everything that your account at %.*s holds, as of %s.\n\n"
	    "  index.html     open it in a browser: all designs, without a network\n"
	    "  designs/       a folder for each design: design.json is the design as\n"
	    "                 the programming interface shows it, with the names of\n"
	    "                 its pictures here; small/ has their thumbnails\n"
	    "  uploads/       reference pictures that you brought\n"
	    "  account.json   profile, settings, plan and counters\n"
	    "  *.json         folders, uploads, sessions, calls to the makers of\n"
	    "                 pictures, and what happened to the account\n\n"
	    "Passwords and keys are not in it: nobody has them in clear.\n"
	    "Times are UTC. %lld designs, %d files.\n",
	    STR_FMT(p->w->app->conf->base_url), day, (long long)p->designs,
	    (int)p->export->files_done + 2);
	if (p->problems.n > 0)
		buf_printf(&buf, "\nThese files could not be packed as they should"
		    " be:\n%.*s%s", STR_FMT(buf_str(&p->problems)),
		    p->problems.failed ? "  ... and more\n" : "");
	return pack_text(p, STR("README.txt"), buf_str(&buf), err);
}

static enum rc
count_all(struct pack *p, struct err *err)
{
	struct owned uploads = { doc_upload.collection, "owner",
		arena_printf(p->page, "user:%.*s", STR_FMT(p->user->id)) };
	int64_t designs, files, upload_count;

	if (owned_count_files(p->w->app->store, p->page, p->user->id, &designs,
	    &files, err) != RC_OK || owned_count(p->w->app->store, p->page,
	    &uploads, &upload_count, err) != RC_OK)
		return err->rc;
	p->export->files_total = (int32_t)(designs + files + upload_count
	    + OWN_FILES + (p->user->profile_photo_url.p != NULL));
	for (size_t i = 0; i < LISTS; i++)
		p->export->files_total += schema_doc(lists[i].doc) != NULL;
	return RC_OK;
}

enum rc
export_pack(struct pack *p, struct err *err)
{
	p->export->files_done = 0;
	buf_init(&p->problems, p->w->arena, 1024, PROBLEMS_MAX);
	if (count_all(p, err) != RC_OK || beat(p, err) != RC_OK
	    || pack_account(p, err) != RC_OK || pack_designs(p, err) != RC_OK
	    || pack_lists(p, err) != RC_OK || pack_index(p, err) != RC_OK
	    || pack_readme(p, err) != RC_OK)
		return err->rc;
	return pack_over(p) ? RC_OK : zip_close(p->zip, err);
}
