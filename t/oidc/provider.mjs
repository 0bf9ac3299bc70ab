/*
 * An OpenID provider in the place of Google: the library oidc-provider, on loopback.
 *
 *	node provider.mjs '{"port":3901,"issuer":"http://127.0.0.1:3900","kid":"k1",
 *	    "redirect":"http://127.0.0.1:8080/v1/auth/google/callback"}'
 *
 * Prints "ready" when it listens. Whom it knows stands in `people`: the name typed in
 * its form is the subject, any password will do. Keys are made at each start.
 */
import { generateKeyPairSync } from 'node:crypto';
import { Provider } from 'oidc-provider';

const { port, issuer, kid, redirect, secret } = JSON.parse(process.argv[2]);
const jwk = {
	...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
	kid, alg: 'RS256', use: 'sig',
};
const people = {
	alice: { email: 'alice@example.com', email_verified: true, name: 'Alice Example', picture: 'https://img.example/alice.png' },
	unverified: { email: 'eve@example.com', email_verified: false, name: 'Eve' },
	nomail: { name: 'No Mail' },
	corp: { email: 'bob@corp.example', email_verified: true, name: 'Bob', hd: 'corp.example' },
};
/* Beside them as many as a test wants: "verified:anna@example.net", "hosted:...", "unverified:...". */
function personOf(sub) {
	const [, kind, email] = /^(verified|hosted|unverified):([^:]+@[^:]+)$/.exec(sub) ?? [];

	if (!email)
		return people[sub];
	return {
		email, email_verified: kind !== 'unverified', name: `Person ${email.split('@')[0]}`,
		...(kind === 'hosted' ? { hd: email.split('@')[1] } : {}),
	};
}
const provider = new Provider(issuer, {
	clients: [{
		client_id: 'rp', client_secret: secret, redirect_uris: [redirect],
		response_types: ['code'], grant_types: ['authorization_code'],
		token_endpoint_auth_method: 'client_secret_post', id_token_signed_response_alg: 'RS256',
	}],
	jwks: { keys: [jwk] },
	scopes: ['openid', 'email', 'profile'],
	claims: { openid: ['sub', 'hd'], email: ['email', 'email_verified'], profile: ['name', 'picture'] },
	conformIdTokenClaims: false,	// e-mail and name within the ID token, as Google has them
	pkce: { required: () => true },
	cookies: { keys: ['not-a-secret'] },
	features: { devInteractions: { enabled: true } },
	ttl: { AccessToken: 3600, AuthorizationCode: 60, IdToken: 3600, Interaction: 600, Session: 3600, Grant: 3600 },
	async findAccount(_ctx, sub) {
		const person = personOf(sub);

		return person && { accountId: sub, async claims() { return { sub, ...person }; } };
	},
});
provider.on('server_error', (_ctx, error) => console.error('server_error', error));
provider.listen(port, '127.0.0.1', () => console.log('ready'));
