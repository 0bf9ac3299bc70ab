/*
 * smtp.h - hands one message to a relay (RFC 5321, RFC 6409, RFC 8314).
 *
 * A connection of its own for each message. Nothing goes in the clear unless the
 * options say so, and then to loopback addresses only; certificates are checked
 * always. net_global_init() has been called before.
 */
#ifndef BEZEL_NET_SMTP_H
#define BEZEL_NET_SMTP_H

#include "base/err.h"

enum net_smtp_tls {
	NET_SMTP_STARTTLS,	/* required, not tried */
	NET_SMTP_IMPLICIT,	/* from the first byte: port 465 */
	NET_SMTP_PLAIN		/* none: loopback only */
};

struct net_smtp_options {
	struct str host;	/* a name, an IPv4 address, or [IPv6] */
	int port;
	enum net_smtp_tls tls;
	struct str user, password;	/* null: no login */
	const char *ca_file;	/* PEM; NULL: the system's certificates */
	struct str hello;	/* what we call ourselves: a domain */
	int64_t timeout_ms;	/* the whole of it, at least 1000 */
};

/* What the last reply answered. */
enum net_smtp_stage {
	NET_SMTP_CONNECT,	/* nothing of ours: the greeting, if anything */
	NET_SMTP_HELLO,		/* EHLO, STARTTLS */
	NET_SMTP_AUTH,
	NET_SMTP_MAIL,
	NET_SMTP_RCPT,
	NET_SMTP_DATA
};

enum net_smtp_outcome {
	NET_SMTP_ACCEPTED,
	NET_SMTP_REFUSED,	/* code and stage say what */
	NET_SMTP_LOGIN,		/* it does not let us in */
	NET_SMTP_INSECURE,	/* no TLS there, or a certificate that is not good */
	NET_SMTP_FORBIDDEN,	/* in the clear to another host */
	NET_SMTP_RESOLVE,	/* the name has no address */
	NET_SMTP_UNREACHABLE,	/* no connection */
	NET_SMTP_TIMEOUT,
	NET_SMTP_CUT,		/* the connection ended too soon */
	NET_SMTP_BROKEN_OFF,	/* by pulse */
	NET_SMTP_OUTCOMES
};

struct net_smtp_result {
	enum net_smtp_outcome outcome;
	enum net_smtp_stage stage;
	int code;		/* of the last reply; 0: none came */
	struct str detail;	/* the client's words, or null: no address in them */
	struct str reply;	/* the relay's last line, or null: may name anybody */
};

/* "accepted", "refused", "login" ... */
const char *net_smtp_outcome_word(enum net_smtp_outcome outcome);

/* from and to have been checked by the caller: they are written as they are.
 * message is the whole of it, lines ended by CRLF. pulse (or NULL) is called at
 * least once a second; false breaks off. Comes back as soon as the relay has
 * accepted; the connection is ended when arena is. */
void net_smtp_send(struct arena *arena, const struct net_smtp_options *options,
    struct str from, struct str to, struct str message,
    bool (*pulse)(void *arg), void *arg, struct net_smtp_result *ret_result);

#endif
