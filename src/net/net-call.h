/*
 * net-call.h - one call in the terms of curl. Only for net.c and net-call.c: what is to be
 * sent, and what comes, is the one's affair, how it begins and ends that of the other.
 */
#ifndef BEZEL_NET_NET_CALL_H
#define BEZEL_NET_NET_CALL_H

#include <curl/curl.h>

#include "net/net.h"

enum { NET_HEADER_BYTES_MAX = 64 * 1024 };	/* of an answer, all lines together */

struct net {
	CURLM *multi;
	struct net_options options;
	struct net_call *running;
};

struct net_call {
	struct net *net;
	struct arena *arena;
	struct net_call *next, **at;	/* in net->running */
	struct net_request request;
	struct net_result result;
	CURL *easy;			/* NULL when it has ended */
	struct curl_slist *lines;
	char error[CURL_ERROR_SIZE];
	char *body;			/* malloc: grows in place where it can */
	size_t body_n, body_room, header_bytes;
	int64_t started_ms;
	bool plain_http, refused, too_large, headers_done;
};

/* RC_INVALID: a method, header or address that cannot be sent. url is that of the
 * request, ended by NUL. */
enum rc net_call_check(struct net_call *call, const char *url, struct err *err)
    must_use;

/* Makes the handle, with everything but its place in net->running. */
void net_call_set_up(struct net_call *call, const char *url);
/* Gives it back. */
void net_call_tear_down(struct net_call *call);

#endif
