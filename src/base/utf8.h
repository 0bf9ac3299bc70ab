/*
 * utf8.h - well-formed UTF-8 (Unicode 15, table 3-7) and what may stand in text.
 *
 * Everything that reads UTF-8 uses utf8_char(): overlong forms, surrogates,
 * code points over U+10FFFF and cut sequences are not characters.
 */
#ifndef BEZEL_BASE_UTF8_H
#define BEZEL_BASE_UTF8_H

#include "base/arena.h"

/* The length (1 to 4) of the well-formed character at p, of which n bytes
 * are there, or 0. */
size_t utf8_char(const char *p, size_t n);

/* Where utf8_char() says 0: how many bytes, at least 1, one U+FFFD stands for
 * ("maximal subpart", WHATWG Encoding 4.1 and Unicode 3.9). 0 when n is 0. */
size_t utf8_bad(const char *p, size_t n);

bool utf8_valid(struct str s);

/* Code points; each bad sequence counts as one. */
size_t utf8_count(struct str s);

/* At most n bytes of s, cut between two characters. */
struct str utf8_head(struct str s, size_t n);

/* C0, DEL, C1, bidi embeddings, overrides and isolates (U+202A to U+202E,
 * U+2066 to U+2069); bad UTF-8 too. allow_newlines lets \n and \t pass. */
bool utf8_has_controls(struct str s, bool allow_newlines);

/* s itself when it is valid, else a copy with U+FFFD for bad sequences. */
struct str utf8_repair(struct arena *arena, struct str s);

#endif
