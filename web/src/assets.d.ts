declare module "*.svg" {
	const url: string;
	export default url;
}

/* "GET /v1/me", …: what etc/openapi.json describes (build.mjs). */
declare const ROUTES: readonly string[];
