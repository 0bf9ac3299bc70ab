#include "config.h"

#include "fuzz.h"

#include "codec/email.h"

/* What is an address can neither end a line nor be two of them. */
static void
check_address(struct str address)
{
	size_t ats = 0;

	assert(address.n > 0 && address.n <= EMAIL_MAX);
	for (size_t i = 0; i < address.n; i++) {
		unsigned char c = (unsigned char)address.p[i];

		assert(c > ' ' && c < 0x7f && strchr("<>()[]\\,;:\"", c) == NULL);
		ats += c == '@';
	}
	assert(ats == 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *arena = fuzz_arena();
	struct str text = fuzz_str(data, n), email, again;

	if (email_is(text))
		check_address(text);
	if (!email_normalize(arena, text, &email))
		return 0;
	assert(email_is(email));
	check_address(email);
	for (size_t i = 0; i < email.n; i++)
		assert(email.p[i] < 'A' || email.p[i] > 'Z');
	/* The one form is its own one form. */
	assert(email_normalize(arena, email, &again) && str_eq(email, again));
	return 0;
}
