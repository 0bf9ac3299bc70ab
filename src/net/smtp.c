#include "config.h"

#include "net/smtp.h"

#include <curl/curl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "net/address.h"
#include "net/tls.h"

enum {
	CONNECT_TIMEOUT_MS = 10000,
	PULSE_MS = 250,
	REPLY_MAX = 300		/* bytes kept of a line */
};

struct sending {
	const struct net_smtp_options *options;
	CURLM *multi;
	CURL *easy;
	struct curl_slist *to;
	struct str left;		/* of the message */
	enum net_smtp_stage stage;
	bool forbidden, quitting, broken_off;
	bool (*pulse)(void *arg);
	void *pulse_arg;
	char error[CURL_ERROR_SIZE];
	char reply[REPLY_MAX];
	size_t reply_n;
};

const char *
net_smtp_outcome_word(enum net_smtp_outcome outcome)
{
	static const char *const words[NET_SMTP_OUTCOMES] = {
		[NET_SMTP_ACCEPTED] = "accepted", [NET_SMTP_REFUSED] = "refused",
		[NET_SMTP_LOGIN] = "login", [NET_SMTP_INSECURE] = "tls",
		[NET_SMTP_FORBIDDEN] = "forbidden_address",
		[NET_SMTP_RESOLVE] = "resolve",
		[NET_SMTP_UNREACHABLE] = "connect",
		[NET_SMTP_TIMEOUT] = "timeout", [NET_SMTP_CUT] = "cut",
		[NET_SMTP_BROKEN_OFF] = "broken_off",
	};

	return words[outcome];
}

/* --- what curl calls ----------------------------------------------------- */

static curl_socket_t
open_socket(void *object, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct sending *s = object;

	(void)purpose;
	if (s->options->tls == NET_SMTP_PLAIN
	    && !net_address_is_loopback(&to->addr)) {
		s->forbidden = true;
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static size_t
give(char *p, size_t size, size_t n, void *object)
{
	struct sending *s = object;

	n = n * size < s->left.n ? n * size : s->left.n;
	memcpy(p, s->left.p, n);
	s->left = str_slice(s->left, n, s->left.n);
	return n;
}

/* Lines that we send are commands, secrets and such; only their verbs are looked
 * at. Those of the other end are kept, the last one. */
static int
look(CURL *easy, curl_infotype type, char *p, size_t n, void *object)
{
	static const struct {
		struct str verb;
		enum net_smtp_stage stage;
	} verbs[] = {
		{ STR_INIT("EHLO "), NET_SMTP_HELLO },
		{ STR_INIT("HELO "), NET_SMTP_HELLO },
		{ STR_INIT("STARTTLS"), NET_SMTP_HELLO },
		{ STR_INIT("AUTH "), NET_SMTP_AUTH },
		{ STR_INIT("MAIL FROM:"), NET_SMTP_MAIL },
		{ STR_INIT("RCPT TO:"), NET_SMTP_RCPT },
		{ STR_INIT("DATA"), NET_SMTP_DATA },
	};
	struct sending *s = object;
	struct str line = { p, n };

	(void)easy;
	if (type == CURLINFO_HEADER_OUT) {
		s->quitting = s->quitting || str_starts(line, STR("QUIT"));
		for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
			if (s->stage != NET_SMTP_DATA
			    && str_starts(line, verbs[i].verb))
				s->stage = verbs[i].stage;
	}
	if (type == CURLINFO_HEADER_IN && !s->quitting) {
		while (line.n > 0 && (unsigned char)line.p[line.n - 1] <= ' ')
			line.n--;
		s->reply_n = line.n < REPLY_MAX ? line.n : REPLY_MAX;
		memcpy(s->reply, line.p, s->reply_n);
	}
	return 0;
}

static bool
goes_on(struct sending *s)
{
	if (s->pulse != NULL && !s->broken_off && !s->pulse(s->pulse_arg))
		s->broken_off = true;
	return !s->broken_off;
}

/* libcurl waits for the reply to the message within one call (smtp_done()), and
 * comes by here once a second meanwhile. */
static int
progress(void *object, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct sending *s = object;

	(void)a, (void)b, (void)c, (void)d;
	return goes_on(s) ? 0 : 1;
}

/* --- the end ------------------------------------------------------------- */

static enum net_smtp_outcome
outcome_of(const struct sending *s, CURLcode code, int reply)
{
	if (tls_failed(code))
		return NET_SMTP_INSECURE;
	switch (code) {
	case CURLE_OK:
		return NET_SMTP_ACCEPTED;
	case CURLE_LOGIN_DENIED:
		return NET_SMTP_LOGIN;
	case CURLE_USE_SSL_FAILED:
		return NET_SMTP_INSECURE;
	case CURLE_COULDNT_RESOLVE_HOST:
		return NET_SMTP_RESOLVE;
	case CURLE_COULDNT_CONNECT:
		return s->forbidden ? NET_SMTP_FORBIDDEN : NET_SMTP_UNREACHABLE;
	case CURLE_OPERATION_TIMEDOUT:
		return NET_SMTP_TIMEOUT;
	default:
		/* All refusals have the same code of curl's; theirs tells. */
		return reply >= 400 && reply < 600 ? NET_SMTP_REFUSED
		    : NET_SMTP_CUT;
	}
}

static void
finish(const struct sending *s, struct arena *arena, CURLcode code,
    struct net_smtp_result *ret_result)
{
	struct net_smtp_result result = { .stage = s->stage };
	long reply = 0;

	(void)curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &reply);
	result.code = (int)reply;
	result.outcome = outcome_of(s, code, result.code);
	if (code != CURLE_OK)
		result.detail = utf8_repair(arena, arena_str(arena, str_of(
		    s->error[0] != '\0' ? s->error : curl_easy_strerror(code))));
	if (s->reply_n > 0)
		result.reply = utf8_repair(arena, arena_str(arena,
		    (struct str){ s->reply, s->reply_n }));
	*ret_result = result;
}

/* Says QUIT where there is a connection. */
static void
end_sending(void *object)
{
	struct sending *s = object;

	s->pulse = NULL;	/* its caller has gone */
	(void)curl_multi_remove_handle(s->multi, s->easy);
	(void)curl_multi_cleanup(s->multi);
	curl_easy_cleanup(s->easy);
	curl_slist_free_all(s->to);
}

/* --- the beginning ------------------------------------------------------- */

static void
set_security(CURL *easy, const struct net_smtp_options *o, struct arena *arena)
{
	(void)curl_easy_setopt(easy, CURLOPT_USE_SSL, o->tls == NET_SMTP_PLAIN
	    ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
	(void)curl_easy_setopt(easy, CURLOPT_SSLVERSION,
	    (long)CURL_SSLVERSION_TLSv1_2);
	(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	if (o->ca_file != NULL) {
		(void)curl_easy_setopt(easy, CURLOPT_CAINFO, o->ca_file);
		(void)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	}
	if (o->user.p == NULL)
		return;
	(void)curl_easy_setopt(easy, CURLOPT_USERNAME, arena_strz(arena, o->user));
	(void)curl_easy_setopt(easy, CURLOPT_PASSWORD,
	    arena_strz(arena, o->password));
}

static void
set_limits(CURL *easy, const struct net_smtp_options *o)
{
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	(void)curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
	    (long)CONNECT_TIMEOUT_MS);
	(void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)o->timeout_ms);
	/* Also of the reply to QUIT, when all else is over. */
	(void)curl_easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT,
	    (long)((o->timeout_ms + 1999) / 2000));
}

static void
set_up(struct sending *s, struct arena *arena, struct str from, struct str to)
{
	const struct net_smtp_options *o = s->options;
	CURL *easy = s->easy;

	(void)curl_easy_setopt(easy, CURLOPT_URL, arena_printf(arena,
	    "%s://%.*s:%d/%.*s", o->tls == NET_SMTP_IMPLICIT ? "smtps" : "smtp",
	    STR_FMT(o->host), o->port, STR_FMT(o->hello)).p);
	(void)curl_easy_setopt(easy, CURLOPT_MAIL_FROM, arena_printf(arena,
	    "<%.*s>", STR_FMT(from)).p);
	s->to = curl_slist_append(NULL, arena_printf(arena, "<%.*s>",
	    STR_FMT(to)).p);
	(void)curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, s->to);
	(void)curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_READFUNCTION, give);
	(void)curl_easy_setopt(easy, CURLOPT_READDATA, s);
	/* So that a relay with a lower limit says so before it is sent. */
	(void)curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE,
	    (curl_off_t)s->left.n);
	(void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	(void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, s);
	(void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, s->error);
	(void)curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
	(void)curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, progress);
	(void)curl_easy_setopt(easy, CURLOPT_XFERINFODATA, s);
	(void)curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, look);
	(void)curl_easy_setopt(easy, CURLOPT_DEBUGDATA, s);
	set_security(easy, o, arena);
	set_limits(easy, o);
}

/* Drives it to its end; false when pulse broke it off. */
static bool
drive(struct sending *s, CURLcode *ret_code)
{
	for (;;) {
		const CURLMsg *message;
		int running, left;

		if (curl_multi_perform(s->multi, &running) != CURLM_OK)
			die("net: curl_multi_perform failed");
		message = curl_multi_info_read(s->multi, &left);
		if (message != NULL && message->msg == CURLMSG_DONE) {
			*ret_code = message->data.result;
			return *ret_code == CURLE_OK || !s->broken_off;
		}
		if (!goes_on(s))
			return false;
		if (curl_multi_poll(s->multi, NULL, 0, PULSE_MS, NULL) != CURLM_OK)
			die("net: curl_multi_poll failed");
	}
}

void
net_smtp_send(struct arena *arena, const struct net_smtp_options *options,
    struct str from, struct str to, struct str message,
    bool (*pulse)(void *arg), void *arg, struct net_smtp_result *ret_result)
{
	struct sending *s = arena_one(arena, struct sending);
	CURLcode code = CURLE_OK;

	s->options = options;
	s->left = message;
	s->multi = curl_multi_init();
	s->easy = curl_easy_init();
	if (s->multi == NULL || s->easy == NULL)
		die("net: out of memory");
	set_up(s, arena, from, to);
	if (s->to == NULL || curl_multi_add_handle(s->multi, s->easy) != CURLM_OK)
		die("net: out of memory");
	arena_defer(arena, end_sending, s);
	s->pulse = pulse;
	s->pulse_arg = arg;
	if (drive(s, &code))
		finish(s, arena, code, ret_result);
	else
		*ret_result = (struct net_smtp_result){ .stage = s->stage,
			.outcome = NET_SMTP_BROKEN_OFF };
}
