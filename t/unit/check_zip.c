#include "config.h"

#include <archive.h>
#include <archive_entry.h>

#include "unit.h"

#include "base/buf.h"
#include "base/uuid.h"
#include "zip/zip.h"

struct out {
	struct buf buf;
	size_t most;		/* then there is no room */
	int calls;
};

static enum rc
take(void *arg, const void *p, size_t n, struct err *e)
{
	struct out *out = arg;

	out->calls++;
	if (out->buf.n + n > out->most)
		return err_set(e, RC_STORAGE_FULL, "no room");
	buf_add(&out->buf, p, n);
	return RC_OK;
}

static struct out *
out_new(struct arena *arena, size_t most)
{
	struct out *out = arena_one(arena, struct out);

	buf_init(&out->buf, arena, 4096, 64 << 20);
	out->most = most;
	return out;
}

/* The next entry of an archive that is read as a whole: its bytes. */
static struct str
next(struct arena *arena, struct archive *in, const char *name)
{
	struct archive_entry *entry;
	struct buf buf;
	char part[5000];
	la_ssize_t n;

	ck_assert_int_eq(archive_read_next_header(in, &entry), ARCHIVE_OK);
	ck_assert_str_eq(archive_entry_pathname(entry), name);
	ck_assert_int_eq(archive_entry_perm(entry), 0644);
	buf_init(&buf, arena, 4096, 64 << 20);
	while ((n = archive_read_data(in, part, sizeof part)) > 0)
		buf_add(&buf, part, (size_t)n);
	ck_assert_int_eq(n, 0);
	return buf_str(&buf);
}

START_TEST(what_is_packed_comes_out)
{
	struct arena *arena = arena_new();
	struct err err;
	struct out *out = out_new(arena, SIZE_MAX);
	struct str noise = { arena_alloc(arena, 300000), 300000 };
	struct archive *in = archive_read_new();
	struct archive_entry *entry;
	struct zip *zip;

	err_init(&err);
	random_bytes((void *)(uintptr_t)noise.p, noise.n);
	ck_assert_int_eq(zip_open(arena, take, out, &zip, &err), RC_OK);
	ck_assert_int_eq(zip_file(zip, STR("a/picture.webp"), ZIP_STORE, 1000000,
	    noise, &err), RC_OK);
	ck_assert_int_eq(zip_begin(zip, STR("list.json"), ZIP_DEFLATE, 1000000,
	    &err), RC_OK);
	for (int i = 0; i < 10000; i++)
		ck_assert_int_eq(zip_add(zip, STR("{\"items\":[]}\n"), &err),
		    RC_OK);
	ck_assert_int_eq(zip_file(zip, STR("empty"), ZIP_DEFLATE, 1000000,
	    STR(""), &err), RC_OK);
	ck_assert_int_gt(out->calls, 3);	/* as it comes, not at the end */
	ck_assert_int_eq(zip_close(zip, &err), RC_OK);
	ck_assert(memmem(out->buf.p, out->buf.n, noise.p, noise.n) != NULL);
	ck_assert_uint_lt(out->buf.n, 310000);

	ck_assert_int_eq(archive_read_support_format_zip_seekable(in), ARCHIVE_OK);
	ck_assert_int_eq(archive_read_open_memory(in, out->buf.p, out->buf.n),
	    ARCHIVE_OK);
	ck_assert(str_eq(next(arena, in, "a/picture.webp"), noise));
	ck_assert_uint_eq(next(arena, in, "list.json").n, 130000);
	ck_assert_uint_eq(next(arena, in, "empty").n, 0);
	ck_assert_int_eq(archive_read_next_header(in, &entry), ARCHIVE_EOF);
	(void)archive_read_free(in);
	arena_free(arena);
}
END_TEST

START_TEST(no_room_is_said_wherever_it_ends)
{
	struct arena *arena = arena_new();
	struct err err;
	struct str noise = { arena_alloc(arena, 200000), 200000 };
	size_t whole = 0;

	random_bytes((void *)(uintptr_t)noise.p, noise.n);
	for (size_t most = 0; whole == 0; most += 10000) {
		struct out *out = out_new(arena, most);
		struct zip *zip;

		err_init(&err);
		if (zip_open(arena, take, out, &zip, &err) == RC_OK
		    && zip_file(zip, STR("x"), ZIP_STORE, 0, noise, &err) == RC_OK
		    && zip_close(zip, &err) == RC_OK)
			whole = out->buf.n;
		else
			ck_assert_int_eq(err.rc, RC_STORAGE_FULL);
	}
	ck_assert_uint_gt(whole, noise.n);
	arena_free(arena);
}
END_TEST

/* What is dropped in the middle writes no end that looks like one. */
START_TEST(dropped_in_the_middle)
{
	struct arena *arena = arena_new();
	struct err err;
	struct out *out = out_new(arena, SIZE_MAX);
	struct arena *own = arena_new();
	struct zip *zip;
	size_t before;

	err_init(&err);
	ck_assert_int_eq(zip_open(own, take, out, &zip, &err), RC_OK);
	ck_assert_int_eq(zip_begin(zip, STR("x"), ZIP_STORE, 0, &err), RC_OK);
	ck_assert_int_eq(zip_add(zip, STR("abc"), &err), RC_OK);
	before = out->buf.n;
	arena_free(own);
	ck_assert_uint_eq(out->buf.n, before);
	arena_free(arena);
}
END_TEST

UNIT_MAIN("zip", what_is_packed_comes_out, no_room_is_said_wherever_it_ends,
    dropped_in_the_middle)
