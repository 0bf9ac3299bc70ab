#include "config.h"

#include "image/image.h"

/* PNG: the signature and the length and name of the first chunk (PNG 5.2, 11.2.2).
 * JPEG: start of image and the first byte of a marker (T.81 B.1.1).
 * WebP: a RIFF file of that type with one of the three first chunks (RFC 9649). */
static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
static const char *const webp_chunks[] = { "WEBPVP8 ", "WEBPVP8L", "WEBPVP8X" };

const char *
image_sniff(struct str bytes)
{
	if (str_starts(bytes, (struct str){ png, sizeof png - 1 }))
		return "image/png";
	if (str_starts(bytes, STR("\xff\xd8\xff")))
		return "image/jpeg";
	if (bytes.n < 16 || !str_starts(bytes, STR("RIFF")))
		return NULL;
	for (size_t i = 0; i < sizeof webp_chunks / sizeof webp_chunks[0]; i++)
		if (memcmp(bytes.p + 8, webp_chunks[i], 8) == 0)
			return "image/webp";
	return NULL;
}
