#include "config.h"

#include "app/links.h"

#include "base/uuid.h"
#include "crypt/token.h"
#include "schema/documents.h"

struct str
link_token(const struct keyring *keyring, struct arena *arena,
    const char *purpose, struct str id)
{
	return token_sign(arena, keyring_key(keyring, KEY_MAIL),
	    arena_printf(arena, "%s.%.*s", purpose, STR_FMT(id)));
}

bool
link_token_verify(const struct keyring *keyring, const char *purpose,
    struct str token, struct str *ret_id)
{
	struct str id, named;

	if (!token_verify(keyring_key(keyring, KEY_MAIL), token, &id))
		return false;
	named = str_cut(&id, '.');
	if (!str_eqz(named, purpose) || !uuid_is(id))
		return false;
	*ret_id = id;
	return true;
}

void
link_one_time(struct one_time_token *token, struct str id, const char *purpose,
    struct str user_id, struct str email, int64_t now_ms, int life_s)
{
	doc_init(&doc_one_time_token, token);
	token->id = id;
	token->purpose = str_of(purpose);
	token->user_id = user_id;
	token->email = email;
	token->created_at = now_ms;
	token->expires_at = now_ms + life_s * 1000LL;
}

struct str
link_unsubscribe(const struct keyring *keyring, struct arena *arena,
    struct str user_id, struct str list)
{
	return token_sign(arena, keyring_key(keyring, KEY_UNSUBSCRIBE),
	    arena_printf(arena, "%.*s.%.*s", STR_FMT(user_id), STR_FMT(list)));
}

bool
link_unsubscribe_verify(const struct keyring *keyring, struct str token,
    struct str *ret_user_id, struct str *ret_list)
{
	struct str list, user_id;

	if (!token_verify(keyring_key(keyring, KEY_UNSUBSCRIBE), token, &list))
		return false;
	user_id = str_cut(&list, '.');
	if (!uuid_is(user_id) || list.n == 0)
		return false;
	*ret_user_id = user_id;
	*ret_list = list;
	return true;
}
