import { batch, computed, effect, signal } from "@preact/signals";
import { ApiProblem, call, connection, get, retryNow, sentenceOf, whenNoSession } from "../client";
import type { Catalog, GuestSession, User } from "../types";
import { route, visit } from "./route";
import type { Page } from "./route";
import { drop, keepHere, keptHere, load, save } from "./storage";

/*
 * Who one is: nobody yet, a guest (a session that the page begins and renews by itself), or a member. A note in the
 * browser says that somebody is signed in here, so that a start asks once and for the right thing.
 */
export const session = signal<GuestSession | null>(null);
export const member = signal<User | null>(null);
export const who = computed(() => member.value !== null ? "member" : session.value !== null ? "guest" : "none");
export const owner = computed(() => member.value?.id ?? session.value?.id ?? null);
export const catalog = signal<Catalog | null>(null);
export const startFault = signal<string | null>(null);
/* False until it is known for the first time who one is. */
export const known = signal(false);
/* Pages of members alone. */
export const ownPage = (page: Page) => page === "account" || page === "shares";
/* An earlier guest session ended, and its designs with it. */
export const sessionLost = signal(false);
/* A member's session ended, and not by signing out here. */
export const signedOut = signal(false);
/* Time that is left is told by this clock, which goes once in 20 s. */
export const now = signal(Date.now());

let endsAt = 0;
let renewedAt = 0;

/* --- a guest ------------------------------------------------------------------ */

function take(data: GuestSession): void {
	const before = load<string | null>("session", null);

	if (before !== null && before !== data.id)
		sessionLost.value = true;
	if (before !== data.id)
		save("session", data.id);
	endsAt = Date.now() + (data.seconds_left ?? 0) * 1000;
	batch(() => {
		now.value = Date.now();
		session.value = data;
		signedOut.value = false;
	});
}

export function secondsLeft(): number {
	return Math.max(0, Math.round((endsAt - now.value) / 1000));
}

export async function renew(): Promise<void> {
	try {
		const { data } = await call<GuestSession>("POST", "/v1/guest-session");
		renewedAt = Date.now();
		take(data);
	} catch (error) {
		/* One is signed in, and the note of it was lost. */
		if (!(error instanceof ApiProblem && error.status === 409 && await readMember() === "member"))
			throw error;
	}
}

export async function readSession(): Promise<void> {
	take((await get<GuestSession>("/v1/guest-session", { tries: 1 })).data);
}

/* --- a member ----------------------------------------------------------------- */

export function takeMember(user: User): void {
	save("member", user.id);
	drop("session");
	batch(() => {
		member.value = user;
		session.value = null;
		sessionLost.value = false;
		signedOut.value = false;
	});
}

export async function readMember(): Promise<"member" | "guest" | "none"> {
	try {
		takeMember((await get<User>("/v1/me", { asIs: true })).data);
		return "member";
	} catch (error) {
		if (error instanceof ApiProblem && (error.status === 401 || error.status === 403))
			return error.status === 401 ? "none" : "guest";
		throw error;
	}
}

/* --- where one goes on after signing in --------------------------------------- */

export function comeBackTo(path: string): void {
	keepHere("back", path);
}

/* Only what this tab has noted itself, and a path of this studio. */
export function backPath(): string {
	const path = keptHere("back");

	return path !== null && /^\/(?!\/)/.test(path) ? path : "/";
}

export function takeBack(): string {
	const path = backPath();

	keepHere("back", null);
	return path;
}

/*
 * One leaves for another service to sign in there. The page that one comes back to is a new one and holds no note of
 * a member: this tab has noted that it may be one.
 */
export function leaveToSignIn(): void {
	keepHere("away", String(Date.now()));
}

/* When one left, for whoever came back; null for all others. */
export function cameBackFrom(): number | null {
	const at = keptHere("away");

	return at === null ? null : Number(at);
}

export function isBack(): void {
	keepHere("away", null);
}

/* Nothing that was typed is touched: it is in the fields, or noted in the browser. */
export function lost(): void {
	drop("member");
	batch(() => {
		member.value = null;
		signedOut.value = true;
		if (route.value.page === "studio" || ownPage(route.value.page)) {
			comeBackTo(location.pathname);
			visit("/sign-in", true);
		}
	});
}

/* --- the start ---------------------------------------------------------------- */

async function begin(): Promise<void> {
	const noted = load<string | null>("member", null) !== null;
	const guest = load<string | null>("session", null) !== null;
	const { page } = route.value;

	if (owner.value !== null)
		return;
	if (noted || (ownPage(page) && !guest) || (page === "studio" && cameBackFrom() !== null)) {
		const is = await readMember();
		if (is === "member")
			return;
		isBack();
		drop("member");
		if (is === "none" && noted && (page === "studio" || ownPage(page))) {
			lost();
			return;
		}
	}
	/* Pages for those who sign in need no guest session; one that is there goes on. */
	if (page === "studio" || guest)
		await renew();
}

async function readCatalog(): Promise<void> {
	if (catalog.value === null && route.value.page === "studio")
		catalog.value = (await get<Catalog>("/v1/catalog")).data;
}

let starting: Promise<void> | null = null;

async function startOnce(): Promise<void> {
	startFault.value = null;
	try {
		await Promise.all([begin(), readCatalog()]);
		known.value = true;
	} catch (error) {
		startFault.value = sentenceOf(error);
	}
}

export function start(): Promise<void> {
	starting ??= startOnce().finally(() => {
		starting = null;
	});
	return starting;
}

/* The studio is for somebody: who comes to it from another page becomes a guest. */
effect(() => {
	if (route.value.page === "studio")
		queueMicrotask(() => {
			if (known.value && (owner.value === null || catalog.value === null))
				void start();
		});
});

/* --- one at a time -------------------------------------------------------------- */

let changing: Promise<unknown> | null = null;
let renewing: Promise<boolean> | null = null;

/*
 * What gives this browser another session waits for what does so already, and nothing begins one meanwhile: the
 * cookie of the later answer would be the one that stays.
 */
export async function alone<T>(run: () => Promise<T>): Promise<T> {
	await Promise.all([starting, renewing, changing].map((each) => each?.catch(() => undefined)));
	const mine = run();
	changing = mine;
	try {
		return await mine;
	} finally {
		if (changing === mine)
			changing = null;
	}
}

/* --- an end ------------------------------------------------------------------- */

/* The session may have been another one when the request went off. */
export async function memberStill(): Promise<boolean> {
	await changing?.catch(() => undefined);
	if (member.value !== null && await readMember().catch(() => "none") !== "member") {
		lost();
		return false;
	}
	return member.value !== null;
}

async function renewed(): Promise<boolean> {
	if (member.value !== null)
		return memberStill();
	if (session.value === null)
		return false;
	await renew();
	return true;
}

whenNoSession(() => {
	renewing ??= renewed().catch(() => false).finally(() => {
		renewing = null;
	});
	return renewing;
});

/* Another tab has signed in, or out. */
async function lookAgain(): Promise<void> {
	const before = member.value?.id ?? null;
	const is = await readMember();

	if (before === null)
		return;
	if (is === "none")
		lost();
	else if (is === "guest" || member.value?.id !== before)
		location.replace("/");
}

window.addEventListener("storage", (e) => {
	const changed = e.key === null || e.key === "bezel.member";
	if (changed && (member.value !== null || e.newValue !== null) && e.newValue !== JSON.stringify(member.value?.id))
		lookAgain().catch(() => undefined);
});

/* A page that the browser had put by, of before somebody signed in or out. */
window.addEventListener("pageshow", (e) => {
	if (e.persisted && load<string | null>("member", null) !== (member.value?.id ?? null))
		location.reload();
});

/* --- over time ---------------------------------------------------------------- */

/* A session in use does not end under one's hands. */
const RENEW_MS = 15 * 60 * 1000;

function renewIfDue(): void {
	now.value = Date.now();
	if (changing === null && document.visibilityState === "visible" && session.value !== null && Date.now() - renewedAt > RENEW_MS) {
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
	if (!known.value || (route.value.page === "studio" && owner.value === null))
		void start();
	else
		get(member.value !== null ? "/v1/me" : "/v1/catalog", { tries: 1 }).catch(() => undefined);
}
