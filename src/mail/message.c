#include "config.h"

#include "mail/message.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "codec/email.h"
#include "mail/mime.h"

enum { URL_MAX = 900, ID_MAX = 64 };	/* a line of a header has 998 bytes at most */

enum form {
	FORM_AS_IS,	/* made by us; a URL */
	FORM_TEXT	/* anybody's words */
};

static enum rc
refuse(struct err *err, const char *what)
{
	return err_set(err, RC_INVALID, "The message cannot be sent: its %s.", what);
}

/* --- headers ------------------------------------------------------------- */

/* Words of anybody in a header: as they are, or as encoded-words. Returns the
 * column behind. */
static size_t
add_text(struct buf *buf, size_t column, struct str text)
{
	if (!mime_is_plain(column, text))
		return mime_add_words(buf, column, text);
	buf_add_str(buf, text);
	return column + text.n;
}

/* A quoted-string (RFC 5322, 3.2.4), or encoded-words where that cannot be. */
static size_t
add_phrase(struct buf *buf, size_t column, struct str text)
{
	struct buf quoted;

	buf_init(&quoted, buf->arena, 2 * text.n + 2, 2 * text.n + 2);
	buf_add_char(&quoted, '"');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"' || text.p[i] == '\\')
			buf_add_char(&quoted, '\\');
		buf_add_char(&quoted, text.p[i]);
	}
	buf_add_char(&quoted, '"');
	if (!mime_is_plain(column, text)
	    || !mime_is_plain(column, buf_str(&quoted)))
		return mime_add_words(buf, column, text);
	buf_add_str(buf, buf_str(&quoted));
	return column + quoted.n;
}

/* Every header goes through here, and no value with a line's end gets out: "name:
 * words", then, if it is not null, "<address>". */
static enum rc
add_header(struct buf *buf, const char *name, enum form form, struct str words,
    struct str address, struct err *err)
{
	size_t column = strlen(name) + 2;

	if (utf8_has_controls(words, false) || utf8_has_controls(address, false))
		return refuse(err, arena_strz(buf->arena, arena_printf(buf->arena,
		    "header %s has a control character in it", name)));
	buf_addz(buf, name);
	buf_addz(buf, ": ");
	if (form == FORM_AS_IS)
		buf_add_str(buf, words);
	else if (address.p == NULL)
		(void)add_text(buf, column, words);
	else if (words.n > 0) {
		column = add_phrase(buf, column, words);
		buf_addz(buf, column + address.n + 3 > MIME_LINE_MAX ? "\r\n "
		    : " ");
	}
	if (address.p != NULL) {
		buf_add_char(buf, '<');
		buf_add_str(buf, address);
		buf_add_char(buf, '>');
	}
	buf_addz(buf, "\r\n");
	return RC_OK;
}

/* RFC 5322, 3.3, in UTC. From tables: strftime() would speak the locale's
 * language. */
static struct str
date_text(struct arena *arena, int64_t ms)
{
	static const char *const days[] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue",
		"Wed" };	/* the first one is 1 January 1970 */
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	char text[CLOCK_TEXT_BYTES + 1] = "";	/* 2026-11-22T19:16:53.000Z */
	int64_t month = 1;

	if (ms < 0)
		ms = 0;
	clock_text(ms, text);
	(void)str_to_i64((struct str){ text + (text[5] == '0' ? 6 : 5),
	    text[5] == '0' ? 1 : 2 }, &month);
	return arena_printf(arena, "%s, %.2s %s %.4s %.8s +0000",
	    days[ms / 86400000 % 7], text + 8, months[month - 1], text, text + 11);
}

static bool
is_id(struct str id)
{
	for (size_t i = 0; i < id.n; i++)
		if (!((id.p[i] >= 'a' && id.p[i] <= 'z')
		    || (id.p[i] >= 'A' && id.p[i] <= 'Z')
		    || (id.p[i] >= '0' && id.p[i] <= '9') || id.p[i] == '-'))
			return false;
	return id.n > 0 && id.n <= ID_MAX;
}

/* RFC 2369 and RFC 8058. */
static enum rc
add_unsubscribe(struct buf *buf, struct str url, struct err *err)
{
	for (size_t i = 0; i < url.n; i++)
		if (url.p[i] == '<' || url.p[i] == '>')
			return refuse(err, "unsubscribe address is not a URL");
	if (!str_is_visible(url))
		return refuse(err, "unsubscribe address is not a URL");
	if (url.n > URL_MAX)
		return refuse(err, "unsubscribe address is too long");
	if (add_header(buf, "List-Unsubscribe", FORM_AS_IS, STR(""), url, err)
	    != RC_OK)
		return err->rc;
	return add_header(buf, "List-Unsubscribe-Post", FORM_AS_IS,
	    STR("List-Unsubscribe=One-Click"), STR_NULL, err);
}

static enum rc
add_headers(struct buf *buf, const struct mail_message *m, struct str boundary,
    struct err *err)
{
	struct str domain = mail_address_domain(m->from.address);
	struct str message_id = arena_printf(buf->arena, "%.*s@%.*s",
	    STR_FMT(m->id), STR_FMT(domain));
	struct str type = arena_printf(buf->arena,
	    "multipart/alternative; boundary=\"%.*s\"", STR_FMT(boundary));

	if (add_header(buf, "Date", FORM_AS_IS, date_text(buf->arena, m->date_ms),
	    STR_NULL, err) != RC_OK
	    || add_header(buf, "From", FORM_TEXT, m->from.name, m->from.address,
	    err) != RC_OK
	    || add_header(buf, "To", FORM_TEXT, m->to.name, m->to.address, err)
	    != RC_OK
	    || add_header(buf, "Message-ID", FORM_AS_IS, STR(""), message_id, err)
	    != RC_OK
	    || add_header(buf, "Subject", FORM_TEXT, m->subject, STR_NULL, err)
	    != RC_OK
	    || add_header(buf, "MIME-Version", FORM_AS_IS, STR("1.0"), STR_NULL,
	    err) != RC_OK
	    || add_header(buf, "Auto-Submitted", FORM_AS_IS,
	    STR("auto-generated"), STR_NULL, err) != RC_OK
	    || (m->unsubscribe_url.p != NULL
	    && add_unsubscribe(buf, m->unsubscribe_url, err) != RC_OK))
		return err->rc;
	return add_header(buf, "Content-Type", FORM_AS_IS, type, STR_NULL, err);
}

/* --- bodies -------------------------------------------------------------- */

static enum rc
check_part(struct str part, struct err *err)
{
	if (part.n > MAIL_PART_MAX)
		return refuse(err, "text is too long");
	/* A bare CR or LF would be the end of the message to some relay. */
	if (utf8_has_controls(part, true) || str_find(part, '\r') < part.n)
		return refuse(err, "text has a control character in it");
	return RC_OK;
}

static void
add_part(struct buf *buf, struct str boundary, const char *type, struct str part)
{
	buf_printf(buf, "\r\n--%.*s\r\nContent-Type: %s; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
	    STR_FMT(boundary), type);
	mime_add_quoted_printable(buf, part);
}

enum rc
mail_compose(struct arena *arena, const struct mail_message *m,
    struct str *ret_bytes, struct err *err)
{
	/* "=_" cannot occur in quoted-printable (RFC 2045, 6.7). */
	struct str boundary = arena_printf(arena, "=_%.*s", STR_FMT(m->id));
	struct buf buf;

	if (!email_is(m->from.address) || !email_is(m->to.address))
		return refuse(err, "sender or recipient is no address");
	if (!is_id(m->id))
		return refuse(err, "id has other characters than letters and digits");
	if (m->subject.n > MAIL_SUBJECT_MAX || m->from.name.n > MAIL_SUBJECT_MAX
	    || m->to.name.n > MAIL_SUBJECT_MAX)
		return refuse(err, "subject or a name is too long");
	if (check_part(m->text, err) != RC_OK || check_part(m->html, err) != RC_OK)
		return err->rc;
	buf_init(&buf, arena, 4096 + m->text.n + m->html.n, SIZE_MAX / 2);
	if (add_headers(&buf, m, boundary, err) != RC_OK)
		return err->rc;
	add_part(&buf, boundary, "text/plain", m->text);
	add_part(&buf, boundary, "text/html", m->html);
	buf_printf(&buf, "\r\n--%.*s--\r\n", STR_FMT(boundary));
	*ret_bytes = buf_str(&buf);
	return RC_OK;
}
