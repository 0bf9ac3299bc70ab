#include "config.h"

#include "image/proto.h"

#include "base/utf8.h"
#include "image/image.h"

enum magic { REQUEST_MAGIC = 0x51495a42, REPLY_MAGIC = 0x41495a42 }; /* BZIQ, BZIA */

static void
put_numbers(unsigned char *p, const uint32_t *numbers, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (int shift = 0; shift < 32; shift += 8)
			*p++ = (unsigned char)(numbers[i] >> shift);
}

static void
get_numbers(const unsigned char *p, uint32_t *ret_numbers, size_t n)
{
	for (size_t i = 0; i < n; i++, p += 4)
		ret_numbers[i] = (uint32_t)p[0] | (uint32_t)p[1] << 8 |
		    (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void
image_request_write(const struct image_request *request,
    unsigned char ret_head[IMAGE_REQUEST_HEAD])
{
	const uint32_t numbers[] = { REQUEST_MAGIC, request->serial,
		(uint32_t)request->op, request->max_side, request->n_text,
		request->n };

	_Static_assert(sizeof numbers == IMAGE_REQUEST_HEAD, "head");
	put_numbers(ret_head, numbers, sizeof numbers / sizeof numbers[0]);
}

bool
image_request_read(const unsigned char head[IMAGE_REQUEST_HEAD],
    struct image_request *ret_request)
{
	uint32_t v[IMAGE_REQUEST_HEAD / 4];

	get_numbers(head, v, sizeof v / sizeof v[0]);
	if (v[0] != REQUEST_MAGIC ||
	    v[2] < IMAGE_OP_NORMALIZE || v[2] > IMAGE_OP_CARD ||
	    v[3] > IMAGE_MAX_SIDE || v[4] > IMAGE_TEXT_MAX ||
	    (v[2] == IMAGE_OP_CARD ? v[3] != 0 : v[4] != 0) ||
	    v[5] == 0 || v[5] > IMAGE_MAX_BYTES)
		return false;
	*ret_request = (struct image_request){ v[1], (enum image_op)v[2], v[3],
		v[4], v[5] };
	return true;
}

void
image_reply_write(const struct image_reply *reply,
    unsigned char ret_head[IMAGE_REPLY_HEAD])
{
	const uint32_t numbers[] = { REPLY_MAGIC, reply->serial,
		(uint32_t)reply->status, (uint32_t)reply->reason, reply->width,
		reply->height, reply->n, reply->n_thumbnail };

	_Static_assert(sizeof numbers == IMAGE_REPLY_HEAD, "head");
	put_numbers(ret_head, numbers, sizeof numbers / sizeof numbers[0]);
}

static bool
done_ok(const struct image_reply *reply)
{
	return reply->reason == IMAGE_FINE && reply->width >= 1 &&
	    reply->width <= IMAGE_MAX_SIDE && reply->height >= 1 &&
	    reply->height <= IMAGE_MAX_SIDE && reply->n >= 1 &&
	    reply->n <= IMAGE_REPLY_MAX && reply->n_thumbnail <= IMAGE_REPLY_MAX;
}

bool
image_reply_read(const unsigned char head[IMAGE_REPLY_HEAD],
    struct image_reply *ret_reply)
{
	uint32_t v[IMAGE_REPLY_HEAD / 4];
	struct image_reply reply;
	bool ok;

	get_numbers(head, v, sizeof v / sizeof v[0]);
	if (v[0] != REPLY_MAGIC || v[2] < IMAGE_DONE || v[2] > IMAGE_FAILED ||
	    v[3] >= IMAGE_REASONS)
		return false;
	reply = (struct image_reply){ v[1], (enum image_status)v[2],
		(enum image_reason)v[3], v[4], v[5], v[6], v[7] };
	if (reply.status == IMAGE_DONE)
		ok = done_ok(&reply);
	else
		ok = reply.n <= IMAGE_DETAIL_MAX && reply.n_thumbnail == 0 &&
		    (reply.status == IMAGE_REFUSED) == (reply.reason != IMAGE_FINE);
	if (ok)
		*ret_reply = reply;
	return ok;
}

bool
image_card_text_read(struct str bytes, struct image_card_text *ret_text)
{
	struct str parts[3] = { STR_NULL, STR_NULL, STR_NULL };

	for (size_t i = 0; i < 3; i++) {
		if (bytes.p == NULL)	/* there were fewer */
			return false;
		parts[i] = str_cut(&bytes, '\0');
		if (utf8_has_controls(parts[i], false))
			return false;
	}
	if (bytes.p != NULL)
		return false;
	*ret_text = (struct image_card_text){ parts[0], parts[1], parts[2] };
	return true;
}
