declare module "*.svg" {
	const url: string;
	export default url;
}

/* "GET /v1/me", …: what etc/openapi.json describes (build.mjs). */
declare const ROUTES: readonly string[];
/* What an API key may be allowed, by the same description; none when there are no keys. */
declare const KEY_SCOPES: readonly string[];
