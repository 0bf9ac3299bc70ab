#include "config.h"

#include "unit.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "image/image-internal.h"
#include "image/proto.h"
#include "image/webp.h"

/* Sanitizers slow the program down, not the fake ones. */
enum { PATIENT_MS = 60000, SHORT_MS = 400 };

static struct arena *arena;
static struct err err;
static struct image *image;
static char work[UNIT_PATH];

static const char *
work_path(const char *name)
{
	return arena_printf(arena, "%s/%s", work, name).p;
}

static void
open_program(const char *program, int64_t timeout_ms, int recycle_after)
{
	const struct image_options options = { .program = program,
		.timeout_ms = timeout_ms, .recycle_after = recycle_after };

	image = image_open(arena, &options);
}

static void
setup(void)
{
	arena = arena_new();
	err_init(&err);
	ck_assert_ptr_nonnull(mkdtemp(unit_path(work, "image-XXXXXX")));
	open_program(unit_build_path(arena, "bezel-image"), PATIENT_MS, 0);
}

static void
teardown(void)
{
	image_close(image);
	unit_remove(work);
	arena_free(arena);
}

/* --- files ------------------------------------------------------------------ */

static void
write_file(const char *path, struct str bytes, mode_t mode)
{
	FILE *file = fopen(path, "wb");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes.p, 1, bytes.n, file), bytes.n);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
}

static struct str
picture(const char *name)
{
	return unit_read(arena, unit_build_path(arena, arena_printf(arena, "t/pictures/%s", name).p));
}

static bool
contains(struct str bytes, const char *text)
{
	return memmem(bytes.p, bytes.n, text, strlen(text)) != NULL;
}

/* --- what a picture shows --------------------------------------------------- */

struct seen {
	int width, height, bands;
	int colour[4][4];	/* of the quarters */
};

static struct seen
probe(struct str bytes)
{
	const char *path = work_path("probed");
	struct seen seen = { .bands = 0 };
	FILE *pipe;

	write_file(path, bytes, 0600);
	pipe = popen(arena_printf(arena, "ASAN_OPTIONS=detect_leaks=0 %s probe %s",
	    unit_build_path(arena, "t/tools/pictures"), path).p, "r");
	ck_assert_ptr_nonnull(pipe);
	ck_assert_int_eq(fscanf(pipe, "%d %d %d", &seen.width, &seen.height,
	    &seen.bands), 3);
	for (int i = 0; i < 4; i++)
		for (int band = 0; band < seen.bands; band++)
			ck_assert_int_eq(fscanf(pipe, "%d", &seen.colour[i][band]), 1);
	ck_assert_int_eq(pclose(pipe), 0);
	return seen;
}

static void
assert_colour(const int seen[4], int r, int g, int b, int off)
{
	ck_assert_msg(abs(seen[0] - r) <= off && abs(seen[1] - g) <= off &&
	    abs(seen[2] - b) <= off, "%d %d %d is not %d %d %d", seen[0], seen[1],
	    seen[2], r, g, b);
}

/* Red, green, blue, yellow. */
static void
assert_plain(const struct seen *seen, int off)
{
	assert_colour(seen->colour[0], 220, 20, 20, off);
	assert_colour(seen->colour[1], 20, 220, 20, off);
	assert_colour(seen->colour[2], 20, 20, 220, off);
	assert_colour(seen->colour[3], 220, 220, 20, off);
}

static void
assert_hues(const struct seen *seen)
{
	const int (*c)[4] = seen->colour;

	ck_assert(c[0][0] > c[0][1] + 100 && c[0][0] > c[0][2] + 100);
	ck_assert(c[1][1] > c[1][0] + 30 && c[1][1] > c[1][2] + 100);
	ck_assert(c[2][2] > c[2][0] + 40 && c[2][2] > c[2][1] + 40);
	ck_assert(c[3][0] > c[3][2] + 100 && c[3][1] > c[3][2] + 100);
}

static void
assert_clean(struct str bytes)
{
	static const char *const words[] = { "Exif", "EXIF", "exif", "SECRET",
		"XMP", "xmp", "ICCP", "ICC_PROFILE", "Photoshop", "PK\3\4" };

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		ck_assert_msg(!contains(bytes, words[i]), "%s", words[i]);
}

static struct image_result
normalized(struct str bytes, int max_side_px)
{
	struct image_result result = { .width = -1 };

	ok(image_normalize(image, arena, bytes, max_side_px, &result, &err));
	ck_assert_str_eq(image_sniff(result.full), "image/webp");
	ck_assert_str_eq(image_sniff(result.thumbnail), "image/webp");
	assert_clean(result.full);
	assert_clean(result.thumbnail);
	return result;
}

static enum rc
normalize(struct str bytes)
{
	struct image_result result;

	return image_normalize(image, arena, bytes, 0, &result, &err);
}

/* --- good pictures ---------------------------------------------------------- */

START_TEST(magic_bytes_decide)
{
	static const struct { struct str bytes; const char *type; } rows[] = {
		{ STR_INIT("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), "image/png" },
		{ STR_INIT("\x89PNG\r\n\x1a\n\0\0\0\rIHD"), NULL },
		{ STR_INIT("\x89PNG\r\n\x1a\n\0\0\0\rIDAT"), NULL },
		{ STR_INIT("\xff\xd8\xff"), "image/jpeg" },
		{ STR_INIT("\xff\xd8"), NULL },
		{ STR_INIT("RIFF\1\0\0\0WEBPVP8 "), "image/webp" },
		{ STR_INIT("RIFF\1\0\0\0WEBPVP8L"), "image/webp" },
		{ STR_INIT("RIFF\1\0\0\0WEBPVP8X"), "image/webp" },
		{ STR_INIT("RIFF\1\0\0\0WEBPVP8"), NULL },
		{ STR_INIT("RIFF\1\0\0\0WAVEfmt "), NULL },
		{ STR_INIT("GIF89a\1\0\1\0\0\0\0;padding"), NULL },
		{ STR_INIT("<svg xmlns='http://www.w3.org/2000/svg'/>"), NULL },
		{ STR_INIT("II*\0padding padding padding"), NULL },
		{ STR_INIT("%PDF-1.7 padding padding"), NULL },
		{ STR_INIT(""), NULL }, { { NULL, 0 }, NULL } };

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *type = image_sniff(rows[i].bytes);

		ck_assert_msg((type == NULL) == (rows[i].type == NULL), "%zu", i);
		if (type != NULL)
			ck_assert_str_eq(type, rows[i].type);
	}
}
END_TEST

/* A head is numbers of 32 bits, the least byte first. */
static void
set_number(unsigned char *head, size_t at, uint32_t value)
{
	for (int b = 0; b < 4; b++)
		head[at * 4 + (size_t)b] = (unsigned char)(value >> 8 * b);
}

START_TEST(heads_are_checked_on_both_sides)
{
	const struct image_request request = { 0xfffefdfc, IMAGE_OP_JPEG,
		IMAGE_MAX_SIDE, 0, IMAGE_MAX_BYTES },
	    card = { 1, IMAGE_OP_CARD, 0, IMAGE_TEXT_MAX, 1 };
	const struct image_reply reply = { 7, IMAGE_DONE, IMAGE_FINE,
		IMAGE_MAX_SIDE, 1, IMAGE_REPLY_MAX, IMAGE_REPLY_MAX };
	/* Where, and what no longer fits there. */
	static const struct { size_t at; uint32_t value; } bad_requests[] = {
		{ 0, 0 }, { 2, 0 }, { 2, IMAGE_OP_CARD },
		{ 2, IMAGE_OP_CARD + 1 }, { 3, IMAGE_MAX_SIDE + 1 }, { 4, 1 },
		{ 5, 0 }, { 5, IMAGE_MAX_BYTES + 1 }, { 5, 0xffffffff } },
	    bad_cards[] = { { 2, IMAGE_OP_JPEG }, { 3, 1 },
		{ 4, IMAGE_TEXT_MAX + 1 }, { 4, 0xffffffff }, { 5, 0 } },
	    bad_replies[] = { { 0, 0 }, { 2, 0 }, { 2, 2 }, { 2, 3 }, { 2, 4 },
		{ 3, 1 }, { 3, IMAGE_REASONS }, { 4, 0 },
		{ 4, IMAGE_MAX_SIDE + 1 }, { 5, 0 }, { 5, IMAGE_MAX_SIDE + 1 },
		{ 6, 0 }, { 6, IMAGE_REPLY_MAX + 1 }, { 7, IMAGE_REPLY_MAX + 1 } };
	unsigned char head[IMAGE_REPLY_HEAD], bad[IMAGE_REPLY_HEAD];
	struct image_request request_back;
	struct image_reply back;

	image_request_write(&request, head);
	ck_assert(image_request_read(head, &request_back));
	ck_assert_mem_eq(&request, &request_back, sizeof request);
	for (size_t i = 0; i < sizeof bad_requests / sizeof bad_requests[0]; i++) {
		memcpy(bad, head, sizeof bad);
		set_number(bad, bad_requests[i].at, bad_requests[i].value);
		ck_assert_msg(!image_request_read(bad, &request_back), "%zu", i);
	}
	image_request_write(&card, head);
	ck_assert(image_request_read(head, &request_back));
	ck_assert_mem_eq(&card, &request_back, sizeof card);
	for (size_t i = 0; i < sizeof bad_cards / sizeof bad_cards[0]; i++) {
		memcpy(bad, head, sizeof bad);
		set_number(bad, bad_cards[i].at, bad_cards[i].value);
		ck_assert_msg(!image_request_read(bad, &request_back), "%zu", i);
	}
	image_reply_write(&reply, head);
	ck_assert(image_reply_read(head, &back));
	ck_assert_mem_eq(&reply, &back, sizeof reply);
	for (size_t i = 0; i < sizeof bad_replies / sizeof bad_replies[0]; i++) {
		memcpy(bad, head, sizeof bad);
		set_number(bad, bad_replies[i].at, bad_replies[i].value);
		ck_assert_msg(!image_reply_read(bad, &back), "%zu", i);
	}
}
END_TEST

#define CHUNK(name, size, bytes) name size "\0\0\0" bytes
#define VP8X(flags) CHUNK("VP8X", "\12", flags "\0\0\0\1\0\0\1\0\0")

START_TEST(the_webp_container_is_emptied)
{
	static const struct { struct str in, out; } rows[] = {
		/* The simple form stays, and what follows it goes. */
		{ STR_INIT("RIFF\20\0\0\0WEBP" CHUNK("VP8 ", "\3", "abc\0") "tail"),
		    STR_INIT("RIFF\20\0\0\0WEBP" CHUNK("VP8 ", "\3", "abc\0")) },
		{ STR_INIT("RIFF\52\0\0\0WEBP" VP8X("\54")
		    CHUNK("VP8L", "\2", "ab") CHUNK("EXIF", "\1", "x\0")),
		    STR_INIT("RIFF\16\0\0\0WEBP" CHUNK("VP8L", "\2", "ab")) },
		{ STR_INIT("RIFF\64\0\0\0WEBP" VP8X("\74")
		    CHUNK("ICCP", "\2", "xx") CHUNK("ALPH", "\2", "AA")
		    CHUNK("VP8 ", "\2", "ab")),
		    STR_INIT("RIFF\52\0\0\0WEBP" VP8X("\20")
		    CHUNK("ALPH", "\2", "AA") CHUNK("VP8 ", "\2", "ab")) },
		{ STR_INIT("RIFF\16\0\0\0WEBQ" CHUNK("VP8 ", "\2", "ab")), STR_NULL },
		{ STR_INIT("RIFF\17\0\0\0WEBP" CHUNK("VP8 ", "\2", "ab")), STR_NULL },
		{ STR_INIT("RIFF\16\0\0\0WEBP" CHUNK("VP8 ", "\3", "ab")), STR_NULL },
		{ STR_INIT("RIFF\16\0\0\0WEBP" CHUNK("EXIF", "\2", "ab")), STR_NULL },
		{ STR_INIT("RIFF\30\0\0\0WEBP" CHUNK("ANMF", "\2", "ab")
		    CHUNK("VP8 ", "\2", "ab")), STR_NULL },
		{ STR_INIT("RIFF\377\377\377\377WEBP"), STR_NULL },
		{ STR_INIT("RIFF\14\0\0\0WEBPVP8 \377\377\377\377"), STR_NULL },
		{ STR_INIT("RIFF\4\0\0\0WEBP"), STR_NULL },
		{ STR_INIT("RIFF"), STR_NULL } };

	setup();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		/* Of the exact size, for the sanitizer. */
		size_t n = rows[i].in.n;
		char *p = malloc(n);

		memcpy(p, rows[i].in.p, n);
		ck_assert_msg(webp_strip(p, &n) == (rows[i].out.p != NULL), "%zu", i);
		if (rows[i].out.p != NULL)
			ck_assert_msg(str_eq((struct str){ p, n }, rows[i].out),
			    "%zu", i);
		free(p);
	}
	teardown();
}
END_TEST

/* Ink cannot show such colours; the nearest it has differ much. */
enum { GREY = -1, INK = -2 };

static const struct {
	const char *name;
	int bands;		/* of the WebP that comes out */
	int off;		/* of the colours */
} kinds[] = {
	{ "plain.png", 3, 8 }, { "plain.jpg", 3, 8 }, { "plain.webp", 3, 10 },
	{ "rgb16.png", 3, 8 }, { "interlaced.png", 3, 8 },
	{ "progressive.jpg", 3, 10 }, { "p3.jpg", 3, 10 }, { "p3.png", 3, 10 },
	{ "cmyk.jpg", 3, INK }, { "cmyk-bare.jpg", 3, INK },
	{ "grey.png", 3, GREY }, { "grey.jpg", 3, GREY }, { "grey16.png", 3, GREY },
	{ "rgba.png", 4, 8 }, { "rgba.webp", 4, 10 }, { "rgba16.png", 4, 8 },
	{ "grey-alpha.png", 4, GREY }, { "grey-alpha16.png", 4, GREY },
	{ "moving.webp", 3, 10 },
};

START_TEST(every_kind_of_pixels_becomes_srgb)
{
	struct image_result result;
	struct seen seen;

	setup();
	result = normalized(picture(kinds[_i].name), 0);
	ck_assert_int_eq(result.width, 64);
	ck_assert_int_eq(result.height, 48);
	for (int i = 0; i < 2; i++) {
		seen = probe(i == 0 ? result.full : result.thumbnail);
		ck_assert_int_eq(seen.width, 64);
		ck_assert_int_eq(seen.height, 48);
		ck_assert_int_eq(seen.bands, kinds[_i].bands);
		if (seen.bands == 4) {
			ck_assert_int_eq(seen.colour[0][3], 0);
			ck_assert_int_ge(seen.colour[1][3], 253);
			ck_assert_int_ge(seen.colour[3][3], 253);
		}
		if (kinds[_i].off == INK)
			assert_hues(&seen);
		else if (kinds[_i].off == GREY) {
			ck_assert_int_le(abs(seen.colour[1][0] - seen.colour[1][2]), 3);
			ck_assert_int_gt(seen.colour[1][0], 120);
			ck_assert_int_lt(seen.colour[1][0], seen.colour[3][0]);
		} else {
			/* Hidden colours may change. */
			if (seen.bands == 4) {
				memcpy(seen.colour[0], (int[]){ 220, 20, 20 }, 12);
				memcpy(seen.colour[2], (int[]){ 20, 20, 220 }, 12);
			}
			assert_plain(&seen, kinds[_i].off + 4 * i);
		}
	}
	teardown();
}
END_TEST

/* --- chunks of a PNG -------------------------------------------------------- */

static uint32_t
crc_of(const unsigned char *p, size_t n)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static void
put_big_endian(unsigned char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(v >> (24 - 8 * i));
}

static void
add_chunk(struct buf *buf, const char *name, const void *data, size_t n)
{
	unsigned char number[4];
	size_t at;

	put_big_endian(number, (uint32_t)n);
	buf_add(buf, number, 4);
	at = buf->n;
	buf_addz(buf, name);
	buf_add(buf, data, n);
	put_big_endian(number, crc_of((unsigned char *)buf->p + at, n + 4));
	buf_add(buf, number, 4);
}

enum { PNG_START = 33 };		/* signature and IHDR */

/* libvips reads eXIf and does not write it: take that of the JPEG. */
static struct str
png_with_exif(void)
{
	struct str png = picture("orient-6.png"), jpeg = picture("orient-6.jpg");
	const unsigned char *exif = memmem(jpeg.p, jpeg.n, "Exif\0\0", 6);
	struct buf buf;

	ck_assert_ptr_nonnull(exif);
	buf_init(&buf, arena, 0, 1 << 20);
	buf_add(&buf, png.p, PNG_START);
	/* Before it stands the size, with itself and the six bytes. */
	add_chunk(&buf, "eXIf", exif + 6, ((size_t)exif[-2] << 8 | exif[-1]) - 8);
	buf_add(&buf, png.p + PNG_START, png.n - PNG_START);
	return buf_str(&buf);
}

START_TEST(orientation_is_applied_and_metadata_go)
{
	struct str bytes, jpeg = STR_NULL;
	struct image_result result;
	struct seen seen;

	setup();
	bytes = _i == 9 ? png_with_exif() : picture(_i == 10 ? "orient-6.webp" :
	    arena_printf(arena, "orient-%d.jpg", _i).p);
	ck_assert(contains(bytes, "SECRETMAKER"));
	/* PNG holds that compressed. */
	ck_assert(contains(bytes, _i == 9 ? "XML:com.adobe.xmp" : "SECRETXMP"));
	result = normalized(bytes, 0);
	ck_assert_int_eq(result.width, 64);
	ck_assert_int_eq(result.height, 48);
	seen = probe(result.full);
	ck_assert_int_eq(seen.width, 64);
	assert_plain(&seen, 12);
	seen = probe(result.thumbnail);
	assert_plain(&seen, 16);
	ok(image_to_jpeg(image, arena, bytes, &jpeg, &err));
	assert_clean(jpeg);
	seen = probe(jpeg);
	assert_plain(&seen, 14);
	teardown();
}
END_TEST

START_TEST(sizes_are_shrunk_and_never_enlarged)
{
	static const struct { const char *name; int max, width, height, tw, th; }
	    rows[] = {
		{ "large.jpg", 0, 1024, 768, 300, 225 },
		{ "large.jpg", 512, 512, 384, 300, 225 },
		{ "large.jpg", 1024, 1024, 768, 300, 225 },
		{ "large.jpg", 100, 100, 75, 100, 75 },
		{ "large.jpg", 1, 1, 1, 1, 1 },
		{ "large.jpg", 2000000000, 1024, 768, 300, 225 },
		{ "one.png", 0, 1, 1, 1, 1 }, { "one.jpg", 9, 1, 1, 1, 1 },
		{ "one.webp", 0, 1, 1, 1, 1 },
		{ "widest.png", 0, 12000, 2, 300, 1 },
		{ "widest.png", 600, 600, 1, 300, 1 },
		{ "huge.jpg", 0, 4000, 4000, 300, 300 },
		{ "huge.jpg", 512, 512, 512, 300, 300 },
		/* Not more than IMAGE_FULL_PIXELS. */
		{ "huge.webp", 0, 5657, 2828, 300, 150 } };
	struct image_result result;
	struct seen seen;

	setup();
	image->options.max_rss_bytes = INT64_MAX;	/* a sanitizer keeps much */
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		result = normalized(picture(rows[i].name), rows[i].max);
		ck_assert_int_eq(result.width, rows[i].width);
		ck_assert_int_eq(result.height, rows[i].height);
		seen = probe(result.full);
		ck_assert_int_eq(seen.width, rows[i].width);
		ck_assert_int_eq(seen.height, rows[i].height);
		seen = probe(result.thumbnail);
		ck_assert_int_eq(seen.width, rows[i].tw);
		ck_assert_int_eq(seen.height, rows[i].th);
	}
	ck_assert_int_eq(image_counts(image).starts, 1);
	teardown();
}
END_TEST

START_TEST(a_square_is_cut_from_the_middle)
{
	static const struct { const char *name; int side, got; } rows[] = {
		{ "large.jpg", 512, 512 }, { "large.jpg", 100, 100 },
		{ "large.jpg", 2000, 768 }, { "one.png", 512, 1 },
		{ "widest.png", 512, 1 }, { "huge.jpg", 512, 512 } };
	struct str webp = STR_NULL;
	struct seen seen;

	setup();
	image->options.max_rss_bytes = INT64_MAX;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		ok(image_square(image, arena, picture(rows[i].name),
		    rows[i].side, &webp, &err));
		ck_assert_str_eq(image_sniff(webp), "image/webp");
		assert_clean(webp);
		seen = probe(webp);
		ck_assert_msg(seen.width == rows[i].got
		    && seen.height == rows[i].got, "%s: %d x %d", rows[i].name,
		    seen.width, seen.height);
	}
	fails(RC_INVALID, image_square(image, arena, STR("no"), 9, &webp, &err));
	teardown();
}
END_TEST

START_TEST(jpeg_shows_transparency_on_white)
{
	struct image_result result;
	struct str jpeg = STR_NULL;
	struct seen seen;

	setup();
	result = normalized(picture("rgba.png"), 0);
	ok(image_to_jpeg(image, arena, result.full, &jpeg, &err));
	ck_assert_str_eq(image_sniff(jpeg), "image/jpeg");
	assert_clean(jpeg);
	seen = probe(jpeg);
	ck_assert_int_eq(seen.bands, 3);
	assert_colour(seen.colour[0], 255, 255, 255, 6);
	assert_colour(seen.colour[1], 20, 220, 20, 16);
	fails(RC_INVALID, image_to_jpeg(image, arena, STR("no"), &jpeg, &err));
	teardown();
}
END_TEST

/* --- bad pictures ----------------------------------------------------------- */

/* A PNG whose header says that it is so large. */
static struct str
png_that_claims(uint32_t width, uint32_t height)
{
	struct str plain = picture("plain.png");
	unsigned char *p = (unsigned char *)arena_strz(arena, plain);

	put_big_endian(p + 16, width);
	put_big_endian(p + 20, height);
	put_big_endian(p + 29, crc_of(p + 12, 17));
	return (struct str){ (char *)p, plain.n };
}

START_TEST(too_large_pictures_are_refused_from_the_header)
{
	int64_t start;

	setup();
	ok(normalize(picture("one.png")));
	start = clock_mono_ms();
	fails(RC_INVALID, normalize(png_that_claims(30000, 30000)));
	ck_assert_str_eq(err.message,
	    "The picture is 30000 x 30000 pixels; at most 12000 a side.");
	fails(RC_INVALID, normalize(png_that_claims(12001, 1)));
	ck_assert_str_eq(err.message,
	    "The picture is 12001 x 1 pixels; at most 12000 a side.");
	fails(RC_INVALID, normalize(png_that_claims(1, 12001)));
	fails(RC_INVALID, normalize(png_that_claims(10000, 5001)));
	ck_assert_str_eq(err.message, "The picture is 10000 x 5001 pixels, "
	    "which is 50.0 megapixels; at most 50.");
	fails(RC_INVALID, normalize(png_that_claims(12000, 12000)));
	/* Let in by the header, and then there is nothing. */
	fails(RC_INVALID, normalize(png_that_claims(10000, 5000)));
	ck_assert_str_eq(err.message, "The picture is damaged or cut short.");
	fails(RC_INVALID, normalize(png_that_claims(0, 5)));
	fails(RC_INVALID, normalize(png_that_claims(0x7fffffff, 0x7fffffff)));
	fails(RC_INVALID, normalize(png_that_claims(0xffffffff, 1)));
	ck_assert_int_lt(clock_mono_ms() - start, slower(3000));
	ck_assert_int_eq(image_counts(image).starts, 1);
	teardown();
}
END_TEST

START_TEST(what_is_not_a_picture_starts_no_program)
{
	struct str huge;

	setup();
	huge = (struct str){ arena_alloc(arena, IMAGE_MAX_BYTES + 1),
		IMAGE_MAX_BYTES + 1 };
	fails(RC_INVALID, normalize(STR("")));
	fails(RC_INVALID, normalize(STR_NULL));
	fails(RC_INVALID, normalize(STR("GIF89a...................")));
	fails(RC_INVALID, normalize(STR("<svg/>")));
	ck_assert_str_eq(err.message, "This is not a PNG, JPEG or WebP picture.");
	fails(RC_TOO_LARGE, normalize(huge));
	ck_assert_int_eq(image_counts(image).starts, 0);
	teardown();
}
END_TEST

START_TEST(cut_pictures_are_refused)
{
	/* Of these last bytes no pixel depends: end marks and padding. */
	static const struct { const char *name; size_t idle; } rows[] = {
		{ "plain.png", 16 }, { "plain.jpg", 2 }, { "plain.webp", 0 },
		{ "progressive.jpg", 2 }, { "interlaced.png", 16 },
		{ "rgba.webp", 0 }, { "large.jpg", 2 }, { "render.png", 16 },
		{ "orient-6.jpg", 2 } };
	struct str whole, cut;
	int passed = 0;

	setup();
	whole = picture(rows[_i].name);
	for (size_t n = 0; n < whole.n; n += 1 + whole.n / 300) {
		cut = str_slice(whole, 0, n);
		cut.p = arena_strz(arena, cut);
		if (normalize(cut) == RC_OK) {
			ck_assert_msg(n + rows[_i].idle >= whole.n,
			    "%s cut to %zu of %zu passed", rows[_i].name, n, whole.n);
			passed++;
		} else
			ck_assert_int_eq(err.rc, RC_INVALID);
	}
	ck_assert_int_le(passed, (int)rows[_i].idle);
	ok(normalize(whole));
	ck_assert_int_eq(image_counts(image).failures, 0);
	teardown();
}
END_TEST

START_TEST(damaged_bytes_never_hurt_the_program)
{
	static const char *const names[] = { "plain.png", "plain.jpg", "plain.webp",
		"orient-6.jpg", "p3.png", "grey-alpha16.png", "moving.webp",
		"orient-6.webp" };
	struct str whole;
	char *copy;
	enum rc rc;

	setup();
	whole = picture(names[_i]);
	for (size_t i = 0; i < whole.n; i += 1 + whole.n / 250) {
		copy = arena_strz(arena, whole);
		copy[i] = (char)(copy[i] ^ (1 << i % 8));
		rc = normalize((struct str){ copy, whole.n });
		ck_assert_msg(rc == RC_OK || rc == RC_INVALID, "%s at %zu: %s (%s)",
		    names[_i], i, err.message, err.detail);
	}
	ck_assert_int_eq(image_counts(image).failures, 0);
	ck_assert_int_eq(image_counts(image).timeouts, 0);
	teardown();
}
END_TEST

START_TEST(what_is_hidden_behind_a_picture_is_dropped)
{
	static const char *const names[] = { "plain.png", "plain.jpg", "plain.webp" };
	struct image_result result;
	struct buf buf;

	setup();
	for (int i = 0; i < 3; i++) {
		buf_init(&buf, arena, 0, 1 << 20);
		buf_add_str(&buf, picture(names[i]));
		buf_add_str(&buf, STR("PK\3\4\24\0\0\0\0\0SECRET.zip PK\5\6"));
		result = normalized(buf_str(&buf), 0);
		ck_assert_int_eq(result.width, 64);
		/* And what stands before one makes it none. */
		buf_init(&buf, arena, 0, 1 << 20);
		buf_add_str(&buf, STR("GIF89a"));
		buf_add_str(&buf, picture(names[i]));
		fails(RC_INVALID, normalize(buf_str(&buf)));
	}
	teardown();
}
END_TEST

/* The data of the only IDAT of a small PNG. */
static struct str
pixels_of(struct str png)
{
	const char *at = memmem(png.p, png.n, "IDAT", 4);
	const unsigned char *n = (const unsigned char *)at - 4;

	ck_assert_ptr_nonnull(at);
	return (struct str){ at + 4, (size_t)n[2] << 8 | n[3] };
}

START_TEST(the_first_frame_of_an_animated_png_is_kept)
{
	static const unsigned char two_frames[8] = { 0, 0, 0, 2 },
	    frames[2][26] = { { [7] = 64, [11] = 48, [21] = 1, [23] = 1 },
		{ [3] = 1, [7] = 64, [11] = 48, [21] = 1, [23] = 1 } };
	struct image_result result;
	struct buf buf, second;
	struct str plain;
	struct seen seen;

	setup();
	plain = picture("plain.png");
	buf_init(&buf, arena, 0, 1 << 20);
	buf_init(&second, arena, 0, 1 << 20);
	buf_add(&buf, plain.p, PNG_START);
	add_chunk(&buf, "acTL", two_frames, sizeof two_frames);
	add_chunk(&buf, "fcTL", frames[0], sizeof frames[0]);
	add_chunk(&buf, "IDAT", pixels_of(plain).p, pixels_of(plain).n);
	add_chunk(&buf, "fcTL", frames[1], sizeof frames[1]);
	buf_add_str(&second, STR("\0\0\0\2"));
	buf_add_str(&second, pixels_of(picture("black.png")));
	add_chunk(&buf, "fdAT", second.p, second.n);
	add_chunk(&buf, "IEND", "", 0);
	result = normalized(buf_str(&buf), 0);
	ck_assert_int_eq(result.height, 48);
	seen = probe(result.full);
	assert_plain(&seen, 8);
	teardown();
}
END_TEST

/* --- a program that dies ---------------------------------------------------- */

static void
kill_later(pid_t pid, int64_t after_ms)
{
	if (fork() == 0) {
		clock_sleep_ms(after_ms);
		_exit(kill(pid, SIGKILL) != 0);
	}
}

START_TEST(a_program_killed_in_the_middle_is_replaced)
{
	pid_t first;
	int status;

	setup();
	ok(normalize(picture("plain.png")));
	first = image->child.pid;
	kill_later(first, 150);
	fails(RC_UNAVAILABLE, normalize(picture("huge.jpg")));
	/* on a slow machine it has not yet taken all of the picture */
	ck_assert_msg(strcmp(err.detail, "bezel-image: ended without an answer"
	    " (signal 9)") == 0 || strcmp(err.detail, "bezel-image: ended while it"
	    " was asked (signal 9)") == 0, "%s", err.detail);
	ck_assert_int_gt(wait(&status), 0);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(image->child.pid, 0);
	ok(normalize(picture("plain.png")));
	ck_assert_int_ne(image->child.pid, first);
	ck_assert_int_eq(image_counts(image).starts, 2);
	ck_assert_int_eq(image_counts(image).failures, 1);
	teardown();
}
END_TEST

START_TEST(a_program_killed_while_idle_is_not_noticed)
{
	setup();
	for (int i = 0; i < 3; i++) {
		ok(normalize(picture("plain.png")));
		ck_assert_int_eq(kill(image->child.pid, SIGKILL), 0);
		clock_sleep_ms(50);
	}
	ck_assert_int_eq(image_counts(image).starts, 3);
	ck_assert_int_eq(image_counts(image).failures, 0);
	teardown();
}
END_TEST

START_TEST(a_picture_over_time_ends_the_program)
{
	int64_t start;
	pid_t first;

	setup();
	open_program(unit_build_path(arena, "bezel-image"), 100, 0);
	start = clock_mono_ms();
	fails(RC_UNAVAILABLE, normalize(picture("huge.jpg")));
	ck_assert_int_lt(clock_mono_ms() - start, slower(1500));
	ck_assert_int_eq(image_counts(image).timeouts, 1);
	ck_assert_int_eq(image->child.pid, 0);
	image->options.timeout_ms = PATIENT_MS;
	ok(normalize(picture("plain.png")));
	first = image->child.pid;
	image_close(image);
	ck_assert_int_eq(kill(first, 0), -1);
	teardown();
}
END_TEST

START_TEST(the_program_is_recycled)
{
	pid_t pid;

	setup();
	open_program(unit_build_path(arena, "bezel-image"), PATIENT_MS, 3);
	for (int i = 0; i < 10; i++)
		ok(normalize(picture("one.png")));
	ck_assert_int_eq(image_counts(image).starts, 4);
	ck_assert_int_eq(image_counts(image).pictures, 10);
	image->options.recycle_after = 1000;
	pid = image->child.pid;
	ok(normalize(picture("one.png")));
	ck_assert_int_eq(image->child.pid, pid);
	image->options.max_rss_bytes = 1 << 20;
	ok(normalize(picture("one.png")));
	ck_assert_int_ne(image->child.pid, pid);
	teardown();
}
END_TEST

START_TEST(after_a_fork_each_has_its_own_program)
{
	pid_t mine;
	int status;

	setup();
	ok(normalize(picture("plain.png")));
	mine = image->child.pid;
	if (fork() == 0) {
		bool good = normalize(picture("one.png")) == RC_OK &&
		    image->child.pid != mine;

		image_close(image);
		_exit(good ? 0 : 1);
	}
	ck_assert_int_gt(wait(&status), 0);
	ck_assert_int_eq(status, 0);
	ok(normalize(picture("plain.jpg")));
	ck_assert_int_eq(image->child.pid, mine);
	teardown();
}
END_TEST

static bool
is_gone(pid_t pid)
{
	for (int i = 0; i < 200; i++, clock_sleep_ms(10)) {
		char path[64], state = 'X';
		FILE *file;

		(void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
		file = fopen(path, "r");
		if (file == NULL)
			return true;
		(void)!fscanf(file, "%*d %*s %c", &state);
		(void)fclose(file);
		if (state == 'Z' || state == 'X')
			return true;
	}
	return false;
}

START_TEST(the_program_dies_with_its_parent)
{
	int pipe_fd[2];
	pid_t program = 0, parent;

	setup();
	ck_assert_int_eq(pipe(pipe_fd), 0);
	parent = fork();
	if (parent == 0) {
		ok(normalize(picture("one.png")));
		ck_assert_int_eq(write(pipe_fd[1], &image->child.pid,
		    sizeof image->child.pid), sizeof image->child.pid);
		/* Hung, so that the end of the socket cannot be what ends it. */
		(void)kill(image->child.pid, SIGSTOP);
		clock_sleep_ms(60000);
		_exit(0);
	}
	ck_assert_int_eq(read(pipe_fd[0], &program, sizeof program), sizeof program);
	clock_sleep_ms(50);
	ck_assert_int_eq(kill(parent, SIGKILL), 0);
	ck_assert(is_gone(program));
	(void)waitpid(parent, NULL, 0);
	teardown();
}
END_TEST

/* --- what it may do ---------------------------------------------------------- */

static struct str
proc_file(const char *name)
{
	return unit_read(arena, arena_printf(arena, "/proc/%d/%s",
	    (int)image->child.pid, name).p);
}

static void
assert_limit(const char *name, const char *value)
{
	struct str rest = proc_file("limits"), line;

	while (rest.p != NULL) {
		line = str_cut(&rest, '\n');
		if (str_starts(line, str_of(name))) {
			line = str_trim(str_slice(line, 26, line.n));
			ck_assert_msg(str_starts(line, str_of(value)),
			    "%s is %.*s", name, STR_FMT(line));
			return;
		}
	}
	ck_abort_msg("%s", name);
}

START_TEST(the_program_is_confined)
{
	setup();
	ok(normalize(picture("plain.png")));
#ifndef BEZEL_COVERAGE
	assert_limit("Max file size", "0 ");
#endif
	assert_limit("Max core file size", "0 ");
	assert_limit("Max open files", "16 ");
	ck_assert(contains(proc_file("status"), "NoNewPrivs:\t1"));
#ifndef BEZEL_SANITIZED
	assert_limit("Max address space", "1073741824 ");
#if (defined(__x86_64__) || defined(__aarch64__)) && !defined(BEZEL_COVERAGE)
	ck_assert(contains(proc_file("status"), "Seccomp:\t2"));
#endif
#endif
	ck_assert_int_eq(getsid(image->child.pid), image->child.pid);
	/* Nobody but root may look into it, or trace it. */
	if (geteuid() == 0)
		ck_assert_uint_eq(proc_file("environ").n, 0);
	else
		ck_assert_ptr_null(fopen(arena_printf(arena, "/proc/%d/environ",
		    (int)image->child.pid).p, "r"));
	teardown();
}
END_TEST

/* --- false programs ---------------------------------------------------------- */

/* A shell script in the place of bezel-image. */
static void
open_script(const char *text)
{
	const char *path;

	setup();
	path = work_path("script");
	write_file(path, arena_printf(arena, "#!/bin/sh\n%s\n", text), 0700);
	open_program(path, SHORT_MS, 0);
}

START_TEST(a_program_inherits_nothing)
{
	struct str seen;
	char list[64];

	open_script("");
	write_file(work_path("script"), arena_printf(arena,
	    "#!/bin/sh\nls /proc/self/fd >%s/fds\n"
	    "cat /proc/$$/environ >%s/env\nexec sleep 9", work, work), 0700);
	for (int i = 0; i < 5; i++)
		ck_assert_int_gt(dup(0), 2);	/* that may be inherited */
	fails(RC_UNAVAILABLE, normalize(picture("one.png")));
	seen = unit_read(arena, work_path("fds"));
	(void)snprintf(list, sizeof list, "%.*s", STR_FMT(seen));
	/* 4 is the folder that ls reads. */
	ck_assert_str_eq(list, "0\n1\n2\n3\n4\n");
	ck_assert(!contains(unit_read(arena, work_path("env")), "BEZEL"));
	ck_assert(!contains(unit_read(arena, work_path("env")), "HOME"));
	teardown();
}
END_TEST

START_TEST(a_program_that_hangs_is_killed)
{
	int64_t start;

	open_script("exec sleep 100");
	for (int i = 0; i < 2; i++) {
		start = clock_mono_ms();
		fails(RC_UNAVAILABLE, normalize(picture("one.png")));
		ck_assert_int_ge(clock_mono_ms() - start, SHORT_MS - 10);
		ck_assert_int_lt(clock_mono_ms() - start, SHORT_MS + slower(800));
		ck_assert_str_eq(err.detail,
		    "bezel-image: no end after 400 ms (signal 9)");
	}
	/* Also when it does not even read what it is sent. */
	fails(RC_UNAVAILABLE, normalize(picture("huge.jpg")));
	ck_assert_int_eq(image_counts(image).timeouts, 3);
	ck_assert_int_eq(image_counts(image).starts, 3);
	teardown();
}
END_TEST

START_TEST(a_program_that_leaves_early_is_no_harm)
{
	static const char *const scripts[] = { "exit 5", "exec 3<&-; exec sleep 9",
		"head -c 10 <&3 >/dev/null; exit 0", "kill -SEGV $$",
		"head -c 10000 <&3 >/dev/null; kill -BUS $$" };

	open_script(scripts[_i]);
	ck_assert_ptr_ne((void *)(uintptr_t)signal(SIGPIPE, SIG_DFL), SIG_ERR);
	/* Large enough that the end comes while it is sent. */
	fails(RC_UNAVAILABLE, normalize(picture("huge.jpg")));
	fails(RC_UNAVAILABLE, normalize(picture("one.png")));
	ck_assert_int_eq(image_counts(image).failures +
	    image_counts(image).timeouts, 2);
	teardown();
}
END_TEST

/* What the program writes, as octal for printf. */
static struct str
octal(const struct image_reply *reply, struct str more)
{
	unsigned char head[IMAGE_REPLY_HEAD];
	struct buf buf;

	image_reply_write(reply, head);
	buf_init(&buf, arena, 0, 4096);
	for (size_t i = 0; i < sizeof head; i++)
		buf_printf(&buf, "\\%03o", head[i]);
	for (size_t i = 0; i < more.n; i++)
		buf_printf(&buf, "\\%03o", (unsigned char)more.p[i]);
	return buf_str(&buf);
}

START_TEST(rubbish_is_not_believed)
{
	static const struct { struct image_reply reply; struct str more; } rows[] = {
		/* another serial; the wrong picture would be shown */
		{ { 2, IMAGE_DONE, 0, 1, 1, 20, 20 }, STR_INIT("") },
		/* unknown status, reason, sizes */
		{ { 1, 0, 0, 1, 1, 20, 20 }, STR_INIT("") },
		{ { 1, 9, 0, 1, 1, 20, 20 }, STR_INIT("") },
		{ { 1, IMAGE_REFUSED, 0, 1, 1, 0, 0 }, STR_INIT("") },
		{ { 1, IMAGE_REFUSED, 77, 1, 1, 0, 0 }, STR_INIT("") },
		{ { 1, IMAGE_DONE, 0, 99999, 1, 20, 20 }, STR_INIT("") },
		{ { 1, IMAGE_DONE, 0, 1, 1, 0xffffffff, 20 }, STR_INIT("") },
		{ { 1, IMAGE_DONE, 0, 1, 1, 20, 0x80000000 }, STR_INIT("") },
		{ { 1, IMAGE_REFUSED, IMAGE_DAMAGED, 1, 1, 5000, 0 }, STR_INIT("") },
		/* not pictures, or not the ones that were asked for */
		{ { 1, IMAGE_DONE, 0, 1, 1, 4, 4 }, STR_INIT("abcdefgh") },
		{ { 1, IMAGE_DONE, 0, 1, 1, 16, 3 },
		    STR_INIT("RIFF1234WEBPVP8 \xff\xd8\xff") },
		{ { 1, IMAGE_DONE, 0, 1, 1, 16, 0 }, STR_INIT("RIFF1234WEBPVP8 ") },
		/* shorter than announced */
		{ { 1, IMAGE_DONE, 0, 1, 1, 100, 100 }, STR_INIT("RIFF1234WEBPVP8 ") },
	};
	const size_t n = sizeof rows / sizeof rows[0];
	struct image_result result = { .width = -7 };

	open_script("");
	for (size_t i = 0; i < n + 2; i++) {
		struct str bytes = i >= n ? STR_NULL :
		    octal(&rows[i].reply, rows[i].more);
		const char *command = i == n ? "head -c 999 /dev/urandom >&3" :
		    i == n + 1 ? "head -c 31 /dev/zero >&3" :
		    arena_printf(arena, "printf '%.*s' >&3", STR_FMT(bytes)).p;

		write_file(work_path("script"), arena_printf(arena,
		    "#!/bin/sh\n%s\nexit 0", command), 0700);
		open_program(work_path("script"), 5000, 0);
		ck_assert_msg(image_normalize(image, arena, picture("one.png"), 0,
		    &result, &err) == RC_UNAVAILABLE, "row %zu", i);
		ck_assert_int_eq(image->child.pid, 0);
		ck_assert_int_eq(result.width, -7);
		ck_assert_int_eq(image_counts(image).failures, 1);
	}
	teardown();
}
END_TEST

START_TEST(honest_answers_of_a_false_program_are_passed_on)
{
	static const struct image_reply refused = { 1, IMAGE_REFUSED,
		IMAGE_TOO_WIDE, 20000, 3, 7, 0 },
	    failed = { 1, IMAGE_FAILED, IMAGE_FINE, 0, 0, 7, 0 },
	    late = { 1, IMAGE_REFUSED, IMAGE_DAMAGED, 0, 0, 1, 0 };

	open_script("");
	write_file(work_path("script"), arena_printf(arena,
	    "#!/bin/sh\nprintf '%s' >&3\nexec sleep 9",
	    octal(&refused, STR("bad\n\"\x1b\xff")).p), 0700);
	fails(RC_INVALID, normalize(picture("one.png")));
	ck_assert_str_eq(err.message,
	    "The picture is 20000 x 3 pixels; at most 12000 a side.");
	ck_assert_str_eq(err.detail, "bezel-image: bad \"  ");
	write_file(work_path("script"), arena_printf(arena,
	    "#!/bin/sh\nprintf '%s' >&3\nexec sleep 9",
	    octal(&failed, STR("no room")).p), 0700);
	open_program(work_path("script"), SHORT_MS, 0);
	fails(RC_UNAVAILABLE, normalize(picture("one.png")));
	ck_assert_str_eq(err.detail, "bezel-image: no room");
	/* Slow within the answer counts as hanging. */
	write_file(work_path("script"), arena_printf(arena,
	    "#!/bin/sh\nprintf '%s' >&3\nexec sleep 9",
	    str_slice(octal(&late, STR_NULL), 0, 4 * 31).p), 0700);
	open_program(work_path("script"), SHORT_MS, 0);
	fails(RC_UNAVAILABLE, normalize(picture("one.png")));
	teardown();
}
END_TEST

START_TEST(a_program_that_cannot_be_run_says_so)
{
	setup();
	open_program(work_path("none"), SHORT_MS, 0);
	fails(RC_UNAVAILABLE, normalize(picture("one.png")));
	ck_assert_msg(contains(str_of(err.detail), "exit 127"), "%s", err.detail);
	write_file(work_path("data"), STR("#!/bin/sh\n"), 0600);
	open_program(work_path("data"), SHORT_MS, 0);
	fails(RC_UNAVAILABLE, normalize(picture("one.png")));
	image_close(image);
	image_close(NULL);
	teardown();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("image");
	TCase *tcase = tcase_create("image");

	tcase_set_timeout(tcase, 300);
	tcase_add_test(tcase, magic_bytes_decide);
	tcase_add_test(tcase, heads_are_checked_on_both_sides);
	tcase_add_test(tcase, the_webp_container_is_emptied);
	tcase_add_loop_test(tcase, every_kind_of_pixels_becomes_srgb, 0,
	    sizeof kinds / sizeof kinds[0]);
	tcase_add_loop_test(tcase, orientation_is_applied_and_metadata_go, 1, 11);
	tcase_add_test(tcase, sizes_are_shrunk_and_never_enlarged);
	tcase_add_test(tcase, a_square_is_cut_from_the_middle);
	tcase_add_test(tcase, jpeg_shows_transparency_on_white);
	tcase_add_test(tcase, too_large_pictures_are_refused_from_the_header);
	tcase_add_test(tcase, what_is_not_a_picture_starts_no_program);
	tcase_add_loop_test(tcase, cut_pictures_are_refused, 0, 9);
	tcase_add_loop_test(tcase, damaged_bytes_never_hurt_the_program, 0, 8);
	tcase_add_test(tcase, what_is_hidden_behind_a_picture_is_dropped);
	tcase_add_test(tcase, the_first_frame_of_an_animated_png_is_kept);
	tcase_add_test(tcase, a_program_killed_in_the_middle_is_replaced);
	tcase_add_test(tcase, a_program_killed_while_idle_is_not_noticed);
	tcase_add_test(tcase, a_picture_over_time_ends_the_program);
	tcase_add_test(tcase, the_program_is_recycled);
	tcase_add_test(tcase, after_a_fork_each_has_its_own_program);
	tcase_add_test(tcase, the_program_dies_with_its_parent);
	tcase_add_test(tcase, the_program_is_confined);
	tcase_add_test(tcase, a_program_inherits_nothing);
	tcase_add_test(tcase, a_program_that_hangs_is_killed);
	tcase_add_loop_test(tcase, a_program_that_leaves_early_is_no_harm, 0, 5);
	tcase_add_test(tcase, rubbish_is_not_believed);
	tcase_add_test(tcase, honest_answers_of_a_false_program_are_passed_on);
	tcase_add_test(tcase, a_program_that_cannot_be_run_says_so);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
