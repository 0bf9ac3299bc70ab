#include "config.h"

#include "fuzz.h"

#include "crypt/jws.h"
#include "oauth/facebook.h"
#include "oauth/id-token.h"

/* The key of RFC 7520, 4.1, whose secret half no input knows: of all texts only the
 * RFC's own is good, and it is no ID token. */
static const char jwks[] =
	"{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"bilbo.baggins@hobbiton.example\","
	"\"use\":\"sig\",\"e\":\"AQAB\",\"n\":\""
	"n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdN"
	"hxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcE"
	"e6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZ"
	"cD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg"
	"_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkq"
	"gc5gHdrNP5zw"
	"\"}]}";

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

	if (jws_verify(arena, text, str_of(jwks), &payload) == JWS_GOOD)
		assert(str_starts(payload, STR("It\xe2\x80\x99s a dangerous")));
	else
		assert(str_eqz(payload, "untouched"));
	/* As keys for a token: whatever they are, nothing is signed by them. */
	assert(jws_verify(arena, STR("eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.e30.AAAA"),
	    text, &payload) != JWS_GOOD);
	assert(id_token_check(arena, text, str_of(jwks), &wants, &identity, &fault)
	    != NULL);
	assert(facebook_read_signed(arena, STR("a secret that is not in the corpus"),
	    text, 1700000000, &told) != NULL);
	return 0;
}
