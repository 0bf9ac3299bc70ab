#include "config.h"

#include "net/address.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

struct range4 {
	unsigned char base[4];
	int bits;
};

struct range6 {
	unsigned char base[16];
	int bits;
};

static const struct range4 closed4[] = {
	{ { 0, 0, 0, 0 }, 8 },		/* this network */
	{ { 10, 0, 0, 0 }, 8 },		/* private */
	{ { 100, 64, 0, 0 }, 10 },	/* carrier NAT */
	{ { 127, 0, 0, 0 }, 8 },	/* loopback */
	{ { 169, 254, 0, 0 }, 16 },	/* link-local, cloud metadata */
	{ { 172, 16, 0, 0 }, 12 },	/* private */
	{ { 192, 0, 0, 0 }, 24 },	/* protocol assignments */
	{ { 192, 0, 2, 0 }, 24 },	/* documentation */
	{ { 192, 88, 99, 0 }, 24 },	/* 6to4 relays */
	{ { 192, 168, 0, 0 }, 16 },	/* private */
	{ { 198, 18, 0, 0 }, 15 },	/* benchmarks */
	{ { 198, 51, 100, 0 }, 24 },	/* documentation */
	{ { 203, 0, 113, 0 }, 24 },	/* documentation */
	{ { 224, 0, 0, 0 }, 4 },	/* multicast */
	{ { 240, 0, 0, 0 }, 4 },	/* reserved, broadcast */
};

/* Only 2000::/3 is global unicast; these parts of it are closed too. */
static const struct range6 open6 = { { 0x20 }, 3 };
static const struct range6 closed6[] = {
	{ { 0x20, 0x01, 0x00 }, 23 },		/* protocol assignments, Teredo */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 },	/* documentation */
	{ { 0x20, 0x02 }, 16 },			/* 6to4 */
	{ { 0x3f, 0xff, 0x00 }, 20 },		/* documentation */
};

static const struct range6 mapped = {
	{ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 96 };
static const struct range6 nat64 = { { 0x00, 0x64, 0xff, 0x9b }, 96 };

static bool
within(const unsigned char *address, const unsigned char *base, int bits)
{
	size_t whole = (size_t)bits / 8;
	int rest = bits % 8;

	return memcmp(address, base, whole) == 0
	    && (rest == 0 || (address[whole] ^ base[whole]) >> (8 - rest) == 0);
}

static bool
is_public4(const unsigned char *address)
{
	for (size_t i = 0; i < sizeof closed4 / sizeof closed4[0]; i++)
		if (within(address, closed4[i].base, closed4[i].bits))
			return false;
	return true;
}

static bool
is_public6(const unsigned char *address)
{
	if (within(address, mapped.base, mapped.bits)
	    || within(address, nat64.base, nat64.bits))
		return is_public4(address + 12);
	if (!within(address, open6.base, open6.bits))
		return false;
	for (size_t i = 0; i < sizeof closed6 / sizeof closed6[0]; i++)
		if (within(address, closed6[i].base, closed6[i].bits))
			return false;
	return true;
}

/* The address's bytes and their count, 0 for a foreign family. */
static size_t
bytes_of(const struct sockaddr *address, unsigned char ret_bytes[16])
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	switch (address->sa_family) {
	case AF_INET:
		memcpy(&v4, address, sizeof v4);
		memcpy(ret_bytes, &v4.sin_addr, 4);
		return 4;
	case AF_INET6:
		memcpy(&v6, address, sizeof v6);
		memcpy(ret_bytes, &v6.sin6_addr, 16);
		return 16;
	default:
		return 0;
	}
}

bool
net_address_is_public(const struct sockaddr *address)
{
	unsigned char bytes[16];

	switch (bytes_of(address, bytes)) {
	case 4:
		return is_public4(bytes);
	case 16:
		return is_public6(bytes);
	default:
		return false;
	}
}

bool
net_address_is_loopback(const struct sockaddr *address)
{
	static const unsigned char one[16] = { [15] = 1 };
	unsigned char bytes[16];

	switch (bytes_of(address, bytes)) {
	case 4:
		return bytes[0] == 127;
	case 16:
		return memcmp(bytes, one, sizeof one) == 0
		    || (within(bytes, mapped.base, mapped.bits) && bytes[12] == 127);
	default:
		return false;
	}
}
