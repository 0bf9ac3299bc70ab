import { signal } from "@preact/signals";

/* The page's state that belongs into the address: /d/<design>, /d/<design>/v/<version>, and the pages of accounts. */
export const pages = ["sign-up", "sign-in", "verify", "forgot", "reset", "account", "confirm-email", "confirm", "shares", "email", "email-undo"] as const;
export type Page = "studio" | typeof pages[number];

export interface Route {
	page: Page;
	design: string | null;
	version: string | null;
}

const pattern = /^\/d\/([0-9a-f-]{36})(?:\/v\/([0-9a-f-]{36}))?\/?$/;

/* What a link in a mail brought along. It is out of the address bar, the history and the reach of a referrer at once. */
export const linkToken = signal<string | null>(null);

function takeToken(): void {
	const found = /^#token=([A-Za-z0-9._~-]{1,300})$/.exec(location.hash)?.[1];

	/* "#_=_" is what Facebook leaves behind. */
	if (location.hash.startsWith("#token=") || location.hash === "#_=_")
		history.replaceState(null, "", location.pathname + location.search);
	if (found !== undefined)
		linkToken.value = found;
}

/* Why a sign-in with another service came back without one: a code of errors.def. Told once, a reload does not repeat it. */
export const problemCode = signal<string | null>(null);

function takeProblem(name: string): void {
	const code = new URLSearchParams(location.search).get("problem");

	if (code === null || (name !== "sign-in" && name !== "account"))
		return;
	history.replaceState(null, "", location.pathname + location.hash);
	problemCode.value = /^[a-z_]{1,40}$/.test(code) ? code : "unknown";
}

function read(): Route {
	const found = pattern.exec(location.pathname);
	const name = location.pathname.replace(/^\/|\/$/g, "");

	takeToken();
	takeProblem(name);
	return {
		page: pages.find((p) => p === name) ?? "studio",
		design: found?.[1] ?? null, version: found?.[2] ?? null,
	};
}

export const route = signal<Route>(read());

export function pathOf(design: string | null, version: string | null = null): string {
	return design === null ? "/" : version === null ? `/d/${design}` : `/d/${design}/v/${version}`;
}

export function go(design: string | null, version: string | null = null, replace = false): void {
	const path = pathOf(design, version);

	if (path !== location.pathname)
		history[replace ? "replaceState" : "pushState"](null, "", path);
	route.value = { page: "studio", design, version };
}

/* Any path of the studio's own. */
export function visit(path: string, replace = false): void {
	if (path !== location.pathname + location.hash)
		history[replace ? "replaceState" : "pushState"](null, "", path);
	route.value = read();
}

function reread(): void {
	const { page, design, version } = read();
	const was = route.value;

	if (page !== was.page || design !== was.design || version !== was.version)
		route.value = { page, design, version };
}

window.addEventListener("popstate", reread);
/* A second link of a mail, opened where the first one was. */
window.addEventListener("hashchange", reread);
