/*
 * export-pack.h - what goes into an export: the account and its lists (export-pack.c),
 * its designs and the page that shows them (export-designs.c). Only for exports.c.
 */
#ifndef BEZEL_APP_EXPORT_PACK_H
#define BEZEL_APP_EXPORT_PACK_H

#include "app/spool.h"
#include "app/work-slot.h"
#include "zip/zip.h"

struct pack {
	struct work *w;
	struct user *user;
	struct export *export;		/* counts what is packed */
	struct zip *zip;
	struct spool *cards;		/* the designs of index.html */
	struct arena *page, *scratch;	/* of some documents; of one file */
	struct buf problems;		/* lines of the README */
	int64_t now_ms, designs, next_progress_ms;
};

/* Writes all of it. It returns early, with RC_OK, when pack_over(). */
enum rc export_pack(struct pack *p, struct err *err) must_use;

/* The user does not want it any more, or this worker is to stop. */
bool pack_over(const struct pack *p);

/* One file of our own making. */
enum rc pack_text(struct pack *p, struct str name, struct str bytes,
    struct err *err) must_use;
/* A stored picture. One that is not there, or no whole picture, is a line of the
 * README. */
enum rc pack_object(struct pack *p, struct str name, struct str key,
    int64_t modified_ms, struct err *err) must_use;

enum rc pack_designs(struct pack *p, struct err *err) must_use;
/* index.html, behind the designs. */
enum rc pack_index(struct pack *p, struct err *err) must_use;

#endif
