#include "config.h"

#include "crypt/keyring.h"

static const char *const infos[KEY_COUNT] = {
#define KEY(name, info, text) [KEY_##name] = info,
#include "crypt/keys.def"
#undef KEY
};

void
keyring_init(struct keyring *keyring, const unsigned char master[KEY_BYTES])
{
	struct str secret = { (const char *)master, KEY_BYTES };

	for (int i = 0; i < KEY_COUNT; i++)
		hkdf_sha256(secret, STR(""), str_of(infos[i]), keyring->keys[i],
		    KEY_BYTES);
}

void
keyring_done(struct keyring *keyring)
{
	explicit_bzero(keyring, sizeof *keyring);
}
