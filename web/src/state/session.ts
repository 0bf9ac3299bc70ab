import { effect, signal } from "@preact/signals";
import { call, connection, get, retryNow, sentenceOf, whenNoSession } from "../client";
import type { Catalog, GuestSession } from "../types";
import { load, save } from "./storage";

/* Who one is: a guest session, begun and renewed by the page itself. */
export const session = signal<GuestSession | null>(null);
export const catalog = signal<Catalog | null>(null);
export const startFault = signal<string | null>(null);
/* An earlier session ended, and its designs with it. */
export const sessionLost = signal(false);
/* Time that is left is told by this clock, which goes once in 20 s. */
export const now = signal(Date.now());

let endsAt = 0;
let renewedAt = 0;

function take(data: GuestSession): void {
	const before = load<string | null>("session", null);

	if (before !== null && before !== data.id)
		sessionLost.value = true;
	if (before !== data.id)
		save("session", data.id);
	endsAt = Date.now() + (data.seconds_left ?? 0) * 1000;
	now.value = Date.now();
	session.value = data;
}

export function secondsLeft(): number {
	return Math.max(0, Math.round((endsAt - now.value) / 1000));
}

export async function renew(): Promise<GuestSession> {
	const { data } = await call<GuestSession>("POST", "/v1/guest-session");

	renewedAt = Date.now();
	take(data);
	return data;
}

export async function readSession(): Promise<void> {
	take((await get<GuestSession>("/v1/guest-session", { tries: 1 })).data);
}

/* The headers of an answer that cost something say what is left. */
export function takeQuota(headers: Headers): void {
	const left = /r=(\d+)/.exec(headers.get("RateLimit") ?? "")?.[1];

	if (left !== undefined && session.value !== null)
		session.value = { ...session.value, uses_left: Number(left) };
}

let renewing: Promise<boolean> | null = null;

whenNoSession(() => {
	renewing ??= renew().then(() => true, () => false).finally(() => {
		renewing = null;
	});
	return renewing;
});

export async function start(): Promise<void> {
	startFault.value = null;
	try {
		const [, list] = await Promise.all([renew(), get<Catalog>("/v1/catalog")]);
		catalog.value = list.data;
	} catch (error) {
		startFault.value = sentenceOf(error);
	}
}

/* A session in use does not end under one's hands. */
const RENEW_MS = 15 * 60 * 1000;

function renewIfDue(): void {
	now.value = Date.now();
	if (document.visibilityState === "visible" && session.value !== null && Date.now() - renewedAt > RENEW_MS) {
		renewedAt = Date.now();
		renew().catch(() => undefined);
	}
}

setInterval(renewIfDue, 20000);
document.addEventListener("visibilitychange", renewIfDue);

/* While the service is away somebody must ask whether it is back. */
effect(() => {
	const { state, retryAt } = connection.value;

	if (state === "ok")
		return undefined;
	const timer = setTimeout(askAgain, Math.max(500, retryAt - Date.now() + 500));
	return () => clearTimeout(timer);
});

export function askAgain(): void {
	retryNow();
	if (session.value === null)
		void start();
	else
		get("/v1/guest-session", { tries: 1 }).catch(() => undefined);
}
