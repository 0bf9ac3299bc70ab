#include "config.h"

#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/links.h"
#include "app/post.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "codec/base64.h"
#include "mail/mail.h"
#include "mail/mime.h"
#include "mail/outbox.h"
#include "mail/template.h"
#include "schema/documents.h"

static struct arena *arena;
static struct err err;

static void
setup(void)
{
	arena = arena_new();
	err_init(&err);
}

static void
teardown(void)
{
	arena_free(arena);
}

#define ID_TEXT "01932f6e-0000-7000-8000-000000000001"

static struct mail_message
a_message(void)
{
	return (struct mail_message){ .id = STR(ID_TEXT),
		.date_ms = 1795368791000,	/* 2026-11-22 17:33:11 */
		.from = { STR("Atelier"), STR("noreply@mail.example.com") },
		.to = { STR_NULL, STR("anna@example.net") },
		.subject = STR("Your ring"), .text = STR("Hello,\n\n.\nx\n"),
		.html = STR("<p>Hello,</p>\n") };
}

static struct str
composed(const struct mail_message *m)
{
	struct str bytes = STR_NULL;

	ck_assert_msg(mail_compose(arena, m, &bytes, &err) == RC_OK, "%s",
	    err.message);
	return bytes;
}

static bool
has(struct str s, const char *part)
{
	return memmem(s.p, s.n, part, strlen(part)) != NULL;
}

#define ck_has(s, part) ck_assert_msg(has((s), (part)), \
	"\"%s\" is not in\n%.*s", (part), STR_FMT(s))

/* Each line ends with CRLF, none is over `most` bytes, all is 7-bit. */
static void
check_lines(struct str s, size_t most)
{
	size_t column = 0;

	for (size_t i = 0; i < s.n; i++) {
		ck_assert_int_lt((unsigned char)s.p[i], 0x80);
		if (s.p[i] == '\n')
			ck_assert(i > 0 && s.p[i - 1] == '\r');
		if (s.p[i] == '\r') {
			ck_assert(i + 1 < s.n && s.p[i + 1] == '\n');
			ck_assert_msg(column <= most, "a line of %zu bytes", column);
		}
		column = s.p[i] == '\n' ? 0 : column + 1;
	}
	ck_assert_uint_eq(column, 0);
}

/* --- messages ------------------------------------------------------------ */

START_TEST(the_bytes_of_a_message)
{
	struct mail_message m = a_message();
	struct str bytes = composed(&m);

	ck_assert_str(bytes,
	    "Date: Sun, 22 Nov 2026 17:33:11 +0000\r\n"
	    "From: \"Atelier\" <noreply@mail.example.com>\r\n"
	    "To: <anna@example.net>\r\n"
	    "Message-ID: <01932f6e-0000-7000-8000-000000000001@mail.example.com>\r\n"
	    "Subject: Your ring\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Auto-Submitted: auto-generated\r\n"
	    "Content-Type: multipart/alternative;"
	    " boundary=\"=_01932f6e-0000-7000-8000-000000000001\"\r\n"
	    "\r\n--=_01932f6e-0000-7000-8000-000000000001\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
	    "Hello,\r\n\r\n.\r\nx\r\n"
	    "\r\n--=_01932f6e-0000-7000-8000-000000000001\r\n"
	    "Content-Type: text/html; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
	    "<p>Hello,</p>\r\n"
	    "\r\n--=_01932f6e-0000-7000-8000-000000000001--\r\n");
	ck_assert(str_eq(bytes, composed(&m)));	/* another try sends the same */
}
END_TEST

START_TEST(dates)
{
	static const struct {
		int64_t ms;
		const char *line;
	} rows[] = {
		{ 0, "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n" },
		{ -5, "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n" },
		{ 951782399999, "Date: Mon, 28 Feb 2000 23:59:59 +0000\r\n" },
		{ 951782400000, "Date: Tue, 29 Feb 2000 00:00:00 +0000\r\n" },
		{ 1767225599000, "Date: Wed, 31 Dec 2025 23:59:59 +0000\r\n" },
		{ 1790812800000, "Date: Thu, 01 Oct 2026 00:00:00 +0000\r\n" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct mail_message m = a_message();

		m.date_ms = rows[i].ms;
		ck_has(composed(&m), rows[i].line);
	}
}
END_TEST

START_TEST(unsubscribing)
{
	struct mail_message m = a_message();
	struct str bytes;

	m.unsubscribe_url = STR("https://app.example.com/u/3f9c");
	bytes = composed(&m);
	ck_has(bytes, "\r\nList-Unsubscribe: <https://app.example.com/u/3f9c>\r\n"
	    "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n");
	m.unsubscribe_url = STR("https://a.example/u/x>,<mailto:b@c");
	ck_assert_int_eq(mail_compose(arena, &m, &bytes, &err), RC_INVALID);
	m = a_message();
	ck_assert(!has(composed(&m), "List-Unsubscribe"));
}
END_TEST

START_TEST(names_are_quoted_or_encoded)
{
	static const struct {
		const char *name, *line;
	} rows[] = {
		{ "Anna", "\r\nTo: \"Anna\" <anna@example.net>\r\n" },
		{ "O'Hara, \"Ann\" \\", "\r\nTo: \"O'Hara, \\\"Ann\\\" \\\\\" <anna@" },
		{ "J\xc3\xb6rg", "\r\nTo: =?UTF-8?B?SsO2cmc=?= <anna@example.net>\r\n" },
		{ "=?UTF-8?B?QQ==?=", "\r\nTo: =?UTF-8?B?PT9VVEYtOD9CP1FRPT0/PQ==?= <" },
		{ "a> <evil@example.net", "\r\nTo: \"a> <evil@example.net\" <anna@" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct mail_message m = a_message();

		m.to.name = str_of(rows[i].name);
		ck_has(composed(&m), rows[i].line);
	}
}
END_TEST

/* Whichever value a user can have a say in. */
START_TEST(no_header_can_be_injected)
{
	static const struct str bad[] = {
		STR_INIT("a\r\nBcc: evil@example.net"), STR_INIT("a\nBcc: x"),
		STR_INIT("a\rb"), STR_INIT("a\0b"), STR_INIT("\r\n\r\nbody"),
		STR_INIT("a\x7f"), STR_INIT("a\xe2\x80\xae" "b"), STR_INIT("\xff"),
		STR_INIT("a\xc2\x85" "b"),
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		for (int where = 0; where < 7; where++) {
			struct mail_message m = a_message();
			struct str bytes = STR("untouched");
			struct str *const at[] = { &m.subject, &m.to.name,
				&m.from.name, &m.to.address, &m.from.address,
				&m.unsubscribe_url, &m.id };

			*at[where] = bad[i];
			err_init(&err);
			ck_assert_msg(mail_compose(arena, &m, &bytes, &err)
			    == RC_INVALID, "value %zu at %d", i, where);
			ck_assert_str(bytes, "untouched");
		}
	}
}
END_TEST

START_TEST(bodies_that_could_end_the_message_are_refused)
{
	static const struct str bad[] = { STR_INIT("a\r\n.\r\nMAIL FROM:<x>"),
		STR_INIT("a\rb"), STR_INIT("a\0b"), STR_INIT("\xff"),
		STR_INIT("\xc3") };
	struct mail_message m;
	struct str bytes;
	char *long_text = arena_alloc(arena, MAIL_PART_MAX + 1);

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		m = a_message();
		m.text = bad[i];
		ck_assert_int_eq(mail_compose(arena, &m, &bytes, &err), RC_INVALID);
		m = a_message();
		m.html = bad[i];
		ck_assert_int_eq(mail_compose(arena, &m, &bytes, &err), RC_INVALID);
	}
	memset(long_text, 'x', MAIL_PART_MAX + 1);
	m = a_message();
	m.text = (struct str){ long_text, MAIL_PART_MAX };
	check_lines(composed(&m), 998);
	m.text.n++;
	ck_assert_int_eq(mail_compose(arena, &m, &bytes, &err), RC_INVALID);
}
END_TEST

/* --- quoted-printable ---------------------------------------------------- */

static struct str
printable(struct str text)
{
	struct buf buf;

	buf_init(&buf, arena, 64, 1 << 20);
	mime_add_quoted_printable(&buf, text);
	return buf_str(&buf);
}

/* An own reader, of RFC 2045 alone. */
static struct str
read_printable(struct str s)
{
	static const char digits[] = "0123456789ABCDEF";
	struct buf buf;

	buf_init(&buf, arena, s.n, s.n + 1);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\r')
			continue;
		if (s.p[i] != '=') {
			buf_add_char(&buf, s.p[i]);
			continue;
		}
		ck_assert_uint_lt(i + 2, s.n);
		if (s.p[i + 1] != '\r') {
			const char *high = strchr(digits, s.p[i + 1]),
			    *low = strchr(digits, s.p[i + 2]);

			ck_assert(high != NULL && low != NULL);
			buf_add_char(&buf, (char)((high - digits) * 16
			    + (low - digits)));
		}
		i += 2;
	}
	return buf_str(&buf);
}

START_TEST(quoted_printable)
{
	static const struct {
		const char *text, *lines;
	} rows[] = {
		{ "a\n", "a\r\n" }, { "a", "a\r\n" }, { "", "" }, { "\n", "\r\n" },
		{ "a \n", "a=20\r\n" }, { "a\t", "a=09\r\n" }, { "a b\n", "a b\r\n" },
		{ "=\n", "=3D\r\n" }, { "\xc3\xa9\n", "=C3=A9\r\n" },
		{ "a\r\n", "a=0D\r\n" }, { "\x7f", "=7F\r\n" }, { "~!", "~!\r\n" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		ck_assert_str(printable(str_of(rows[i].text)), rows[i].lines);
}
END_TEST

START_TEST(quoted_printable_lines_are_76_at_most)
{
	static const char *const pieces[] = { "x", "=", "\xc3\xa9", " ", "x ", "ab=" };

	for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
		for (size_t n = 1; n < 240; n++) {
			struct str lines;
			struct buf text;

			buf_init(&text, arena, 1024, 1024);
			for (size_t k = 0; k < n; k++)
				buf_addz(&text, pieces[i]);
			buf_addz(&text, "\n");
			lines = printable(buf_str(&text));
			check_lines(lines, MIME_LINE_MAX);
			ck_assert(str_eq(read_printable(lines), buf_str(&text)));
		}
	/* Exactly 76 fit into one line, 77 take two. */
	ck_assert_uint_eq(printable(str_slice(STR(
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
	    0, 76)).n, 78);
	ck_assert_uint_eq(printable(str_slice(STR(
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
	    0, 77)).n, 82);
}
END_TEST

/* --- encoded-words ------------------------------------------------------- */

/* Reads a folded run of encoded-words; each is whole characters and short. */
static struct str
read_words(struct str lines)
{
	struct buf buf;

	buf_init(&buf, arena, lines.n + 1, lines.n + 1);
	while (lines.n > 0) {
		const char *end = memmem(lines.p, lines.n, "\r\n ", 3);
		size_t n = end == NULL ? lines.n : (size_t)(end - lines.p);
		struct str word = str_trim(str_slice(lines, 0, n)), bytes;

		lines = str_slice(lines, end == NULL ? n : n + 3, lines.n);
		if (word.n == 0)
			continue;
		ck_assert_uint_le(word.n, MIME_WORD_MAX);
		ck_assert(str_starts(word, STR("=?UTF-8?B?")));
		ck_assert(base64_decode(arena, str_slice(word, 10, word.n - 2),
		    &bytes));
		ck_assert(utf8_valid(bytes) && bytes.n > 0);
		buf_add_str(&buf, bytes);
	}
	return buf_str(&buf);
}

START_TEST(encoded_words_are_whole_characters_in_short_lines)
{
	static const char *const pieces[] = { "x", "\xc3\xa9", "\xe2\x99\xa6",
		"\xf0\x9f\x92\x8e", "a\xf0\x9f\x92\x8e", "\xc3\xa9\xe2\x99\xa6" };

	for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
		for (size_t column = 1; column < 76; column += 3)
			for (size_t n = 1; n < 60; n += 7) {
				struct buf text, lines;
				struct str rest;

				buf_init(&text, arena, 512, 512);
				buf_init(&lines, arena, 1024, 4096);
				for (size_t k = 0; k < n; k++)
					buf_addz(&text, pieces[i]);
				(void)mime_add_words(&lines, column,
				    buf_str(&text));
				ck_assert(str_eq(read_words(buf_str(&lines)),
				    buf_str(&text)));
				rest = buf_str(&lines);
				for (size_t at = column; rest.p != NULL; at = 0)
					ck_assert_uint_le(at + str_trim(str_cut(
					    &rest, '\n')).n, MIME_LINE_MAX + 1);
			}
}
END_TEST

START_TEST(a_long_subject_is_folded)
{
	static const struct str long_ascii = STR_INIT("Your ring with an oval ruby,"
	    " twelve small diamonds and a twisted shank is ready to be looked at");
	struct mail_message m = a_message();
	struct str bytes, from, to;

	m.subject = long_ascii;
	bytes = composed(&m);
	ck_assert_uint_gt(m.subject.n, 76);
	from = str_slice(bytes, (size_t)((const char *)memmem(bytes.p, bytes.n,
	    "Subject: ", 9) + 9 - bytes.p), bytes.n);
	to = str_slice(from, 0, (size_t)((const char *)memmem(from.p, from.n,
	    "\r\nMIME", 6) - from.p));
	ck_assert(str_eq(read_words(to), m.subject));
	check_lines(str_slice(from, 0, to.n + 2), MIME_LINE_MAX);
}
END_TEST

/* --- addresses ----------------------------------------------------------- */

START_TEST(mailboxes)
{
	static const struct {
		const char *text, *name, *address;
	} rows[] = {
		{ "bezel <noreply@localhost>", "bezel", "noreply@localhost" },
		{ "\"Atelier, A\" <a@b>", "Atelier, A", "a@b" },
		{ "a@b", NULL, "a@b" }, { "<a@b>", NULL, "a@b" },
		{ "J\xc3\xb6rg <a@b>", "J\xc3\xb6rg", "a@b" },
		{ "", NULL, NULL }, { "bezel", NULL, NULL }, { "x <a@b", NULL, NULL },
		{ "x <a@b> y", NULL, NULL }, { "x a@b", NULL, NULL },
		{ "x\r\ny <a@b>", NULL, NULL }, { "x <a b@c>", NULL, NULL },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct mail_mailbox box = { 0 };
		enum rc rc = mail_mailbox_parse(str_of(rows[i].text), &box, &err);

		ck_assert_msg((rc == RC_OK) == (rows[i].address != NULL), "%s",
		    rows[i].text);
		ck_assert(str_eq(box.name, str_of(rows[i].name)));
		ck_assert(str_eq(box.address, str_of(rows[i].address)));
	}
}
END_TEST

/* --- templates ----------------------------------------------------------- */

static struct mail_values
all_values(void)
{
	return (struct mail_values){ .studio = STR("Atelier & Co"),
		.name = STR("Anna <b>"), .link = STR("https://s.example/p#token=a.b"),
		.second_link = STR("https://s.example/reset"),
		.unsubscribe = STR("https://s.example/u/x.y"),
		.time_ms = 1795368791000, .detail = STR("Firefox \"5\" <i>"),
		.subject = STR("News <b>"),
		.text = STR("One & two\nlines\n\n\nThree\n\n") };
}

static struct mail_message
filled(const char *name, const struct mail_values *values)
{
	struct mail_message m = a_message();

	mail_template_fill(mail_template_find(str_of(name)), arena, values, &m);
	return m;
}

/* The words of HTML: no tags, no references. */
static struct str
words_of(struct str html)
{
	static const struct {
		const char *reference;
		char c;
	} references[] = { { "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' },
		{ "&quot;", '"' }, { "&#39;", '\'' } };
	struct buf buf;

	buf_init(&buf, arena, html.n, html.n + 1);
	for (size_t i = 0; i < html.n;) {
		struct str rest = str_slice(html, i, html.n);
		size_t k = 0;

		if (html.p[i] == '<') {
			i += str_find(rest, '>') + 1;
			continue;
		}
		while (k < 5 && !str_starts(rest, str_of(references[k].reference)))
			k++;
		buf_add_char(&buf, k < 5 ? references[k].c : html.p[i]);
		i += k < 5 ? strlen(references[k].reference) : 1;
	}
	return buf_str(&buf);
}

/* Every line of the text is in the HTML too. */
static void
check_same(struct str text, struct str html)
{
	struct str words = words_of(html);

	while (text.n > 0) {
		struct str line = str_cut(&text, '\n');

		if (line.n > 0 && line.p[line.n - 1] == ':'
		    && !str_starts(line, STR("Device")))
			line.n--;	/* a link's label */
		if (line.n == 0 || str_eqz(line, "-- ") || str_starts(line,
		    STR("https://")))
			continue;
		ck_assert_msg(memmem(words.p, words.n, line.p, line.n) != NULL,
		    "\"%.*s\" is not in the HTML:\n%.*s", STR_FMT(line),
		    STR_FMT(words));
	}
}

START_TEST(each_template_says_the_same_in_text_and_html)
{
	int n = 0;

	for (const struct mail_template *t = mail_templates; t->name != NULL; t++, n++) {
		struct mail_values values = all_values();
		struct mail_message m = filled(t->name, &values);

		check_same(m.text, m.html);
		check_lines(composed(&m), 998);
		ck_assert(m.subject.n > 0 && m.subject.n < 78);
		ck_assert(!has(m.text, "{") && !has(m.html, "{studio")
		    && !has(m.subject, "{"));
		ck_has(m.text, "Atelier & Co");
		ck_has(m.html, "Atelier &amp; Co");
		ck_assert(!has(m.html, "<i>") && !has(m.html, "<b>")
		    && !has(m.html, "<img") && !has(m.html, "url("));
		ck_assert_int_eq(has(m.text, "Anna <b>"),
		    (t->flags & MAIL_TEMPLATE_GREET) != 0);
		ck_assert_int_eq(m.to.name.p != NULL,
		    (t->flags & MAIL_TEMPLATE_GREET) != 0);
		ck_assert_int_eq(has(m.text, "\nhttps://s.example/p#token=a.b\n"),
		    t->button != NULL);
		ck_assert_int_eq(has(m.html, "<a href=\"https://s.example/p#token=a.b\""),
		    t->button != NULL);
		ck_assert_int_eq(has(m.html, "href=\"https://s.example/reset\""),
		    t->second != NULL);
		ck_assert_int_eq(t->button != NULL, t->page != NULL);
		/* Whatever is missing, it can be sent. */
		memset(&values, 0, sizeof values);
		m = filled(t->name, &values);
		check_same(m.text, m.html);
		ck_assert(composed(&m).n > 0 && m.subject.n > 0);
		ck_assert(!has(m.text, "{"));
	}
	ck_assert_int_eq(n, 17);
}
END_TEST

START_TEST(what_templates_say)
{
	struct mail_values values = all_values();
	struct mail_message m = filled("new_sign_in", &values);

	ck_has(m.text, "Hello Anna <b>,\n");
	ck_has(m.text, "was signed in to on 22 November 2026, 17:33 UTC.");
	ck_has(m.text, "Device: Firefox \"5\" <i>\n");
	ck_has(m.html, "Device: Firefox &quot;5&quot; &lt;i&gt;</p>");
	values.detail = STR_NULL;
	ck_assert(!has(filled("new_sign_in", &values).text, "Device"));
	values.detail = STR("a\r\nb\x1b\xe2\x80\xae\xff" "c\0d");
	ck_has(filled("new_sign_in", &values).text, "Device: abcd\n");
	m = filled("password_reset", &values);
	ck_has(m.text, "15 minutes");
	ck_has(m.text, "Choose a new password:\nhttps://s.example/p#token=a.b\n");
	m = filled("announce", &values);
	ck_assert_str(m.subject, "News <b>");
	ck_has(m.text, "\n\nOne & two\nlines\n\nThree\n\n");
	ck_has(m.html, ">One &amp; two<br>\nlines</p>");
	ck_has(m.html, ">Three</p>");
	ck_has(m.text, "Unsubscribe:\nhttps://s.example/u/x.y\n");
	ck_has(composed(&m), "\r\nList-Unsubscribe: <https://s.example/u/x.y>\r\n");
}
END_TEST

/* The two lists that must agree lie in folders that do not see each other. */
START_TEST(each_order_has_its_template)
{
	size_t n = 0, templates = 0;

	for (; enum_mail_template.values[n] != NULL; n++)
		ck_assert_msg(mail_template_find(str_of(enum_mail_template.values[n]))
		    != NULL, "%s", enum_mail_template.values[n]);
	while (mail_templates[templates].name != NULL)
		templates++;
	ck_assert_uint_eq(n + 1, templates);	/* and "test" */
	ck_assert(mail_template_find(STR("test")) != NULL);
	ck_assert(mail_template_find(STR("nonsense")) == NULL);
	ck_assert(mail_template_find(STR_NULL) == NULL);
}
END_TEST

/* --- outbox -------------------------------------------------------------- */

START_TEST(the_outbox_holds_whole_files_of_its_owner)
{
	const struct mail_mailbox from = { STR("Atelier"), STR("noreply@b.example") };
	struct mail_message m = a_message();
	struct mail_result result;
	struct mail *mail;
	char folder[UNIT_PATH], file[200], bytes[4096];
	struct stat st;
	ssize_t n;
	int fd, entries = 0;
	DIR *dir;

	(void)unit_path(folder, "outbox");
	ck_assert_int_eq(mail_outbox_open(arena, folder, &from, &mail, &err), RC_OK);
	ck_assert_str(mail_studio(mail), "Atelier");
	for (int i = 0; i < 2; i++) {	/* the second takes the first's place */
		ck_assert_int_eq(mail_send(mail, arena, &m, NULL, NULL, &result,
		    &err), RC_OK);
		ck_assert_int_eq(result.outcome, MAIL_SENT);
	}
	ck_assert(stat(folder, &st) == 0 && (st.st_mode & 0777) == 0700);
	(void)snprintf(file, sizeof file, "%s/%s.eml", folder, ID_TEXT);
	ck_assert(stat(file, &st) == 0 && (st.st_mode & 07777) == 0600);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	n = read(fd, bytes, sizeof bytes);
	(void)close(fd);
	m.from = from;	/* its own, whatever the message says */
	ck_assert(n > 0 && str_eq((struct str){ bytes, (size_t)n }, composed(&m)));
	dir = opendir(folder);
	for (const struct dirent *e; (e = readdir(dir)) != NULL;)
		entries += e->d_name[0] != '.' || e->d_name[1] > '.';
	(void)closedir(dir);
	ck_assert_int_eq(entries, 1);
	/* What cannot be composed leaves nothing. */
	m.subject = STR("a\r\nBcc: x@y");
	ck_assert_int_eq(mail_send(mail, arena, &m, NULL, NULL, &result, &err),
	    RC_INVALID);
	ck_assert_int_eq(unlink(file), 0);
	/* A folder that has gone needs an operator. */
	ck_assert_int_eq(rmdir(folder), 0);
	m.subject = STR("a");
	ck_assert_int_eq(mail_send(mail, arena, &m, NULL, NULL, &result, &err),
	    RC_OK);
	ck_assert_int_eq(result.outcome, MAIL_MISCONFIGURED);
	ck_has(result.detail, "create");
}
END_TEST

START_TEST(a_folder_that_cannot_be_there)
{
	const struct mail_mailbox from = { STR_NULL, STR("a@b") };
	struct mail *mail;

	ck_assert_int_eq(mail_outbox_open(arena, "/nonexistent/outbox", &from,
	    &mail, &err), RC_INTERNAL);
	ck_assert_int_eq(mail_outbox_open(arena, "/dev/null", &from, &mail, &err),
	    RC_INTERNAL);
}
END_TEST

/* --- links and tries ----------------------------------------------------- */

START_TEST(link_tokens)
{
	static const unsigned char master[KEY_BYTES] = "a master key of 32 bytes .......",
	    another[KEY_BYTES] = "b master key of 32 bytes .......";
	struct keyring keys, others;
	struct str id = uuid_new(arena), list, user;
	struct str token, got = STR("untouched");

	keyring_init(&keys, master);
	keyring_init(&others, another);
	token = link_token(&keys, arena, "password_reset", id);
	ck_assert(link_token_verify(&keys, "password_reset", token, &got));
	ck_assert(str_eq(got, id));
	got = STR("untouched");
	ck_assert(!link_token_verify(&keys, "verify_email", token, &got));
	ck_assert(!link_token_verify(&others, "password_reset", token, &got));
	for (size_t i = 0; i < token.n; i++) {
		char *spoilt = arena_strz(arena, token);

		spoilt[i] = spoilt[i] == 'x' ? 'y' : 'x';
		ck_assert(!link_token_verify(&keys, "password_reset",
		    str_of(spoilt), &got));
	}
	ck_assert(!link_token_verify(&keys, "password_reset", STR(""), &got));
	ck_assert(!link_token_verify(&keys, "password_reset",
	    link_token(&keys, arena, "password_reset", STR("no id")), &got));
	ck_assert_str(got, "untouched");
	token = link_unsubscribe(&keys, arena, id, STR("design_tips"));
	ck_assert(link_unsubscribe_verify(&keys, token, &user, &list));
	ck_assert(str_eq(user, id));
	ck_assert_str(list, "design_tips");
	/* One key's token is nothing to the other. */
	ck_assert(!link_token_verify(&keys, "password_reset", token, &got));
	ck_assert(!link_unsubscribe_verify(&keys, link_token(&keys, arena, "x", id),
	    &user, &list));
	ck_assert(!link_unsubscribe_verify(&others, token, &user, &list));
}
END_TEST

START_TEST(waits_grow_and_end)
{
	static const int64_t waits[] = { 60, 300, 1800, 7200, 28800, 86400, 86400 };
	enum { DAY_S = 86400 };

	for (int i = 0; i < 7; i++)
		ck_assert_int_eq(post_wait_s(60, i + 1, 0, 0), waits[i]);
	ck_assert_int_eq(post_wait_s(1, 3, 0, 0), 30);
	ck_assert_int_eq(post_wait_s(60, 0, 0, 0), 60);
	ck_assert_int_eq(post_wait_s(60, 1000, 0, 0), 86400);
	/* The last try is when three days are over, and then it ends. */
	ck_assert_int_eq(post_wait_s(60, 8, 3 * DAY_S - 5, 0), 5);
	ck_assert_int_eq(post_wait_s(60, 8, 3 * DAY_S, 0), -1);
	ck_assert_int_eq(post_wait_s(60, 1, 4 * DAY_S, 0), -1);
	/* A clock that went back. */
	ck_assert_int_eq(post_wait_s(60, 1, -1000, 0), 60);
	/* Of use for a quarter of an hour. */
	ck_assert_int_eq(post_wait_s(60, 2, 60, 15), 300);
	ck_assert_int_eq(post_wait_s(60, 3, 360, 15), -1);
	ck_assert_int_eq(post_wait_s(60, 1, 840, 15), -1);
	ck_assert_int_eq(post_wait_s(60, 1, 839, 15), 60);
}
END_TEST

UNIT_MAIN_FIXTURE("mail", setup, teardown, the_bytes_of_a_message, dates,
    unsubscribing, names_are_quoted_or_encoded, no_header_can_be_injected,
    bodies_that_could_end_the_message_are_refused, quoted_printable,
    quoted_printable_lines_are_76_at_most,
    encoded_words_are_whole_characters_in_short_lines, a_long_subject_is_folded,
    mailboxes, each_template_says_the_same_in_text_and_html,
    what_templates_say, each_order_has_its_template,
    the_outbox_holds_whole_files_of_its_owner, a_folder_that_cannot_be_there,
    link_tokens, waits_grow_and_end)
