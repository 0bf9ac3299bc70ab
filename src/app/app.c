#include "config.h"

#include "app/app.h"

#include <time.h>

#include <sys/socket.h>

#include "base/clock.h"
#include "blob/blob.h"
#include "crypt/token.h"

enum { HOUR_S = 3600, DAY_S = 86400 };

void
app_wake(const struct app *app)
{
	if (app->wake_fd >= 0)	/* a full queue means that all are awake */
		(void)send(app->wake_fd, "w", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int64_t
app_day(char ret_day[11])
{
	int64_t now_ms = clock_now_ms();

	clock_day(now_ms, ret_day);
	return DAY_S - now_ms / 1000 % DAY_S;
}

int64_t
app_month_left_s(void)
{
	time_t now_s = clock_now_ms() / 1000;
	struct tm tm;

	(void)gmtime_r(&now_s, &tm);
	tm = (struct tm){ .tm_year = tm.tm_year, .tm_mon = tm.tm_mon + 1,
		.tm_mday = 1 };
	return timegm(&tm) - now_s;
}

/* Rounded up to the hour and one hour more: a life of one to two hours. */
int64_t
app_media_epoch(void)
{
	int64_t now_s = clock_now_ms() / 1000;

	return (now_s + HOUR_S - 1) / HOUR_S * HOUR_S + HOUR_S;
}

struct str
app_media_secret(const struct keyring *keyring, struct arena *arena)
{
	struct buf buf;

	buf_init(&buf, arena, 2 * KEY_BYTES, 2 * KEY_BYTES);
	buf_add_hex(&buf, keyring_key(keyring, KEY_MEDIA).p, KEY_BYTES);
	return buf_str(&buf);
}

struct str
app_media_signature(struct arena *arena, struct str secret, struct str expires,
    struct str folder)
{
	struct buf text;

	buf_init(&text, arena, 256, 4096);
	buf_add_str(&text, expires);
	buf_add_char(&text, '/');
	buf_add_str(&text, folder);
	buf_add_char(&text, ' ');
	buf_add_str(&text, secret);
	return token_secure_link(arena, buf_str(&text));
}

/* The prefix of a folder's URLs: "/media/<signature>/<expiry>/<folder>/". */
static void
sign_folder(struct media *media, struct str folder)
{
	struct buf prefix;

	if (media->secret.p == NULL)
		media->secret = app_media_secret(&media->app->keyring,
		    media->arena);
	if (media->epoch.p == NULL)
		media->epoch = arena_printf(media->arena, "%lld",
		    (long long)app_media_epoch());
	buf_init(&prefix, media->arena, 128, 1024);
	buf_addz(&prefix, "\"/media/");
	buf_add_str(&prefix, app_media_signature(media->arena, media->secret,
	    media->epoch, folder));
	buf_add_char(&prefix, '/');
	buf_add_str(&prefix, media->epoch);
	buf_add_char(&prefix, '/');
	buf_add_str(&prefix, folder);
	buf_add_char(&prefix, '/');
	media->folder = folder;
	media->prefix = buf_str(&prefix);
}

/* A key that a row has let pass may still hold what a URL may not. */
static bool
is_key(struct str key)
{
	static const unsigned char allowed[256] = {
		['a' ... 'z'] = 1, ['0' ... '9'] = 1, ['-'] = 1, ['.'] = 1,
		['/'] = 1, ['_'] = 1,
	};
	unsigned char all = 1;

	for (size_t i = 0; i < key.n; i++)
		all &= allowed[(unsigned char)key.p[i]];
	return all == 1;
}

void
app_media_url(void *arg, struct buf *buf, struct str key)
{
	struct media *media = arg;
	struct str name = key, folder = str_cut(&name, '/');

	if (!is_key(key) || folder.n == 0 || name.n == 0) {	/* answers 404 */
		buf_addz(buf, "\"/media/damaged\"");
		return;
	}
	if (!str_eq(folder, media->folder))
		sign_folder(media, folder);
	buf_add_str(buf, media->prefix);
	buf_add_str(buf, name);
	buf_add_char(buf, '"');
}

struct str
app_object_key(const struct app *app, struct arena *arena, struct str folder,
    struct str id, struct str bytes, const char *extension)
{
	unsigned char mac[SHA256_BYTES];
	struct buf buf;

	hmac_sha256(keyring_key(&app->keyring, KEY_OBJECT), arena_printf(arena,
	    "%.*s|%.*s|%.*s", STR_FMT(folder), STR_FMT(id),
	    STR_FMT(sha256_hex(arena, bytes))), mac);
	buf_init(&buf, arena, 96, 256);
	buf_add_str(&buf, folder);
	buf_add_char(&buf, '/');
	buf_add_hex(&buf, mac, 16);
	buf_printf(&buf, ".%s", extension);
	return buf_str(&buf);
}

enum rc
app_folder_delete(struct app *app, struct arena *arena, struct str folder,
    struct err *err)
{
	enum { AT_ONCE = 100 };
	struct blob_entry entries[AT_ONCE];
	struct str prefix = arena_printf(arena, "%.*s/", STR_FMT(folder));
	/* A key before all of the folder's: names are longer (app_object_key). */
	struct str before = arena_printf(arena, "%.*s/0", STR_FMT(folder));
	struct str keys[AT_ONCE];

	for (;;) {
		size_t n, count = 0;

		if (blob_list(app->blob, arena, before, entries, AT_ONCE, &n, err)
		    != RC_OK)
			return err->rc;
		while (count < n && str_starts(entries[count].key, prefix)) {
			keys[count] = entries[count].key;
			count++;
		}
		if (count == 0)
			return RC_OK;
		if (blob_delete(app->blob, keys, count, err) != RC_OK)
			return err->rc;
	}
}

enum rc
app_expired_sweep(struct app *app, struct arena *arena, expired_due *due,
    expired_remove *remove, int64_t *count, struct err *err)
{
	enum { AT_ONCE = 100 };
	struct str ids[AT_ONCE];
	size_t n;

	do {
		if (due(app->store, arena, clock_now_ms(), AT_ONCE, ids, &n, err)
		    != RC_OK)
			return err->rc;
		for (size_t i = 0; i < n; i++, ++*count)
			if (app_folder_delete(app, arena, ids[i], err) != RC_OK
			    || remove(app->store, arena, ids[i], err) != RC_OK)
				return err->rc;
	} while (n == AT_ONCE);
	return RC_OK;
}
