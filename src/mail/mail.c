#include "config.h"

#include "mail/mail.h"

#include "mail/mail-driver.h"

struct str
mail_studio(const struct mail *mail)
{
	return mail->from.name;
}

enum rc
mail_send(struct mail *mail, struct arena *arena,
    const struct mail_message *message, mail_pulse_fn *pulse, void *arg,
    struct mail_result *ret_result, struct err *err)
{
	struct mail_message m = *message;
	struct mail_letter letter = { .id = m.id, .from = mail->from.address,
		.to = m.to.address };

	m.from = mail->from;
	if (mail_compose(arena, &m, &letter.bytes, err) != RC_OK)
		return err->rc;
	mail->driver->send(mail, arena, &letter, pulse, arg, ret_result);
	return RC_OK;
}
