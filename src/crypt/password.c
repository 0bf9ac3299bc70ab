#include "config.h"

#include "crypt/password.h"

#include <argon2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/uuid.h"

enum { SALT_BYTES = 16, HASH_BYTES = 32 };

/* Of no password that anybody knows; verified where there is no hash. */
static const char dummy[] = "$argon2id$v=19$m=19456,t=2,p=1$"
    "YmV6ZWwgZHVtbXkgc2FsdA$"
    "RmUOA6kncCSR2A5scH7Ycno28fJXlo/hNOFbgNnRVyw";

static enum rc
failed(int code, struct err *err)
{
	(void)err_set(err, code == ARGON2_MEMORY_ALLOCATION_ERROR
	    ? RC_UNAVAILABLE : RC_INTERNAL,
	    "The password could not be checked; try again.");
	err->retry_after_s = 2;
	return err_detail(err, "argon2: %s", argon2_error_message(code));
}

enum rc
password_hash(struct arena *arena, struct str password, struct str *ret_phc,
    struct err *err)
{
	char *phc = arena_alloc(arena, PASSWORD_HASH_MAX);
	unsigned char salt[SALT_BYTES];
	int code;

	random_bytes(salt, sizeof salt);
	code = argon2id_hash_encoded(PASSWORD_PASSES, PASSWORD_MEMORY_KIB,
	    PASSWORD_LANES, password.p, password.n, salt, sizeof salt,
	    HASH_BYTES, phc, PASSWORD_HASH_MAX);
	if (code != ARGON2_OK)
		return failed(code, err);
	*ret_phc = str_of(phc);
	return RC_OK;
}

enum rc
password_verify(struct arena *arena, struct str phc, struct str password,
    bool *ret_match, struct err *err)
{
	int code = ARGON2_DECODING_FAIL;

	if (phc.p != NULL)
		code = argon2id_verify(arena_strz(arena, phc), password.p,
		    password.n);
	*ret_match = code == ARGON2_OK;
	if (code == ARGON2_OK || code == ARGON2_VERIFY_MISMATCH)
		return RC_OK;
	if (code == ARGON2_MEMORY_ALLOCATION_ERROR)
		return failed(code, err);
	code = argon2id_verify(dummy, password.p, password.n);
	return code == ARGON2_MEMORY_ALLOCATION_ERROR ? failed(code, err) : RC_OK;
}

bool
password_outdated(struct arena *arena, struct str phc)
{
	unsigned memory, passes, lanes;

	return sscanf(arena_strz(arena, phc), "$argon2id$v=19$m=%u,t=%u,p=%u$",
	    &memory, &passes, &lanes) != 3 || memory < PASSWORD_MEMORY_KIB
	    || passes < PASSWORD_PASSES || lanes < PASSWORD_LANES;
}

static const char *const common[] = {
#include "crypt/common-passwords.inc"
};

static int
compare(const void *key, const void *row)
{
	return strcmp(key, *(const char *const *)row);
}

bool
password_common(struct arena *arena, struct str password)
{
	char *lower = arena_strz(arena, password);

	for (char *p = lower; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return bsearch(lower, common, sizeof common / sizeof common[0],
	    sizeof common[0], compare) != NULL;
}
