#include "config.h"

#include "fuzz.h"

#include "crypt/jws.h"
#include "oauth/facebook.h"
#include "oauth/id-token.h"
#include "rfc7520.h"

/* No input knows the secret half of the RFC's key: of all texts only its own is good,
 * and it is no ID token. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *arena = fuzz_arena();
	struct str text = fuzz_str(data, n), payload = STR("untouched");
	struct id_token_wants wants = { .issuer = STR("https://issuer.example"),
		.client_id = STR("rp"), .nonce = STR("n"), .now_s = 1700000000 };
	struct oauth_identity identity;
	struct oauth_signed told;
	enum jws_fault fault;

	if (jws_verify(arena, text, str_of(rfc7520_jwks), &payload) == JWS_GOOD)
		assert(str_starts(payload, STR("It\xe2\x80\x99s a dangerous")));
	else
		assert(str_eqz(payload, "untouched"));
	/* As keys for a token: whatever they are, nothing is signed by them. */
	assert(jws_verify(arena, STR("eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.e30.AAAA"),
	    text, &payload) != JWS_GOOD);
	assert(id_token_check(arena, text, str_of(rfc7520_jwks), &wants, &identity, &fault)
	    != NULL);
	assert(facebook_read_signed(arena, STR("a secret that is not in the corpus"),
	    text, 1700000000, &told) != NULL);
	return 0;
}
