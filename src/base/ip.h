/*
 * ip.h - IP addresses as clients and proxies write them. A proxy with one socket for
 * both families writes IPv4 as ::ffff:192.0.2.1; that is read as IPv4.
 */
#ifndef BEZEL_BASE_IP_H
#define BEZEL_BASE_IP_H

#include "base/arena.h"

struct ip {
	bool is_v6;
	unsigned char bytes[16];	/* the first four of IPv4, the rest 0 */
};

/* False for what is no address, the null string too; then *ret_ip is as it was. */
bool ip_read(struct str text, struct ip *ret_ip);
/* The network of that address: its first 24 bits of IPv4, 48 of IPv6. */
void ip_cut(struct ip *ip);
/* As RFC 5952 writes it. */
struct str ip_text(struct arena *arena, const struct ip *ip);

#endif
