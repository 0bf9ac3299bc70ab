/*
 * record.h - FastCGI records: whether a request is all there, and an answer in one
 * go.
 *
 * FastCGI 1.0, sections 3.3 and 5: an answer is STDOUT records of at most 65535
 * bytes, an empty one, END_REQUEST; a request ends with an empty STDIN record. Not
 * for other layers.
 */
#ifndef BEZEL_FCGI_RECORD_H
#define BEZEL_FCGI_RECORD_H

#include "base/str.h"

/* False when the peer has gone or takes nothing for the socket's time-out. */
bool fcgi_record_write(int fd, int request_id, struct str head,
    struct str body);

/* How many of the n bytes are the first request, from its BEGIN to its end; 0 when
 * it is not all there. All n where no request can come of them (not version 1), so
 * that the reader finds the fault. */
size_t fcgi_record_complete(const unsigned char *p, size_t n);

#endif
