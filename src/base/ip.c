#include "config.h"

#include "base/ip.h"

#include <arpa/inet.h>

bool
ip_read(struct str text, struct ip *ret_ip)
{
	char z[INET6_ADDRSTRLEN];
	struct ip ip = { 0 };

	if (text.p == NULL || text.n >= sizeof z
	    || memchr(text.p, '\0', text.n) != NULL)
		return false;
	memcpy(z, text.p, text.n);
	z[text.n] = '\0';
	if (inet_pton(AF_INET, z, ip.bytes) != 1) {
		struct in6_addr v6;

		if (inet_pton(AF_INET6, z, &v6) != 1)
			return false;
		ip.is_v6 = !IN6_IS_ADDR_V4MAPPED(&v6);
		memcpy(ip.bytes, v6.s6_addr + (ip.is_v6 ? 0 : 12),
		    ip.is_v6 ? 16 : 4);
	}
	*ret_ip = ip;
	return true;
}

void
ip_cut(struct ip *ip)
{
	size_t kept = ip->is_v6 ? 6 : 3;

	memset(ip->bytes + kept, 0, sizeof ip->bytes - kept);
}

struct str
ip_text(struct arena *arena, const struct ip *ip)
{
	char text[INET6_ADDRSTRLEN];

	return arena_str(arena, str_of(inet_ntop(ip->is_v6 ? AF_INET6 : AF_INET,
	    ip->bytes, text, sizeof text)));
}
