/*
 * tls.h - which of libcurl's ends mean that no trusted TLS connection came about.
 */
#ifndef BEZEL_NET_TLS_H
#define BEZEL_NET_TLS_H

#include <curl/curl.h>
#include <stdbool.h>

static inline bool
tls_failed(CURLcode code)
{
	switch (code) {
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
		return true;
	default:
		return false;
	}
}

#endif
