#include "config.h"

#include "crypt/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static enum rc
refuse(struct err *err, const char *path, const char *why)
{
	(void)err_set(err, RC_INTERNAL, "A secret cannot be read");
	return err_detail(err, "%s: %s", path, why);
}

/* Null, or what is wrong with the file itself. */
static const char *
fault_of(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "is not a regular file";
	if ((st->st_mode & 077) != 0)
		return "is open to group or others (want mode 0600 or 0400)";
	return NULL;
}

static enum rc
read_all(int fd, const char *path, char *p, size_t *ret_n, struct err *err)
{
	size_t n = 0;
	ssize_t got;

	do {
		got = read(fd, p + n, SECRET_MAX + 1 - n);
		if (got < 0)
			return refuse(err, path, strerror(errno));
		n += (size_t)got;
	} while (got > 0 && n <= SECRET_MAX);
	if (n > SECRET_MAX)
		return refuse(err, path, "is too long");
	*ret_n = n;
	return RC_OK;
}

enum rc
secret_read_file(struct arena *arena, const char *path, struct str *ret_text,
    struct err *err)
{
	char *p = arena_alloc(arena, SECRET_MAX + 1);
	const char *fault;
	struct stat st;
	size_t n = 0;
	enum rc rc;
	/* O_NONBLOCK: a FIFO must be refused, not waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return refuse(err, path, strerror(errno));
	fault = fstat(fd, &st) != 0 ? strerror(errno) : fault_of(&st);
	rc = fault != NULL ? refuse(err, path, fault)
	    : read_all(fd, path, p, &n, err);
	(void)close(fd);	/* only read from */
	if (rc != RC_OK)
		return rc;
	if (n > 0 && p[n - 1] == '\n')
		n--;
	if (n == 0)
		return refuse(err, path, "is empty");
	for (size_t i = 0; i < n; i++)
		if (p[i] < 0x21 || p[i] > 0x7e)
			return refuse(err, path, "is not one line of printable"
			    " characters");
	p[n] = '\0';
	*ret_text = (struct str){ p, n };
	return RC_OK;
}

static int
hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10
	    : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool
unhex(struct str text, unsigned char ret_key[KEY_BYTES])
{
	for (size_t i = 0; i < KEY_BYTES; i++) {
		int high = hex_value(text.p[2 * i]), low = hex_value(text.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		ret_key[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

enum rc
secret_read_key(const char *path, unsigned char ret_key[KEY_BYTES],
    struct err *err)
{
	struct arena *arena = arena_new_wiped();
	unsigned char key[KEY_BYTES];
	struct str text;
	enum rc rc = secret_read_file(arena, path, &text, err);

	if (rc == RC_OK && (text.n != 2 * KEY_BYTES || !unhex(text, key)))
		rc = refuse(err, path, "is not 64 hexadecimal characters");
	if (rc == RC_OK)
		memcpy(ret_key, key, sizeof key);
	explicit_bzero(key, sizeof key);
	arena_free(arena);
	return rc;
}
