#include "config.h"

#include "mail/smtp.h"

#include "mail/mail-driver.h"

enum { TOO_BIG = 552 };		/* RFC 5321, 4.2.3 and RFC 1870 */

struct smtp {
	struct mail mail;
	struct net_smtp_options options;
};

/* Replies that are about who sends, not about what is sent or to whom. */
static bool
is_about_us(const struct net_smtp_result *r)
{
	switch (r->code) {
	case 530:	/* authentication required, RFC 4954 */
	case 534:	/* mechanism too weak */
	case 535:	/* wrong user or password */
	case 538:	/* encryption required */
		return true;
	default:
		return r->stage < NET_SMTP_MAIL
		    || (r->stage == NET_SMTP_MAIL && r->code != TOO_BIG);
	}
}

static enum mail_outcome
outcome_of(const struct net_smtp_result *r)
{
	switch (r->outcome) {
	case NET_SMTP_ACCEPTED:
		return MAIL_SENT;
	case NET_SMTP_INSECURE:
	case NET_SMTP_FORBIDDEN:
		return MAIL_MISCONFIGURED;
	case NET_SMTP_LOGIN:	/* 454: a temporary failure of the relay's */
		return r->code >= 400 && r->code < 500 ? MAIL_LATER
		    : MAIL_MISCONFIGURED;
	case NET_SMTP_REFUSED:
		if (r->code < 500)
			return MAIL_LATER;
		return is_about_us(r) ? MAIL_MISCONFIGURED : MAIL_NEVER;
	default:
		return MAIL_LATER;
	}
}

static void
smtp_send(struct mail *mail, struct arena *arena,
    const struct mail_letter *letter, mail_pulse_fn *pulse, void *arg,
    struct mail_result *ret_result)
{
	const struct smtp *smtp = (const struct smtp *)mail;
	struct net_smtp_result result;

	net_smtp_send(arena, &smtp->options, letter->from, letter->to,
	    letter->bytes, pulse, arg, &result);
	*ret_result = (struct mail_result){ .outcome = outcome_of(&result),
		.reason = str_of(net_smtp_outcome_word(result.outcome)),
		.code = result.code, .detail = result.detail,
		.reply = result.reply };
}

static const struct mail_driver driver = { "smtp", smtp_send };

struct mail *
mail_smtp_open(struct arena *process_arena,
    const struct net_smtp_options *options, const struct mail_mailbox *from)
{
	struct smtp *smtp = arena_one(process_arena, struct smtp);

	smtp->mail.driver = &driver;
	smtp->mail.from = *from;
	smtp->options = *options;
	return &smtp->mail;
}
