/*
 * record.h - an answer as FastCGI records, written in one go.
 *
 * FastCGI 1.0, sections 3.3 and 5: STDOUT records of at most 65535 bytes, an
 * empty one, END_REQUEST. Not for other layers.
 */
#ifndef BEZEL_FCGI_RECORD_H
#define BEZEL_FCGI_RECORD_H

#include "base/str.h"

/* False when the peer has gone or takes nothing for the socket's time-out. */
bool fcgi_record_write(int fd, int request_id, struct str head,
    struct str body);

#endif
