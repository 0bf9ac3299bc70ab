#include "config.h"

#include "store/seal.h"

#include "base/buf.h"
#include "store/vault.h"

enum { OWNER_MAX = 100, PLACE_MAX = OWNER_MAX + 40 };

static const char *const words[SEAL_USE_COUNT] = {
#define SEAL_USE(name, word, text) [SEAL_##name] = word,
#include "store/seal-uses.def"
#undef SEAL_USE
};

/* "<use>|<owner id>|" cannot be read in two ways. */
static bool
is_owner(struct str owner_id)
{
	return owner_id.n > 0 && owner_id.n <= OWNER_MAX
	    && str_find(owner_id, '|') == owner_id.n;
}

enum rc
seal_text(struct store *store, struct arena *arena, enum seal_use use,
    struct str owner_id, struct str plain, struct str *ret_sealed,
    struct err *err)
{
	uint8_t key[VAULT_ID_BYTES];
	struct arena *wiped;
	struct buf text;

	if (!is_owner(owner_id) || plain.p == NULL || plain.n > SEAL_TEXT_MAX)
		return err_set(err, RC_INTERNAL, "This cannot be sealed.");
	if (vault_current(store, key, err) != RC_OK)
		return err->rc;
	wiped = arena_new_wiped();
	buf_init(&text, wiped, SEAL_TEXT_MAX + PLACE_MAX, SEAL_TEXT_MAX + PLACE_MAX);
	buf_printf(&text, "%s|%.*s|", words[use], STR_FMT(owner_id));
	buf_add_str(&text, plain);
	(void)!vault_encrypt(store, arena, key, buf_str(&text), ret_sealed, err);
	arena_free(wiped);
	return err->rc;
}

enum rc
unseal_text(struct store *store, struct arena *arena, enum seal_use use,
    struct str owner_id, struct str sealed, struct str *ret_plain,
    struct err *err)
{
	struct str text, place = arena_printf(arena, "%s|%.*s|", words[use],
	    STR_FMT(owner_id));

	if (!is_owner(owner_id) || sealed.p == NULL) {
		(void)err_set(err, RC_INTERNAL, "A sealed value cannot be opened.");
		return err_detail(err, "there is no value, or no owner");
	}
	if (vault_decrypt(store, arena, sealed, &text, err) != RC_OK)
		return err->rc;
	if (!str_starts(text, place)) {
		(void)err_set(err, RC_INTERNAL, "A sealed value cannot be opened.");
		return err_detail(err, "%s: it was sealed for another place",
		    words[use]);
	}
	*ret_plain = str_slice(text, place.n, text.n);
	return RC_OK;
}
