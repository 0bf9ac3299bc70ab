#include "config.h"

#include "crypt/share-keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { IDS = 256, STEPS = 2 * IDS, FILE_MAX = 16 };

static enum rc
refuse(struct err *err, const char *path, const char *why)
{
	(void)err_set(err, RC_INTERNAL, "The keys of links are not known");
	return err_detail(err, "%s: %s", path, why);
}

static const char *
path_of(struct arena *arena, const char *master_key_file)
{
	return arena_printf(arena, "%s.share", master_key_file).p;
}

static bool
is_id(struct str text, int64_t *ret_id)
{
	return str_to_i64(text, ret_id) && *ret_id >= 0 && *ret_id < IDS;
}

static bool
parse(struct str text, unsigned char ret_ids[KEYRING_SHARE_KEYS])
{
	unsigned char ids[KEYRING_SHARE_KEYS];
	struct str rest = text, first;
	int64_t signing, other;

	if (rest.n > 0 && rest.p[rest.n - 1] == '\n')
		rest.n--;
	first = str_cut(&rest, ' ');
	if (!is_id(first, &signing) || rest.p == NULL || !is_id(rest, &other))
		return false;
	ids[0] = (unsigned char)signing;
	ids[1] = (unsigned char)other;
	if (!share_keys_valid(ids))
		return false;
	memcpy(ret_ids, ids, sizeof ids);
	return true;
}

enum rc
share_keys_read(struct arena *arena, const char *master_key_file,
    unsigned char ret_ids[KEYRING_SHARE_KEYS], struct err *err)
{
	const char *path = path_of(arena, master_key_file);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char text[FILE_MAX];
	ssize_t n;

	if (fd < 0 && errno == ENOENT) {
		ret_ids[0] = 1;
		ret_ids[1] = 0;
		return RC_OK;
	}
	if (fd < 0)
		return refuse(err, path, strerror(errno));
	n = read(fd, text, sizeof text);
	(void)close(fd);	/* only read from */
	if (n < 0)
		return refuse(err, path, strerror(errno));
	return n < FILE_MAX && parse((struct str){ text, (size_t)n }, ret_ids)
	    ? RC_OK : refuse(err, path, "does not hold two neighbouring numbers"
	    " from 0 to 255, with a space between");
}

static bool
write_file(const char *path, struct str text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	bool ok;

	if (fd < 0)
		return false;
	/* Every host's and every worker's user reads it, whatever the umask. */
	ok = write(fd, text.p, text.n) == (ssize_t)text.n
	    && fchmod(fd, 0644) == 0 && fsync(fd) == 0;
	return close(fd) == 0 && ok;
}

enum rc
share_keys_write(struct arena *arena, const char *master_key_file,
    const unsigned char ids[KEYRING_SHARE_KEYS], struct err *err)
{
	const char *path = path_of(arena, master_key_file);
	const char *new_path = arena_printf(arena, "%s.new", path).p;

	if (write_file(new_path, arena_printf(arena, "%u %u\n", ids[0], ids[1]))
	    && rename(new_path, path) == 0)
		return RC_OK;
	(void)refuse(err, path, strerror(errno));
	(void)unlink(new_path);
	return err->rc;
}

bool
share_keys_next(unsigned char ids[KEYRING_SHARE_KEYS])
{
	unsigned char next = (unsigned char)(ids[0] + 1);
	bool known = ids[1] == next;

	ids[1] = known ? ids[0] : next;
	if (known)
		ids[0] = next;
	return known;
}

bool
share_keys_valid(const unsigned char ids[KEYRING_SHARE_KEYS])
{
	int apart = (ids[0] - ids[1] + IDS) % IDS;

	return apart == 1 || apart == IDS - 1;
}

/* How many steps lead there. */
static int
place_of(const unsigned char ids[KEYRING_SHARE_KEYS])
{
	return 2 * ids[0] + (ids[1] == (unsigned char)(ids[0] + 1));
}

int
share_keys_ahead(const unsigned char ids[KEYRING_SHARE_KEYS],
    const unsigned char others[KEYRING_SHARE_KEYS])
{
	int steps = (place_of(ids) - place_of(others) + STEPS) % STEPS;

	return steps > IDS ? steps - STEPS : steps;
}
