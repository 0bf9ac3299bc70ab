#include "config.h"

#include "app/share-gate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/share-kept.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypt/share-token.h"
#include "schema/schema.h"
#include "store/shares-watch.h"

enum {
	PATH_ROOM = 4096,
	LOCK_WAIT_MS = 1000,		/* for an opener, who needs some 1 ms */
	NAP_MS = 2,
	FUTURE_MS = 1000
};

struct name {
	char text[SHARE_TOKEN_CHARS + 1];
};

/* --- system calls ---------------------------------------------------------- */

static int
make_folder(const char *path, unsigned mode)
{
	return mkdir(path, (mode_t)mode);
}

static int
create(int folder, const char *name)
{
	int fd = openat(folder, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? -1 : close(fd);
}

static int
touch(int folder, const char *name, int64_t ms)
{
	struct timespec times[2] = {
		{ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 } };

	times[1] = times[0];
	return utimensat(folder, name, times, AT_SYMLINK_NOFOLLOW);
}

const struct share_gate_calls share_gate_real_calls = {
	.mkdir = make_folder,
	.create = create,
	.touch = touch,
	.lock = flock,
	.fsync = fsync,
	.unlinkat = unlinkat,
};

static const struct share_gate_calls *calls = &share_gate_real_calls;

void
share_gate_use(const struct share_gate_calls *replaced)
{
	calls = replaced;
}

/* --- the folder ------------------------------------------------------------- */

static enum rc
failed(struct err *err, const char *step)
{
	int number = errno;

	if (number == ENOSPC || number == EDQUOT)
		(void)err_set(err, RC_STORAGE_FULL, "There is no room left to take"
		    " the pages of the link out of the cache.");
	else
		(void)err_set(err, RC_UNAVAILABLE, "The pages of the link cannot be"
		    " taken out of the cache now; please try again.");
	return err_detail(err, "gates: %s: %s", step, strerrordesc_np(number));
}

/* Its descriptor, or -1 and errno. It is made when it is not there. */
static int
open_folder(const struct app *app, bool make)
{
	char path[PATH_ROOM];
	int fd;

	(void)snprintf(path, sizeof path, "%s/gates", app->conf->state_dir);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 || errno != ENOENT || !make)
		return fd;
	if (calls->mkdir(path, 0700) != 0 && errno != EEXIST)
		return -1;
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* An opener that was stopped in the middle must not stop whoever closes for ever. */
static int
lock_shared(int folder)
{
	int64_t until_ms = clock_mono_ms() + LOCK_WAIT_MS;

	while (calls->lock(folder, LOCK_SH | LOCK_NB) != 0) {
		if ((errno != EWOULDBLOCK && errno != EINTR)
		    || clock_mono_ms() >= until_ms)
			return -1;
		clock_sleep_ms(NAP_MS);
	}
	return 0;
}

static bool
name_of(struct str token, struct name *ret_name)
{
	if (token.p == NULL || token.n != SHARE_TOKEN_CHARS)
		return false;
	for (size_t i = 0; i < token.n; i++) {
		char c = token.p[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
		    || (c >= '0' && c <= '9') || c == '-' || c == '_'))
			return false;
		ret_name->text[i] = c;
	}
	ret_name->text[SHARE_TOKEN_CHARS] = '\0';
	return true;
}

/* --- closing ---------------------------------------------------------------- */

/* NULL, or the step that failed, with errno. */
static const char *
close_one(int folder, const struct name *name, bool *created)
{
	if (calls->create(folder, name->text) == 0)
		*created = true;
	else if (errno != EEXIST)
		return "create";
	/* Its time is of the clock that the opener reads. */
	return calls->touch(folder, name->text, clock_now_ms()) == 0 ? NULL
	    : "touch";
}

static const char *
close_all(int folder, const struct str *tokens, size_t n)
{
	const char *step = NULL;
	bool created = false;
	struct name name;

	if (lock_shared(folder) != 0)
		return "lock";
	for (size_t i = 0; i < n && step == NULL; i++)
		if (name_of(tokens[i], &name))
			step = close_one(folder, &name, &created);
	if (step == NULL && created && calls->fsync(folder) != 0)
		step = "fsync";
	return step;
}

enum rc
share_gate_close_many(const struct app *app, const struct str *tokens, size_t n,
    struct err *err)
{
	const char *step;
	struct name name;
	int folder, saved;

	while (n > 0 && !name_of(tokens[0], &name))
		tokens++, n--;
	if (n == 0)
		return RC_OK;
	folder = open_folder(app, true);
	if (folder < 0)
		return failed(err, "folder");
	step = close_all(folder, tokens, n);
	saved = errno;
	(void)close(folder);		/* and the lock with it */
	errno = saved;
	return step == NULL ? RC_OK : failed(err, step);
}

enum rc
share_gate_close(const struct app *app, struct str token, struct err *err)
{
	return share_gate_close_many(app, &token, 1, err);
}

static struct str
token_of(struct str design)
{
	struct str token;

	return doc_peek_str(design, "share_settings.share_token", &token) ? token
	    : STR_NULL;
}

enum rc
share_gate_close_design(const struct app *app, struct str design,
    struct err *err)
{
	struct str tokens[SHARES_TOKENS_MAX];

	return share_gate_close_many(app, tokens, shares_tokens(design, tokens),
	    err);
}

void
share_gate_close_design_or_later(const struct app *app, struct str design)
{
	struct str id = STR("");
	struct err err;

	err_init(&err);
	if (share_gate_close_design(app, design, &err) == RC_OK)
		return;
	(void)doc_peek_str(design, "_id", &id);
	log_event(LOG_ERROR, "share.gate", LOG_STR("design", id),
	    LOG_Z("detail", err.detail), LOG_END);
}

enum rc
share_gate_close_designs(const struct app *app, struct arena *arena,
    const struct str *designs, size_t n, struct err *err)
{
	struct str *tokens = arena_many(arena, n, struct str);

	for (size_t i = 0; i < n; i++)
		tokens[i] = token_of(designs[i]);
	return share_gate_close_many(app, tokens, n, err);
}

/* --- opening ---------------------------------------------------------------- */

/* When it was closed last; false when it is not there. */
static bool
closed_at(int folder, const char *name, int64_t *ret_ms)
{
	struct stat st;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	*ret_ms = (int64_t)st.st_mtim.tv_sec * 1000
	    + st.st_mtim.tv_nsec / 1000000;
	return true;
}

bool
share_gate_is_closed(const struct app *app, struct str token)
{
	int folder = open_folder(app, false);
	struct name name;
	int64_t ms;
	bool closed;

	if (folder < 0)
		return false;
	closed = name_of(token, &name) && closed_at(folder, name.text, &ms);
	(void)close(folder);
	return closed;
}

/* Whether it has been closed for long enough. One of the future was closed before the
 * clock was set back: nobody knows when, so it waits once more from now on. */
static bool
is_due(const struct app *app, int folder, const char *name, int64_t closed_ms)
{
	int64_t age_ms = clock_now_ms() - closed_ms;

	if (age_ms < -FUTURE_MS)
		(void)calls->touch(folder, name, clock_now_ms());
	return age_ms >= app->conf->share_gate_s * 1000;
}

enum rc
share_gate_due(const struct app *app, struct arena *arena,
    struct share_gate *ret_gates, size_t max, size_t *ret_n, struct err *err)
{
	int folder = open_folder(app, false);
	const struct dirent *entry;
	struct name name;
	size_t n = 0;
	DIR *dir;

	*ret_n = 0;
	if (folder < 0)
		return errno == ENOENT ? RC_OK : failed(err, "open");
	dir = fdopendir(folder);
	if (dir == NULL) {
		(void)close(folder);
		return failed(err, "read");
	}
	while (n < max && (entry = readdir(dir)) != NULL) {
		int64_t ms;

		if (!name_of(str_of(entry->d_name), &name)
		    || !closed_at(folder, name.text, &ms)
		    || !is_due(app, folder, name.text, ms))
			continue;
		ret_gates[n++] = (struct share_gate){
			arena_str(arena, str_of(name.text)), ms };
	}
	(void)closedir(dir);
	*ret_n = n;
	return RC_OK;
}

/* Under the lock: nobody closes it from here on. */
static enum rc
open_locked(const struct app *app, struct arena *arena, int folder,
    const struct name *name, bool *ret_opened, struct err *err)
{
	int64_t ms;

	if (!closed_at(folder, name->text, &ms)
	    || !is_due(app, folder, name->text, ms))
		return RC_OK;
	if (share_kept_forget(app, arena, str_of(name->text), err) != RC_OK)
		return err->rc;
	if (calls->unlinkat(folder, name->text, 0) != 0 && errno != ENOENT)
		return failed(err, "unlink");
	*ret_opened = true;
	return RC_OK;
}

enum rc
share_gate_open(const struct app *app, struct arena *arena, struct str token,
    bool *ret_opened, struct err *err)
{
	int folder = open_folder(app, false);
	struct name name;

	*ret_opened = false;
	if (folder < 0)
		return errno == ENOENT ? RC_OK : failed(err, "open");
	if (name_of(token, &name)) {
		if (calls->lock(folder, LOCK_EX | LOCK_NB) == 0)
			(void)!open_locked(app, arena, folder, &name, ret_opened,
			    err);
		else if (errno != EWOULDBLOCK && errno != EINTR)
			(void)failed(err, "lock");
	}
	(void)close(folder);
	return err->rc;
}
