/*
 * exchange.h - one FastCGI request, read from its connection, and its answer. Not for
 * other layers.
 */
#ifndef BEZEL_FCGI_EXCHANGE_H
#define BEZEL_FCGI_EXCHANGE_H

#include <fcgiapp.h>

#include "http/exchange.h"

/* Zeroed at first; may be used again once it was written. */
struct exchange {
	int fd;
	bool keep;		/* the connection stays open behind it */
	bool refused;		/* it could not be read; the answer says so */
	bool written;
	int kind;		/* of fcgi_kind; 0: none */
	struct arena *arena;	/* made at the first use */
	FCGX_Request fcgi;
	struct http_exchange http;
};

/* What has come at fd: nothing, its end, a part of a request, one, one and more. libfcgi
 * blocks until a request is all there, and so would all others of the worker. nginx
 * sends a request at once. */
enum exchange_waiting {
	EXCHANGE_NONE, EXCHANGE_GONE, EXCHANGE_HALF, EXCHANGE_WHOLE, EXCHANGE_MORE
};
enum exchange_waiting exchange_waiting(int fd);

/* Reads the request that waits at fd. False: none came, and fd is closed. */
bool exchange_read(struct exchange *x, int fd);

/* Writes the answer and frees what the request had; fd stays open. */
void exchange_write(struct exchange *x);

#endif
