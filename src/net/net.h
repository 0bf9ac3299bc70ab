/*
 * net.h - the one outbound HTTP client.
 *
 * net_global_init() is called once, before the first fork. A struct net is
 * opened once per process after it and lives until exit. Requests are started
 * and run side by side; only net_wait() moves them. What a peer sends is copied
 * and bounded: no redirects, no proxies from the environment, no cookies, no
 * content codings, HTTPS only with the peer's certificate checked.
 *
 * Where a request may go is judged by the address it connects to (address.h).
 * A request to an endpoint that an operator configured may go to any address;
 * all others, such as those to a user's URL, only to public ones, and each on a
 * connection of its own, because a kept connection is not judged again.
 */
#ifndef BEZEL_NET_NET_H
#define BEZEL_NET_NET_H

#include "base/err.h"

struct net;			/* the client of this process */
struct net_call;		/* one request on its way */

struct net_options {
	/* Plain http: to a configured endpoint whose address is loopback. For
	 * tests; otherwise https is the only scheme. */
	bool allow_loopback_http;
	const char *ca_file;	/* PEM; NULL: the system's certificates */
};

enum net_flags {
	NET_CONFIGURED = 1 << 0,	/* the URL is the operator's, not a user's */
	/* Sent at most once, on a connection of its own. Otherwise a request is
	 * sent again when a kept connection turns out to be dead; a peer that has
	 * taken the first one and then broken off would do the work twice. */
	NET_ONCE = 1 << 1
};

enum { NET_HEADERS_WANTED_MAX = 4, NET_URL_MAX = 2048 };

struct net_header {
	struct str name, value;
};

/* All of it must live until the call has ended. */
struct net_request {
	const char *method;		/* "GET", "POST", "PUT" ... */
	struct str url;
	unsigned flags;			/* enum net_flags */
	const struct net_header *headers;
	size_t header_count;
	struct str body;		/* null: none */
	int64_t connect_timeout_ms;	/* with name resolution; 0: 3 s */
	int64_t timeout_ms;		/* the whole call, at least 1 */
	size_t max_response_bytes;
	const char *headers_wanted[NET_HEADERS_WANTED_MAX];	/* names, or NULL */
};

enum net_outcome {
	NET_RUNNING,
	NET_OK,			/* a whole answer, whatever its status */
	NET_RESOLVE,		/* the name has no address */
	NET_FORBIDDEN,		/* the guard refused every address */
	NET_CONNECT,		/* no connection, or none in time */
	NET_TLS,		/* no secure connection: certificate or handshake */
	NET_TIMEOUT,
	NET_TOO_LARGE,		/* more than max_response_bytes of body */
	NET_CUT,		/* the connection ended before the answer did */
	NET_CANCELLED,
	NET_OUTCOMES
};

struct net_result {
	enum net_outcome outcome;
	int status;			/* HTTP; 0 unless headers came */
	struct str body;		/* with a NUL behind it; NET_OK only */
	/* In the order of headers_wanted, trimmed; the last one of a name holds. */
	struct str headers[NET_HEADERS_WANTED_MAX];
	struct str detail;		/* for the log, or null; never shows a header sent */
	int64_t took_ms;
};

/* The stable word of an outcome: "resolve", "cut" ... */
const char *net_outcome_word(enum net_outcome outcome);

/* Once per process tree, before fork. */
void net_global_init(void);

struct net *net_open(const struct net_options *options);

/* The call and its result live as long as arena, which cancels it when it ends.
 * RC_INVALID: the URL or a header is one that we do not send. */
enum rc net_start(struct net *net, struct arena *arena,
    const struct net_request *request, struct net_call **ret_call,
    struct err *err) must_use;

/* Moves all calls on; returns true as soon as one of them has ended, false after
 * timeout_ms, or at once when nothing is running. */
bool net_wait(struct net *net, int timeout_ms);

/* Its outcome is NET_RUNNING while the call is on its way. */
const struct net_result *net_result(const struct net_call *call);

/* The outcome becomes NET_CANCELLED unless the call has ended already. */
void net_cancel(struct net_call *call);

/* Cancels what is still running. NULL is fine. */
void net_close(struct net *net);

#endif
