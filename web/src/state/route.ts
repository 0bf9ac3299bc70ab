import { signal } from "@preact/signals";

/* The page's state that belongs into the address: /d/<design> and /d/<design>/v/<version>. */
export interface Route {
	design: string | null;
	version: string | null;
}

const pattern = /^\/d\/([0-9a-f-]{36})(?:\/v\/([0-9a-f-]{36}))?\/?$/;

function read(): Route {
	const found = pattern.exec(location.pathname);

	return { design: found?.[1] ?? null, version: found?.[2] ?? null };
}

export const route = signal<Route>(read());

export function pathOf(design: string | null, version: string | null = null): string {
	return design === null ? "/" : version === null ? `/d/${design}` : `/d/${design}/v/${version}`;
}

export function go(design: string | null, version: string | null = null, replace = false): void {
	const path = pathOf(design, version);

	if (path !== location.pathname)
		history[replace ? "replaceState" : "pushState"](null, "", path);
	route.value = { design, version };
}

window.addEventListener("popstate", () => {
	route.value = read();
});
