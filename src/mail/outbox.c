#include "config.h"

#include "mail/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mail/mail-driver.h"

enum { NAME_ROOM = 128 };

struct outbox {
	struct mail mail;
	int folder;
};

static bool
write_all(int fd, struct str bytes)
{
	while (bytes.n > 0) {
		ssize_t n = write(fd, bytes.p, bytes.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes = str_slice(bytes, (size_t)n, bytes.n);
	}
	return fsync(fd) == 0;
}

/* The step that failed, with its errno, or NULL. */
static const char *
put(int folder, const char *tmp, const char *name, struct str bytes)
{
	/* Of a process that was killed: it is nobody's. */
	int fd = openat(folder, tmp,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	const char *step = NULL;
	int why;

	if (fd < 0)
		return "create";
	if (fchmod(fd, 0600) != 0 || !write_all(fd, bytes))
		step = "write";
	else if (renameat(folder, tmp, folder, name) != 0)
		step = "rename";
	else if (fsync(folder) != 0)
		step = "fsync of folder";
	why = errno;
	(void)close(fd);
	if (step != NULL)
		(void)unlinkat(folder, tmp, 0);
	errno = why;
	return step;
}

static void
outbox_send(struct mail *mail, struct arena *arena,
    const struct mail_letter *letter, mail_pulse_fn *pulse, void *arg,
    struct mail_result *ret_result)
{
	const struct outbox *outbox = (const struct outbox *)mail;
	char name[NAME_ROOM], tmp[NAME_ROOM];
	const char *step;

	(void)pulse, (void)arg;		/* it is done at once */
	(void)snprintf(name, sizeof name, "%.*s.eml", STR_FMT(letter->id));
	(void)snprintf(tmp, sizeof tmp, ".%.*s.%ld.tmp", STR_FMT(letter->id),
	    (long)getpid());
	step = put(outbox->folder, tmp, name, letter->bytes);
	*ret_result = (struct mail_result){ .outcome = MAIL_SENT,
		.reason = STR("stored") };
	if (step != NULL)
		*ret_result = (struct mail_result){
			/* Room may come back by itself, the rest does not. */
			.outcome = errno == ENOSPC || errno == EDQUOT
			|| errno == EIO ? MAIL_LATER : MAIL_MISCONFIGURED,
			.reason = STR("outbox"),
			.detail = arena_printf(arena, "outbox: %s: %s", step,
			strerror(errno)) };
}

static const struct mail_driver driver = { "outbox", outbox_send };

enum rc
mail_outbox_open(struct arena *process_arena, const char *folder,
    const struct mail_mailbox *from, struct mail **ret_mail, struct err *err)
{
	struct outbox *outbox = arena_one(process_arena, struct outbox);

	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return err_set(err, RC_INTERNAL, "%s: the folder for mail cannot be"
		    " made: %s.", folder, strerror(errno));
	outbox->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (outbox->folder < 0)
		return err_set(err, RC_INTERNAL, "%s: the folder for mail cannot be"
		    " opened: %s.", folder, strerror(errno));
	arena_defer_close(process_arena, outbox->folder);
	outbox->mail.driver = &driver;
	outbox->mail.from = *from;
	*ret_mail = &outbox->mail;
	return RC_OK;
}
