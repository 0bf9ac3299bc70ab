#include "config.h"

#include "zip/zip.h"

#include <archive.h>
#include <archive_entry.h>

enum { BLOCK_BYTES = 64 * 1024, UNKNOWN = -1 };

struct zip {
	struct arena *arena;
	struct archive *archive;
	zip_write_fn *fn;
	void *arg;
	struct err *err;	/* of the call that we are in */
	bool broken;		/* fn has failed, or nobody wants more */
};

static enum rc
failed(struct zip *zip)
{
	const char *why = archive_error_string(zip->archive);

	if (zip->err->rc != RC_OK)	/* fn has said it */
		return zip->err->rc;
	(void)err_set(zip->err, RC_INTERNAL, "The archive cannot be written.");
	return err_detail(zip->err, "libarchive: %s", why == NULL ? "?" : why);
}

/* What was written on the way may have failed. */
static enum rc
written(const struct zip *zip)
{
	if (!zip->broken || zip->err->rc != RC_OK)
		return zip->err->rc;
	return err_set(zip->err, RC_INTERNAL,
	    "The archive could not be written before.");
}

static la_ssize_t
write_out(struct archive *archive, void *arg, const void *p, size_t n)
{
	struct zip *zip = arg;

	(void)archive;
	/* libarchive is never told of a failure: in its fatal state it frees neither
	 * its buffers nor zlib's. */
	if (!zip->broken && zip->fn(zip->arg, p, n, zip->err) != RC_OK)
		zip->broken = true;
	return (la_ssize_t)n;
}

/* What is not closed by then is not wanted: libarchive would still write its end. */
static void
drop(void *arg)
{
	struct zip *zip = arg;

	zip->broken = true;
	if (zip->archive != NULL)
		(void)archive_write_free(zip->archive);
	zip->archive = NULL;
}

enum rc
zip_open(struct arena *arena, zip_write_fn *fn, void *arg, struct zip **ret_zip,
    struct err *err)
{
	struct zip *zip = arena_one(arena, struct zip);

	*zip = (struct zip){ .arena = arena, .archive = archive_write_new(),
		.fn = fn, .arg = arg, .err = err };
	if (zip->archive == NULL)
		die("libarchive: out of memory");
	arena_defer(arena, drop, zip);
	if (archive_write_set_format_zip(zip->archive) != ARCHIVE_OK
	    || archive_write_set_bytes_per_block(zip->archive, BLOCK_BYTES)
	    != ARCHIVE_OK
	    || archive_write_set_bytes_in_last_block(zip->archive, 1)
	    != ARCHIVE_OK
	    || archive_write_open(zip->archive, zip, NULL, write_out, NULL)
	    != ARCHIVE_OK)
		return failed(zip);
	*ret_zip = zip;
	return RC_OK;
}

/* bytes: of the file, or UNKNOWN. */
static enum rc
begin(struct zip *zip, struct str name, enum zip_how how, int64_t modified_ms,
    int64_t bytes, struct err *err)
{
	struct archive_entry *entry = archive_entry_new();
	int status;

	zip->err = err;
	if (entry == NULL)
		die("libarchive: out of memory");
	archive_entry_set_pathname(entry, arena_strz(zip->arena, name));
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_mtime(entry, modified_ms / 1000, 0);
	if (bytes != UNKNOWN)
		archive_entry_set_size(entry, bytes);
	status = how == ZIP_STORE
	    ? archive_write_zip_set_compression_store(zip->archive)
	    : archive_write_zip_set_compression_deflate(zip->archive);
	if (status == ARCHIVE_OK)
		status = archive_write_header(zip->archive, entry);
	archive_entry_free(entry);
	return status == ARCHIVE_OK ? written(zip) : failed(zip);
}

enum rc
zip_begin(struct zip *zip, struct str name, enum zip_how how,
    int64_t modified_ms, struct err *err)
{
	return begin(zip, name, how, modified_ms, UNKNOWN, err);
}

enum rc
zip_add(struct zip *zip, struct str bytes, struct err *err)
{
	zip->err = err;
	while (bytes.n > 0) {
		la_ssize_t n = archive_write_data(zip->archive, bytes.p, bytes.n);

		if (n <= 0)
			return failed(zip);
		if (written(zip) != RC_OK)
			return zip->err->rc;
		bytes = str_slice(bytes, (size_t)n, bytes.n);
	}
	return RC_OK;
}

enum rc
zip_file(struct zip *zip, struct str name, enum zip_how how, int64_t modified_ms,
    struct str bytes, struct err *err)
{
	if (begin(zip, name, how, modified_ms, (int64_t)bytes.n, err) != RC_OK)
		return err->rc;
	return zip_add(zip, bytes, err);
}

enum rc
zip_close(struct zip *zip, struct err *err)
{
	int status;

	zip->err = err;
	status = archive_write_close(zip->archive);
	if (status != ARCHIVE_OK)
		return failed(zip);
	(void)archive_write_free(zip->archive);
	zip->archive = NULL;
	return written(zip);
}
