/*
 * secret.h - secrets come from files that only their owner can read.
 *
 * A file is refused unless it is regular and gives nothing to group and others
 * (0600, 0400); so only its owner and root can have opened it. What was wrong
 * stands in err->detail, without the content.
 */
#ifndef BEZEL_CRYPT_SECRET_H
#define BEZEL_CRYPT_SECRET_H

#include "base/err.h"
#include "crypt/keyring.h"

enum { SECRET_MAX = 4096 };	/* bytes of a file */

/* One line of printable ASCII without its newline: an API key, a URI. It
 * belongs to arena, which should be a wiped one. */
must_use enum rc secret_read_file(struct arena *arena, const char *path,
    struct str *ret_text, struct err *err);

/* A file of 64 hexadecimal characters: the master key. */
must_use enum rc secret_read_key(const char *path,
    unsigned char ret_key[KEY_BYTES], struct err *err);

#endif
