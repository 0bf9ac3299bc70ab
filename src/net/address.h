/*
 * address.h - where an outbound connection may go.
 *
 * Names are judged after resolution, by the very address that is connected to:
 * spellings (0x7f000001, 127.1), redirects and rebinding make no difference.
 */
#ifndef BEZEL_NET_ADDRESS_H
#define BEZEL_NET_ADDRESS_H

#include <stdbool.h>

struct sockaddr;

/* Whether the address is globally reachable unicast: everything that the IANA
 * special-purpose registries (RFC 6890) keep for other ends is refused, as are
 * multicast, 6to4 and Teredo. IPv4 inside ::ffff:0:0/96 and 64:ff9b::/96
 * (RFC 6052) is judged as the IPv4 address. Other families are refused. */
bool net_address_is_public(const struct sockaddr *address);

/* 127.0.0.0/8, ::1, or the former as a mapped address. */
bool net_address_is_loopback(const struct sockaddr *address);

#endif
