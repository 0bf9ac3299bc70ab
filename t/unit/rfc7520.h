/*
 * rfc7520.h - the key of RFC 7520, 4.1: its public half, as a provider publishes one.
 */
#ifndef BEZEL_T_RFC7520_H
#define BEZEL_T_RFC7520_H

static const char rfc7520_jwks[] =
	"{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"bilbo.baggins@hobbiton.example\","
	"\"use\":\"sig\",\"e\":\"AQAB\",\"n\":\""
	"n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdN"
	"hxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcE"
	"e6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZ"
	"cD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg"
	"_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkq"
	"gc5gHdrNP5zw"
	"\"}]}";

#endif
