/*
 * password.h - passwords: Argon2id (RFC 9106), and the ones that nobody may have.
 *
 * A hash is the PHC string "$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>": it carries
 * its parameters, so that they can be raised later and old hashes are made anew when
 * their owner signs in. The parameters are the least that OWASP's Password Storage
 * Cheat Sheet recommends: 19 MiB, two passes, one lane; some 25 ms of one core.
 */
#ifndef BEZEL_CRYPT_PASSWORD_H
#define BEZEL_CRYPT_PASSWORD_H

#include "base/err.h"

enum {
	PASSWORD_MEMORY_KIB = 19 * 1024,
	PASSWORD_PASSES = 2,
	PASSWORD_LANES = 1,
	PASSWORD_HASH_MAX = 128		/* bytes of a PHC string */
};

/* With a fresh salt of 16 bytes. RC_UNAVAILABLE when there is no memory. */
must_use enum rc password_hash(struct arena *arena, struct str password,
    struct str *ret_phc, struct err *err);

/* *ret_match: whether it is the password of that hash. A null or broken hash matches
 * none and takes as long as a good one, so that an account without a password, or no
 * account at all, cannot be told from a wrong password. */
must_use enum rc password_verify(struct arena *arena, struct str phc,
    struct str password, bool *ret_match, struct err *err);

/* Made with less than the parameters above. */
bool password_outdated(struct arena *arena, struct str phc);

/* Among the most common ones, whatever the case of its letters. */
bool password_common(struct arena *arena, struct str password);

#endif
