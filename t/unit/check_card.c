/* Cards for previews, made by the real bezel-image. The pictures are those of
 * check_image. Texts are judged by comparing cards: what is shown changes the bytes. */
#include "config.h"

#include "unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "image/image-internal.h"
#include "image/proto.h"

enum { PATIENT_MS = 60000, MANY = 1000, BYTES_MOST = 150000 };

static struct arena *arena;
static struct err err;
static struct image *image;
static struct str plain;

static struct str
picture(const char *name)
{
	return unit_read(arena, unit_build_path(arena,
	    arena_printf(arena, "t/pictures/%s", name).p));
}

static void
open_program(const char *fonts)
{
	const struct image_options options = { .fonts = fonts,
		.program = unit_build_path(arena, "bezel-image"), .timeout_ms = PATIENT_MS,
		.recycle_after = MANY, .max_rss_bytes = INT64_MAX };

	image_close(image);
	image = image_open(arena, &options);
}

static void
setup(void)
{
	arena = arena_new();
	err_init(&err);
	open_program(NULL);
	plain = picture("plain.png");
}

static void
teardown(void)
{
	image_close(image);
	image = NULL;
	arena_free(arena);
}

static unsigned
u16(struct str s, size_t at)
{
	return (unsigned)(unsigned char)s.p[at] << 8 | (unsigned char)s.p[at + 1];
}

/* Progressive (SOF2, T.81 B.2.2) and of the size that it must have, ended by EOI. */
static void
assert_jpeg(struct str jpeg)
{
	const char *frame = memmem(jpeg.p, jpeg.n, "\xff\xc2\0\x11\x08", 5);
	size_t at;

	ck_assert_str_eq(image_sniff(jpeg), "image/jpeg");
	ck_assert_ptr_nonnull(frame);
	at = (size_t)(frame - jpeg.p);
	ck_assert_uint_eq(u16(jpeg, at + 5), IMAGE_CARD_HEIGHT);
	ck_assert_uint_eq(u16(jpeg, at + 7), IMAGE_CARD_WIDTH);
	ck_assert_uint_eq(u16(jpeg, jpeg.n - 2), 0xffd9);
	ck_assert_ptr_null(memmem(jpeg.p, jpeg.n, "Exif", 4));
	ck_assert_ptr_null(memmem(jpeg.p, jpeg.n, "ICC_PROFILE", 11));
	ck_assert_ptr_null(memmem(jpeg.p, jpeg.n, "SECRET", 6));
}

static struct str
card_with(struct str bytes, const struct image_card_text *text)
{
	struct str jpeg = STR_NULL;

	ok(image_card(image, arena, bytes, text, &jpeg, &err));
	assert_jpeg(jpeg);
	return jpeg;
}

static struct str
card(const char *title)
{
	const struct image_card_text text = { .title = str_of(title) };

	return card_with(plain, &text);
}

#define same(one, other) ck_assert_msg(str_eq(card(one), card(other)), \
	"\"%s\" and \"%s\" differ", one, other)
#define differ(one, other) ck_assert_msg(!str_eq(card(one), card(other)), \
	"\"%s\" and \"%s\" are the same", one, other)

/* --- cases ------------------------------------------------------------------ */

START_TEST(any_picture_becomes_a_card)
{
	static const char *const names[] = { "plain.png", "plain.jpg", "plain.webp",
		"rgb16.png", "grey.png", "grey-alpha16.png", "rgba.webp", "cmyk.jpg",
		"p3.jpg", "moving.webp", "orient-6.jpg", "one.png", "one.webp",
		"widest.png", "large.jpg", "huge.jpg", "huge.webp" };
	const struct image_card_text text = { STR("Midnight"),
		STR("Sapphire, oval, 2.1 ct"), STR("Platinum") };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		ck_assert_uint_lt(card_with(picture(names[i]), &text).n, BYTES_MOST);
	ck_assert_int_eq(image_counts(image).starts, 1);
	ck_assert_int_eq(image_counts(image).failures, 0);
}
END_TEST

START_TEST(noise_is_the_largest)
{
	const struct image_card_text text = { .title = STR("x") };

	/* Nothing is harder to encode: a bound for what is kept of a card. */
	ck_assert_uint_lt(card_with(picture("render.png"), &text).n, 400000);
}
END_TEST

START_TEST(each_part_is_shown)
{
	struct image_card_text text = { STR("Midnight"), STR("Sapphire"),
		STR("Platinum") };
	struct str whole = card_with(plain, &text);

	ck_assert(str_eq(card_with(plain, &text), whole));
	for (int i = 0; i < 3; i++) {
		struct image_card_text other = text;
		struct str *part = i == 0 ? &other.title : i == 1 ? &other.stone :
		    &other.metals;

		*part = STR_NULL;
		ck_assert(!str_eq(card_with(plain, &other), whole));
		*part = STR("Else");
		ck_assert(!str_eq(card_with(plain, &other), whole));
	}
	ck_assert(!str_eq(card_with(picture("large.jpg"), &text), whole));
}
END_TEST

/* Of the letters o and o with two dots the widths are the same: were no glyph drawn
 * but its box, because a font could not be opened in that size, so would be the cards. */
START_TEST(every_size_of_letters_is_drawn)
{
	static const char *const pairs[][2] = {
		{ "o", "\xc3\xb6" },
		{ "oooooooo ooooooooo ooooooooo", "\xc3\xb6ooooooo ooooooooo ooooooooo" },
		{ "oooooooo ooooooooo ooooooooo ooooooooo ooooooooo ooooooooo",
		  "\xc3\xb6ooooooo ooooooooo ooooooooo ooooooooo ooooooooo ooooooooo" },
		{ "oooooooo ooooooooo ooooooooo ooooooooo ooooooooo ooooooooo ooooooooo"
		  " ooooooooo ooooooooo",
		  "\xc3\xb6ooooooo ooooooooo ooooooooo ooooooooo ooooooooo ooooooooo ooooooooo"
		  " ooooooooo ooooooooo" } };

	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		struct image_card_text text = { .title = STR("x") };
		struct str one;

		differ(pairs[i][0], pairs[i][1]);
		text.stone = text.metals = str_of(pairs[i][0]);
		one = card_with(plain, &text);
		text.stone = str_of(pairs[i][1]);
		ck_assert(!str_eq(card_with(plain, &text), one));
		text.stone = str_of(pairs[i][0]);
		text.metals = str_of(pairs[i][1]);
		ck_assert(!str_eq(card_with(plain, &text), one));
	}
}
END_TEST

START_TEST(other_scripts_are_drawn)
{
	differ("\xd7\x90\xd7\x91", "\xd7\x91\xd7\x90");			/* Hebrew */
	differ("\xd8\xae\xd8\xa7\xd8\xaa\xd9\x85", "\xd8\xae\xd8\xa7");	/* Arabic */
	differ("\xe7\xb4\xab\xe6\xb0\xb4", "\xe6\xb0\xb4\xe6\xb0\xb4");	/* Han */
	differ("\xe3\x83\x9a\xe3\x83\xb3", "\xe3\x83\xb3\xe3\x83\xb3");	/* Katakana */
	differ("\xd0\x9d\xd0\xbe", "\xd0\xbe\xd0\x9d");			/* Cyrillic */
}
END_TEST

START_TEST(markup_is_text)
{
	differ("<b>x</b>", "x");
	differ("<span size='9999999'>x</span>", "x");
	differ("&lt;", "<");
	differ("<b>", "<i>");
	differ("%s%n", "%s");
	differ("<", "");
}
END_TEST

START_TEST(what_cannot_be_shown_is_left_out)
{
	same("a \xf0\x9f\xa6\x84 b", "a b");			/* a unicorn */
	same("a\xf3\xa0\x80\xa0z", "az");			/* a tag */
	same("  a \t\n b ", "a b");
	same("a\x01z", "a z");					/* a control */
	same("a\xe2\x80\xaez", "a z");				/* right to left override */
	same("a\xef\xbf\xbfz", "az");				/* not a character */
	same("a\xff\xc3z", "az");				/* not UTF-8 */
	same("\xee\x80\x80", "");				/* private */
	same("\xe2\x80\x8d\xe2\x80\x8d", "");			/* joiners alone */
	/* More marks than three on a letter. */
	same("a\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81z", "a\xcc\x81\xcc\x81\xcc\x81z");
}
END_TEST

START_TEST(long_texts_are_cut)
{
	char text[20001];

	for (size_t i = 0; i < sizeof text; i++)
		text[i] = i % 9 == 8 ? ' ' : 'n';
	for (size_t n = 1; n < sizeof text; n = n * 2 + 1) {
		const struct image_card_text all = { { text, n }, { text, n },
			{ text, n } };

		(void)card_with(plain, &all);
	}
	/* No place for a break. */
	memset(text, 'W', sizeof text);
	(void)card_with(plain, &(struct image_card_text){ { text, sizeof text },
	    { text, sizeof text }, { text, sizeof text } });
	/* The limit of bytes within a character. */
	for (size_t i = 0; i + 1 < sizeof text; i += 2)
		memcpy(text + i, "\xc3\xb6", 2);
	for (size_t n = 1198; n < 1204; n++)
		(void)card_with(plain, &(struct image_card_text){ { text, n },
		    { text, n }, { text, n } });
	ck_assert_int_eq(image_counts(image).failures, 0);
}
END_TEST

START_TEST(without_fonts_there_is_no_text)
{
	struct str with = card("x"), without;

	open_program(unit_top());
	without = card("x");
	ck_assert(!str_eq(with, without));
	same("x", "other");
	same("x", "");
	open_program("/nonexistent");
	ck_assert(str_eq(card("y"), without));
	open_program(NULL);
	/* So does a card of which nothing can be shown. */
	ck_assert(str_eq(card("\xf0\x9f\xa6\x84"), without));
	ck_assert(str_eq(card(""), without));
}
END_TEST

START_TEST(bad_pictures_are_refused)
{
	const struct image_card_text text = { .title = STR("x") };
	struct str whole, jpeg = STR_NULL;
	char *copy;

	fails(RC_INVALID, image_card(image, arena, STR("GIF89a"), &text, &jpeg,
	    &err));
	ck_assert_int_eq(image_counts(image).starts, 0);
	whole = picture("render.png");
	fails(RC_INVALID, image_card(image, arena, str_slice(whole, 0, whole.n / 2),
	    &text, &jpeg, &err));
	ck_assert_str_eq(err.message, "The picture is damaged or cut short.");
	for (size_t i = 0; i < plain.n; i += 1 + plain.n / 40) {
		enum rc rc;

		copy = arena_strz(arena, plain);
		copy[i] = (char)(copy[i] ^ (1 << i % 8));
		rc = image_card(image, arena, (struct str){ copy, plain.n }, &text,
		    &jpeg, &err);
		ck_assert_msg(rc == RC_OK || rc == RC_INVALID, "%zu: %s", i,
		    err.message);
	}
	ck_assert_int_eq(image_counts(image).failures, 0);
}
END_TEST

START_TEST(a_program_that_dies_is_replaced)
{
	const struct image_card_text text = { .title = STR("x") };
	struct str huge = picture("huge.jpg"), jpeg = STR("untouched");
	struct str before = card("x");
	pid_t pid = image->child.pid, killer;
	int status;

	killer = fork();
	if (killer == 0) {
		clock_sleep_ms(100);
		_exit(kill(pid, SIGKILL) != 0);
	}
	fails(RC_UNAVAILABLE, image_card(image, arena, huge, &text, &jpeg, &err));
	ck_assert_str(jpeg, "untouched");
	ck_assert_int_eq(waitpid(killer, &status, 0), killer);
	ck_assert_int_eq(status, 0);
	ck_assert(str_eq(card("x"), before));
	ck_assert_int_eq(image_counts(image).starts, 2);
	/* One that hangs. */
	ck_assert_int_eq(kill(image->child.pid, SIGSTOP), 0);
	image->options.timeout_ms = 300;
	fails(RC_UNAVAILABLE, image_card(image, arena, plain, &text, &jpeg, &err));
	ck_assert_int_eq(image_counts(image).timeouts, 1);
	image->options.timeout_ms = PATIENT_MS;
	ck_assert(str_eq(card("x"), before));
}
END_TEST

/* A program that makes something of another size, or no JPEG. */
START_TEST(another_answer_is_not_believed)
{
	static const struct { uint32_t width, height; struct str bytes; } rows[] = {
		{ 1200, 629, STR_INIT("\xff\xd8\xff") },
		{ 630, 1200, STR_INIT("\xff\xd8\xff") },
		{ 1200, 630, STR_INIT("GIF") } };
	const struct image_card_text text = { .title = STR("x") };
	struct str jpeg = STR_NULL;
	char path[UNIT_PATH];

	unit_path(path, "script");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct image_reply reply = { 1, IMAGE_DONE, IMAGE_FINE,
			rows[i].width, rows[i].height, (uint32_t)rows[i].bytes.n, 0 };
		const struct image_options options = { .program = path,
			.timeout_ms = PATIENT_MS };
		unsigned char head[IMAGE_REPLY_HEAD];
		FILE *file = fopen(path, "w");

		ck_assert_ptr_nonnull(file);
		image_reply_write(&reply, head);
		(void)fputs("#!/bin/sh\nprintf '", file);
		for (size_t k = 0; k < sizeof head; k++)
			(void)fprintf(file, "\\%03o", head[k]);
		for (size_t k = 0; k < rows[i].bytes.n; k++)
			(void)fprintf(file, "\\%03o", (unsigned char)rows[i].bytes.p[k]);
		(void)fputs("' >&3\nexec sleep 9\n", file);
		ck_assert_int_eq(fchmod(fileno(file), 0700), 0);
		ck_assert_int_eq(fclose(file), 0);
		image_close(image);
		image = image_open(arena, &options);
		fails(RC_UNAVAILABLE, image_card(image, arena, plain, &text, &jpeg,
		    &err));
		ck_assert_ptr_nonnull(strstr(err.detail, "something else"));
	}
	ck_assert_int_eq(remove(path), 0);
}
END_TEST

START_TEST(the_text_of_a_request_is_checked)
{
	static const struct { struct str bytes; bool good; } rows[] = {
		{ STR_INIT("a\0b\0c"), true }, { STR_INIT("\0\0"), true },
		{ STR_INIT("\xc3\xb6\0\xe4\xb8\xad\0"), true },
		{ STR_INIT(""), false }, { STR_INIT("a"), false },
		{ STR_INIT("a\0b"), false }, { STR_INIT("a\0b\0c\0"), false },
		{ STR_INIT("a\0b\0c\0d"), false }, { STR_INIT("\xc3\0\0"), false },
		{ STR_INIT("\n\0\0"), false }, { STR_INIT("\0\xe2\x80\xae\0"), false },
		{ STR_INIT("\0\0\xff"), false } };
	struct image_card_text text = { .title = STR_NULL };

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		/* Of the exact size, for the sanitizer. */
		char *p = malloc(rows[i].bytes.n + (rows[i].bytes.n == 0));

		memcpy(p, rows[i].bytes.p, rows[i].bytes.n);
		ck_assert_msg(image_card_text_read((struct str){ p, rows[i].bytes.n },
		    &text) == rows[i].good, "%zu", i);
		free(p);
	}
	ck_assert(image_card_text_read(rows[0].bytes, &text));
	ck_assert_str(text.title, "a");
	ck_assert_str(text.stone, "b");
	ck_assert_str(text.metals, "c");
}
END_TEST

int
main(void)
{
	static const TTest *const *const cases[] = { &any_picture_becomes_a_card,
		&noise_is_the_largest, &each_part_is_shown,
		&every_size_of_letters_is_drawn, &other_scripts_are_drawn,
		&markup_is_text, &what_cannot_be_shown_is_left_out,
		&long_texts_are_cut, &without_fonts_there_is_no_text,
		&bad_pictures_are_refused, &a_program_that_dies_is_replaced,
		&another_answer_is_not_believed, &the_text_of_a_request_is_checked };
	Suite *suite = suite_create("card");
	TCase *tcase = tcase_create("card");

	tcase_set_timeout(tcase, 300);	/* a sanitizer is slow */
	tcase_add_checked_fixture(tcase, setup, teardown);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		tcase_add_test(tcase, *cases[i]);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
