#include "config.h"

#include "crypt/keyring.h"

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
keyring_init(struct keyring *keyring, const unsigned char master[KEY_BYTES])
{
	struct str secret = { (const char *)master, KEY_BYTES };

	memset(keyring, 0, sizeof *keyring);
	for (int i = 0; i < KEY_COUNT; i++)
		hkdf_sha256(secret, STR(""), str_of(rows[i].info),
		    keyring->keys[i], rows[i].bytes);
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
