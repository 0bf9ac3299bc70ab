#include "config.h"

#include "provider/gemini-wire.h"

static const struct {
	const char *mime;
	struct str magic;
	size_t also_at;
	struct str also;
} kinds[] = {
	{ "image/png", STR_INIT("\x89PNG\r\n\x1a\n"), 0, STR_INIT("") },
	{ "image/jpeg", STR_INIT("\xff\xd8\xff"), 0, STR_INIT("") },
	{ "image/webp", STR_INIT("RIFF"), 8, STR_INIT("WEBP") },
};

const char *
gemini_sniff(struct str bytes)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		struct str also = kinds[i].also;

		if (bytes.n >= kinds[i].also_at + also.n
		    && str_starts(bytes, kinds[i].magic)
		    && memcmp(bytes.p + kinds[i].also_at, also.p, also.n) == 0)
			return kinds[i].mime;
	}
	return NULL;
}

static uint32_t
read_u32(struct str bytes, size_t at, bool big_endian)
{
	const unsigned char *p = (const unsigned char *)bytes.p + at;

	return big_endian
	    ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
	    : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* Chunks are length, type, data, CRC (PNG, section 5.3). */
static bool
png_whole(struct str bytes)
{
	size_t at = 8;

	while (bytes.n - at >= 12) {
		size_t length = read_u32(bytes, at, true);

		if (length > bytes.n - at - 12)
			return false;
		if (memcmp(bytes.p + at + 4, "IEND", 4) == 0)
			return true;
		at += 12 + length;
	}
	return false;
}

/* Segments up to the first scan (ITU-T T.81, annex B); within a scan 0xff is
 * followed by 0 or a restart marker, so that an EOI behind it is a true one. */
static bool
jpeg_whole(struct str bytes)
{
	const unsigned char *p = (const unsigned char *)bytes.p;
	size_t at = 2;

	while (bytes.n - at >= 4 && p[at] == 0xff) {
		size_t length = (size_t)p[at + 2] << 8 | p[at + 3];

		if (p[at + 1] == 0xff) {
			at++;		/* fill byte */
			continue;
		}
		if (length < 2 || length > bytes.n - at - 2)
			return false;
		if (p[at + 1] == 0xda)
			return memmem(p + at, bytes.n - at, "\xff\xd9", 2) != NULL;
		at += 2 + length;
	}
	return false;
}

bool
gemini_picture_whole(struct str bytes)
{
	const char *mime = gemini_sniff(bytes);

	if (mime == NULL)
		return false;
	if (strcmp(mime, "image/png") == 0)
		return png_whole(bytes);
	if (strcmp(mime, "image/jpeg") == 0)
		return jpeg_whole(bytes);
	return read_u32(bytes, 4, false) <= bytes.n - 8;
}
