/*
 * zip.h - ZIP archives, written as a stream: nothing is held but a block.
 *
 * Zip64 where a file, their number or the whole needs it. Names are plain ASCII with
 * slashes, relative, and each is used once. After an error the archive is of no use.
 */
#ifndef BEZEL_ZIP_ZIP_H
#define BEZEL_ZIP_ZIP_H

#include "base/err.h"

struct zip;			/* an archive on its way out */

/* Takes bytes of the archive, in their order. */
typedef enum rc zip_write_fn(void *arg, const void *p, size_t n,
    struct err *err);

/* Belongs to arena: without zip_close() it is dropped. */
enum rc zip_open(struct arena *arena, zip_write_fn *fn, void *arg,
    struct zip **ret_zip, struct err *err) must_use;

enum zip_how {
	ZIP_STORE,		/* what is compressed already */
	ZIP_DEFLATE
};

/* A file whose bytes follow with zip_add(), until the next one begins. */
enum rc zip_begin(struct zip *zip, struct str name, enum zip_how how,
    int64_t modified_ms, struct err *err) must_use;
enum rc zip_add(struct zip *zip, struct str bytes, struct err *err) must_use;

/* A whole file. */
enum rc zip_file(struct zip *zip, struct str name, enum zip_how how,
    int64_t modified_ms, struct str bytes, struct err *err) must_use;

/* The list of contents, with which the archive ends. */
enum rc zip_close(struct zip *zip, struct err *err) must_use;

#endif
