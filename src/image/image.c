#include "config.h"

#include "image/image.h"

#include <assert.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "image/image-internal.h"
#include "image/proto.h"

enum {
	TIMEOUT_MS = 20000, RECYCLE_AFTER = 200, MAX_RSS_MIB = 256,
	GRACE_MS = 500		/* for a sound program to leave */
};

/* What is asked. */
struct question {
	enum image_op op;
	int max_side_px;
	struct str text;		/* of a card, as the protocol has it */
	struct str bytes;
};

/* What came back. */
struct answer {
	struct image_reply head;
	struct str bytes, thumbnail;
};

struct image *
image_open(struct arena *process_arena, const struct image_options *options)
{
	struct image *image = arena_one(process_arena, struct image);
	struct image_options *own = &image->options;

	*own = *options;
	own->program = arena_strz(process_arena, str_of(options->program));
	if (options->fonts != NULL)
		own->fonts = arena_strz(process_arena, str_of(options->fonts));
	if (own->timeout_ms == 0)
		own->timeout_ms = TIMEOUT_MS;
	if (own->recycle_after == 0)
		own->recycle_after = RECYCLE_AFTER;
	if (own->max_rss_bytes == 0)
		own->max_rss_bytes = (int64_t)MAX_RSS_MIB << 20;
	image->child.fd = -1;
	return image;
}

struct image_counts
image_counts(const struct image *image)
{
	return image->counts;
}

void
image_close(struct image *image)
{
	if (image != NULL)
		(void)image_child_stop(&image->child, GRACE_MS);
}

/* --- errors ---------------------------------------------------------------- */

static enum rc
unavailable(struct err *err)
{
	return err_set(err, RC_UNAVAILABLE,
	    "Pictures cannot be worked on now; please try again.");
}

/* The program has failed us: it is ended, whatever state it is in. */
static enum rc
broken(struct image *image, const char *what, struct err *err)
{
	int status = image_child_stop(&image->child, 0);

	(void)unavailable(err);
	if (status >= 0 && WIFEXITED(status))
		return err_detail(err, "bezel-image: %s (exit %d)", what,
		    WEXITSTATUS(status));
	if (status >= 0 && WIFSIGNALED(status))
		return err_detail(err, "bezel-image: %s (signal %d)", what,
		    WTERMSIG(status));
	return err_detail(err, "bezel-image: %s", what);
}

static enum rc
io_failed(struct image *image, enum image_io io, const char *what,
    struct err *err)
{
	char text[80];

	if (io == IMAGE_IO_TIMEOUT) {
		image->counts.timeouts++;
		(void)snprintf(text, sizeof text, "no end after %lld ms",
		    (long long)image->options.timeout_ms);
		what = text;
	} else
		image->counts.failures++;
	return broken(image, what, err);
}

static enum rc
rubbish(struct image *image, const char *what, struct err *err)
{
	image->counts.failures++;
	return broken(image, what, err);
}

/* The text comes from a program that has read hostile bytes. */
static void
detail_of(struct str bytes, struct err *err)
{
	char text[IMAGE_DETAIL_MAX + 1];
	size_t n = 0;

	for (; n < bytes.n && n < IMAGE_DETAIL_MAX; n++)
		text[n] = bytes.p[n] >= ' ' && bytes.p[n] <= '~' ?
		    bytes.p[n] : ' ';
	text[n] = '\0';
	(void)err_detail(err, "bezel-image: %s", text);
}

static enum rc
refused(const struct answer *answer, struct err *err)
{
	unsigned int width = answer->head.width, height = answer->head.height;

	switch (answer->head.reason) {
	case IMAGE_TOO_WIDE:
		(void)err_set(err, RC_INVALID,
		    "The picture is %u x %u pixels; at most %d a side.",
		    width, height, IMAGE_MAX_SIDE);
		break;
	case IMAGE_TOO_MANY_PIXELS:
		(void)err_set(err, RC_INVALID, "The picture is %u x %u pixels, "
		    "which is %.1f megapixels; at most %d.", width, height,
		    (double)width * height / 1e6, IMAGE_MAX_PIXELS / 1000000);
		break;
	case IMAGE_DAMAGED:
		(void)err_set(err, RC_INVALID,
		    "The picture is damaged or cut short.");
		break;
	default:
		(void)err_set(err, RC_INVALID,
		    "This is not a PNG, JPEG or WebP picture.");
	}
	detail_of(answer->bytes, err);
	return RC_INVALID;
}

/* --- the conversation ------------------------------------------------------ */

static bool
is_worn(const struct image *image)
{
	return image->pictures_of_child >= image->options.recycle_after ||
	    image_child_rss_bytes(&image->child) > image->options.max_rss_bytes;
}

/* Makes sure that there is a child that can be asked. */
static enum rc
ensure_child(struct image *image, struct err *err)
{
	int number;

	if (image_child_is_fit(&image->child) && !is_worn(image))
		return RC_OK;
	(void)image_child_stop(&image->child, GRACE_MS);
	number = image_child_start(&image->child, image->options.program,
	    image->options.fonts);
	if (number != 0) {
		(void)unavailable(err);
		return err_detail(err, "bezel-image: cannot be started: %s",
		    strerrordesc_np(number));
	}
	image->counts.starts++;
	image->pictures_of_child = 0;
	return RC_OK;
}

static enum rc
send_request(struct image *image, const struct question *question,
    int64_t deadline_ms, struct err *err)
{
	const struct image_request request = { ++image->serial, question->op,
		(uint32_t)question->max_side_px, (uint32_t)question->text.n,
		(uint32_t)question->bytes.n };
	const struct str parts[] = { question->text, question->bytes };
	unsigned char head[IMAGE_REQUEST_HEAD];
	enum image_io io;

	image_request_write(&request, head);
	io = image_child_send(&image->child, head, sizeof head, deadline_ms);
	for (size_t i = 0; i < 2 && io == IMAGE_IO_OK; i++)
		io = image_child_send(&image->child, parts[i].p, parts[i].n,
		    deadline_ms);
	return io == IMAGE_IO_OK ? RC_OK :
	    io_failed(image, io, "ended while it was asked", err);
}

static enum rc
receive_answer(struct image *image, struct arena *arena, int64_t deadline_ms,
    struct answer *ret_answer, struct err *err)
{
	unsigned char head[IMAGE_REPLY_HEAD];
	enum image_io io = image_child_receive(&image->child, head, sizeof head,
	    deadline_ms);
	struct image_reply reply;
	char *p;

	if (io != IMAGE_IO_OK)
		return io_failed(image, io, "ended without an answer", err);
	if (!image_reply_read(head, &reply) || reply.serial != image->serial)
		return rubbish(image, "its answer makes no sense", err);
	p = arena_alloc(arena, (size_t)reply.n + reply.n_thumbnail + 1);
	io = image_child_receive(&image->child, p,
	    (size_t)reply.n + reply.n_thumbnail, deadline_ms);
	if (io != IMAGE_IO_OK)
		return io_failed(image, io, "ended within its answer", err);
	*ret_answer = (struct answer){ reply, { p, reply.n },
		{ p + reply.n, reply.n_thumbnail } };
	return RC_OK;
}

static bool
is_type(struct str bytes, const char *type)
{
	const char *seen = image_sniff(bytes);

	return seen != NULL && strcmp(seen, type) == 0;
}

/* Is it what was asked for? */
static bool
is_sound(const struct answer *answer, const struct question *question)
{
	const struct image_reply *head = &answer->head;
	enum image_op op = question->op;
	int max_side_px = question->max_side_px;

	if (op == IMAGE_OP_JPEG)
		return is_type(answer->bytes, "image/jpeg") &&
		    answer->thumbnail.n == 0;
	if (op == IMAGE_OP_CARD)
		return is_type(answer->bytes, "image/jpeg") &&
		    answer->thumbnail.n == 0 && head->width == IMAGE_CARD_WIDTH &&
		    head->height == IMAGE_CARD_HEIGHT;
	if (op == IMAGE_OP_SQUARE)
		return is_type(answer->bytes, "image/webp") &&
		    answer->thumbnail.n == 0 && head->width == head->height &&
		    head->width <= (uint32_t)max_side_px;
	return is_type(answer->bytes, "image/webp") &&
	    is_type(answer->thumbnail, "image/webp") &&
	    (max_side_px == 0 || (head->width <= (uint32_t)max_side_px &&
	    head->height <= (uint32_t)max_side_px));
}

static enum rc
check_input(struct str bytes, struct err *err)
{
	if (bytes.n > IMAGE_MAX_BYTES)
		return err_set(err, RC_TOO_LARGE,
		    "The picture has %.1f MiB; at most %d.",
		    (double)bytes.n / (1 << 20), IMAGE_MAX_BYTES >> 20);
	if (image_sniff(bytes) == NULL)
		return err_set(err, RC_INVALID,
		    "This is not a PNG, JPEG or WebP picture.");
	return RC_OK;
}

static enum rc
ask(struct image *image, struct arena *arena, const struct question *question,
    struct answer *ret_answer, struct err *err)
{
	int64_t deadline_ms = clock_mono_ms() + image->options.timeout_ms;
	struct answer answer = { .bytes = STR_NULL };

	if (check_input(question->bytes, err) != RC_OK ||
	    ensure_child(image, err) != RC_OK ||
	    send_request(image, question, deadline_ms, err) != RC_OK ||
	    receive_answer(image, arena, deadline_ms, &answer, err) != RC_OK)
		return err->rc;
	image->pictures_of_child++;
	if (answer.head.status == IMAGE_FAILED) {
		image->counts.failures++;
		(void)unavailable(err);
		detail_of(answer.bytes, err);
		return RC_UNAVAILABLE;
	}
	if (answer.head.status == IMAGE_DONE && !is_sound(&answer, question))
		return rubbish(image, "it made something else", err);
	image->counts.pictures++;
	if (answer.head.status == IMAGE_REFUSED)
		return refused(&answer, err);
	*ret_answer = answer;
	return RC_OK;
}

enum rc
image_normalize(struct image *image, struct arena *arena, struct str bytes,
    int max_side_px, struct image_result *ret_result, struct err *err)
{
	struct question question = { .op = IMAGE_OP_NORMALIZE, .bytes = bytes };
	struct answer answer;
	enum rc rc;

	assert(max_side_px >= 0);
	question.max_side_px = max_side_px > IMAGE_MAX_SIDE ? IMAGE_MAX_SIDE :
	    max_side_px;
	rc = ask(image, arena, &question, &answer, err);
	if (rc == RC_OK)
		*ret_result = (struct image_result){ answer.bytes,
			answer.thumbnail, (int)answer.head.width,
			(int)answer.head.height };
	return rc;
}

enum rc
image_square(struct image *image, struct arena *arena, struct str bytes,
    int side_px, struct str *ret_webp, struct err *err)
{
	const struct question question = { .op = IMAGE_OP_SQUARE,
		.max_side_px = side_px, .bytes = bytes };
	struct answer answer;

	assert(side_px > 0 && side_px <= IMAGE_MAX_SIDE);
	if (ask(image, arena, &question, &answer, err) == RC_OK)
		*ret_webp = answer.bytes;
	return err->rc;
}

enum rc
image_to_jpeg(struct image *image, struct arena *arena, struct str bytes,
    struct str *ret_jpeg, struct err *err)
{
	const struct question question = { .op = IMAGE_OP_JPEG, .bytes = bytes };
	struct answer answer;
	enum rc rc = ask(image, arena, &question, &answer, err);

	if (rc == RC_OK)
		*ret_jpeg = answer.bytes;
	return rc;
}

/* One of a card's texts, without what would end it sooner. */
static void
add_text(struct buf *buf, struct str text, size_t most)
{
	text = utf8_head(utf8_repair(buf->arena, text), most);
	for (size_t i = 0; i < text.n;) {
		size_t n = utf8_char(text.p + i, text.n - i);
		struct str character = str_slice(text, i, i + n);

		buf_add_str(buf, utf8_has_controls(character, false) ? STR(" ") :
		    character);
		i += n;
	}
}

enum rc
image_card(struct image *image, struct arena *arena, struct str bytes,
    const struct image_card_text *text, struct str *ret_jpeg, struct err *err)
{
	enum { TITLE_MOST = 1200, LINE_MOST = 400 };
	struct question question = { .op = IMAGE_OP_CARD, .bytes = bytes };
	struct answer answer;
	struct buf buf;
	enum rc rc;

	_Static_assert(TITLE_MOST + 2 * LINE_MOST + 2 <= IMAGE_TEXT_MAX, "text");
	buf_init(&buf, arena, 256, IMAGE_TEXT_MAX);
	add_text(&buf, text->title, TITLE_MOST);
	buf_add_char(&buf, '\0');
	add_text(&buf, text->stone, LINE_MOST);
	buf_add_char(&buf, '\0');
	add_text(&buf, text->metals, LINE_MOST);
	question.text = buf_str(&buf);
	rc = ask(image, arena, &question, &answer, err);
	if (rc == RC_OK)
		*ret_jpeg = answer.bytes;
	return rc;
}
