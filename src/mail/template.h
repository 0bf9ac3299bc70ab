/*
 * template.h - the messages of templates.def, filled in: text and HTML alike.
 */
#ifndef BEZEL_MAIL_TEMPLATE_H
#define BEZEL_MAIL_TEMPLATE_H

#include "mail/message.h"

enum {
	MAIL_TEMPLATE_SENTENCES = 4,
	MAIL_TEMPLATE_GREET = 1 << 0	/* flags */
};

struct mail_template {
	const char *name;
	const char *page;		/* of the studio: "/verify", or NULL */
	int minutes;			/* of use for so long; 0: always */
	unsigned flags;
	const char *subject, *heading;
	const char *before[MAIL_TEMPLATE_SENTENCES];	/* ended by NULL, or full */
	const char *button;		/* NULL: none */
	const char *second_page, *second;	/* NULL: none */
	const char *after[MAIL_TEMPLATE_SENTENCES];
};

/* Ended by a row without a name. */
extern const struct mail_template mail_templates[];

/* NULL: there is none of that name. */
const struct mail_template *mail_template_find(struct str name);

/* What sentences may name. Each may be null. They may hold anything: control
 * characters are taken out, HTML is escaped. */
struct mail_values {
	struct str studio;	/* {studio}: what the place calls itself */
	struct str name;	/* of the person, for the greeting */
	struct str link;	/* of the button: a URL of ours */
	struct str second_link;	/* of the second link */
	struct str unsubscribe;	/* a URL of ours */
	int64_t time_ms;	/* {time} */
	struct str detail;	/* {detail} */
	struct str subject;	/* {subject} */
	struct str text;	/* {text}: an empty line ends a paragraph */
};

/* Fills subject, text, html, unsubscribe_url and the recipient's name. */
void mail_template_fill(const struct mail_template *template,
    struct arena *arena, const struct mail_values *values,
    struct mail_message *message);

#endif
