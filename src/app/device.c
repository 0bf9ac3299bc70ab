#include "config.h"

#include "app/device.h"

#include "base/clock.h"
#include "base/uuid.h"
#include "crypt/token.h"

static struct str
sign(struct app *app, struct arena *arena, const char *kind, struct str who,
    struct str id, int64_t life_s)
{
	return token_sign(arena, keyring_key(&app->keyring, KEY_DEVICE),
	    arena_printf(arena, "%s.%.*s.%.*s.%lld", kind, STR_FMT(who),
	    STR_FMT(id), (long long)(clock_now_ms() / 1000 + life_s)));
}

/* The id, or null unless it is ours, live, of this kind and (unless null) of who. */
static struct str
verify(const struct app *app, const char *kind, struct str who, struct str token)
{
	struct str payload, whose, id;
	int64_t expires_s;

	if (token.p == NULL || !token_verify(keyring_key(&app->keyring,
	    KEY_DEVICE), token, &payload)
	    || !str_eqz(str_cut(&payload, '.'), kind))
		return STR_NULL;
	whose = str_cut(&payload, '.');
	id = str_cut(&payload, '.');
	return (who.p == NULL || str_eq(whose, who))
	    && str_to_i64(payload, &expires_s)
	    && expires_s * 1000 > clock_now_ms() ? id : STR_NULL;
}

struct str
device_token(struct app *app, struct arena *arena, struct str user_id)
{
	return sign(app, arena, "d", user_id, uuid_new(arena), DEVICE_LIFE_S);
}

struct str
device_of_user(const struct app *app, struct str token, struct str user_id)
{
	return verify(app, "d", user_id, token);
}

struct str
browser_token(struct app *app, struct arena *arena, struct str id)
{
	return sign(app, arena, "r", STR("-"), id, BROWSER_LIFE_S);
}

struct str
browser_of(const struct app *app, struct str token)
{
	return verify(app, "r", STR_NULL, token);
}

struct str
pending_token(struct app *app, struct arena *arena, struct str id)
{
	return sign(app, arena, "p", STR("-"), id, PENDING_LIFE_S);
}

struct str
pending_of(const struct app *app, struct str token)
{
	return verify(app, "p", STR_NULL, token);
}
