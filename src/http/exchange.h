/*
 * exchange.h - a request and its answer, for those who have several in hand.
 */
#ifndef BEZEL_HTTP_EXCHANGE_H
#define BEZEL_HTTP_EXCHANGE_H

#include "http/request.h"
#include "http/response.h"

struct http_exchange {
	struct http_request request;
	struct http_response response;
	void *work;	/* of who answers: what was done for several at once, or NULL */
};

#endif
