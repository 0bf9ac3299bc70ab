#include "config.h"

#include "crypt/keyring.h"

#include <stdio.h>

static const struct {
	const char *info;
	size_t bytes;
} rows[KEY_COUNT] = {
#define KEY(name, info, text) LONG_KEY(name, info, KEY_BYTES, text)
#define LONG_KEY(name, info, bytes, text) [KEY_##name] = { info, bytes },
#include "crypt/keys.def"
#undef KEY
#undef LONG_KEY
};

#define KEY(name, info, text)
#define LONG_KEY(name, info, bytes, text) \
	_Static_assert(bytes <= KEY_MOST_BYTES, "no room for " #name);
#include "crypt/keys.def"
#undef KEY
#undef LONG_KEY

void
keyring_share(struct keyring *keyring, const unsigned char master[KEY_BYTES],
    const unsigned char ids[KEYRING_SHARE_KEYS])
{
	struct str secret = { (const char *)master, KEY_BYTES };
	char info[20];

	for (int i = 0; i < KEYRING_SHARE_KEYS; i++) {
		struct keyring_share *share = &keyring->share[i];

		share->id = ids[i];
		(void)snprintf(info, sizeof info, "share/v2/%u", ids[i]);
		hkdf_sha256(secret, STR(""), str_of(info), share->key, KEY_BYTES);
		(void)snprintf(info, sizeof info, "share-id/v2/%u", ids[i]);
		hkdf_sha256(secret, STR(""), str_of(info), share->id_key,
		    KEY_BYTES);
	}
}

void
keyring_init(struct keyring *keyring, const unsigned char master[KEY_BYTES])
{
	static const unsigned char first[KEYRING_SHARE_KEYS] = { 1, 0 };
	struct str secret = { (const char *)master, KEY_BYTES };

	memset(keyring, 0, sizeof *keyring);
	for (int i = 0; i < KEY_COUNT; i++)
		hkdf_sha256(secret, STR(""), str_of(rows[i].info),
		    keyring->keys[i], rows[i].bytes);
	keyring_share(keyring, master, first);
}

struct str
keyring_key(const struct keyring *keyring, enum key_name name)
{
	return (struct str){ (const char *)keyring->keys[name],
		rows[name].bytes };
}

void
keyring_done(struct keyring *keyring)
{
	explicit_bzero(keyring, sizeof *keyring);
}
