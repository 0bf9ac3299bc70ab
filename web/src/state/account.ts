import { effect, signal } from "@preact/signals";
import { ApiProblem, get, patch, post, remove } from "../client";
import type { Identities, Session, User } from "../types";
import { note, speak } from "./notes";
import { theme } from "./prefs";
import type { Theme } from "./prefs";
import { problemCode, route, visit } from "./route";
import {
	alone, backPath, cameBackFrom, comeBackTo, isBack, known, lost, member, memberStill, ownPage, takeBack, takeMember, who,
} from "./session";
import { drop, keepHere, keptHere, load, save } from "./storage";

/* Whoever waits at a form is told what to wait for; nothing is tried again behind the form's back for long. */
const AT_FORM = { asIs: true, tellLimits: true, tries: 2 };

/* --- signing up ----------------------------------------------------------------- */

/* The address that waits for its mail, so that nobody has to type it again. */
export const signingUp = () => load<string>("signing_up", "");

export async function signUp(email: string, password: string, name: string): Promise<void> {
	await alone(() => post("/v1/auth/register", { email, password, full_name: name || null }, AT_FORM));
	save("signing_up", email);
}

export async function sendAgain(email: string): Promise<void> {
	await post("/v1/auth/verify-email/resend", { email }, AT_FORM);
}

/* True when this browser is signed in by it. */
export async function verify(token: string): Promise<boolean> {
	return alone(async () => {
		const { data } = await post<{ signed_in: boolean }>("/v1/auth/verify-email", { token }, AT_FORM);
		if (data.signed_in)
			await signedInByLink();
		return data.signed_in;
	});
}

async function signedInByLink(isNew = false): Promise<void> {
	welcome((await get<User>("/v1/me", AT_FORM)).data, isNew);
}

/* --- signing in and out --------------------------------------------------------- */

/* As long as the link of a sign-up holds. */
const NEW_MS = 48 * 3600 * 1000;

/*
 * A new account has no wish for a look yet, though the interface names one: it takes over this browser's. A browser
 * that goes by its system's look keeps to that.
 */
function welcome(user: User, isNew = false): void {
	const fresh = isNew || (signingUp().trim().toLowerCase() === user.email && Date.now() - Date.parse(user.created_at) < NEW_MS);

	drop("signing_up", "reset_for");
	/* Not by a service that one has looked at before. */
	isBack();
	if (fresh)
		takeWithLook(user, theme.value);
	else
		takeMember(user);
}

function takeWithLook(user: User, look: Theme): void {
	if (look === "system") {
		save("look_here", true);
		takeMember(user);
		return;
	}
	takeMember({ ...user, preferences: { ...user.preferences, theme: look } });
	edit({ preferences: { theme: look } }).catch(() => undefined);
}

export async function signIn(email: string, password: string): Promise<void> {
	await alone(async () => {
		const { data } = await post<User>("/v1/auth/login", { email, password }, AT_FORM);
		/* Whoever wanted to sign in with another service can link it now. */
		if (problemCode.value === "account_exists" || problemCode.value === "session_required")
			comeBackTo("/account#ways");
		problemCode.value = null;
		welcome(data);
	});
}

/* A fresh start: nothing of the member stays in the page or in the browser. */
export function leave(words: string): void {
	drop("member", "session", "draft", "jobs", "refine", "signing_up", "reset_for", "look_here", "usual_count");
	keepHere("back", null);
	keepHere("key_draft", null);
	keepHere("tell", words);
	location.replace("/");
}

async function logOut(): Promise<void> {
	try {
		await alone(() => post("/v1/auth/logout", undefined, AT_FORM));
	} catch (error) {
		/* It had ended already. */
		if (!(error instanceof ApiProblem && error.status === 401))
			throw error;
	}
}

export async function signOut(): Promise<void> {
	await logOut();
	leave("You are signed out.");
}

/* The service wants a fresh sign-in for something: one signs in again and goes on there. */
export async function signInAgain(path: string): Promise<void> {
	await logOut();
	lost();
	comeBackTo(path);
}

/* What the page before this one wanted to say. */
export function tellLater(): void {
	const words = keptHere("tell");

	keepHere("tell", null);
	if (words !== null) {
		note(words);
		speak(words);
	}
}

/* --- other services to sign in with ----------------------------------------------- */

/* Those that the page can name. */
export const serviceNames: Record<string, string> = { google: "Google", facebook: "Facebook" };

/* Those that the studio's keeper has set up, mostly none. */
export async function providers(): Promise<string[]> {
	if (!offers("GET /v1/auth/providers"))
		return [];
	const { data } = await get<{ providers: string[] }>("/v1/auth/providers", { asIs: true, tries: 1 });
	return data.providers.filter((name) => serviceNames[name] !== undefined);
}

/* What the interface takes for a path to come back to. */
const wayBack = /^\/(?!v1(\/|$))[\w./~?&=%#+-]{0,299}$/;

export function signInPath(service: string): string {
	const path = backPath();

	return `/v1/auth/${service}?return_to=${encodeURIComponent(wayBack.test(path) && !/\/[./]/.test(path) ? path : "/")}`;
}

export const linkPath = (service: string) => `/v1/auth/${service}?link=1&return_to=${encodeURIComponent("/account#ways")}`;

/* Not to be made longer by clocks that differ. */
const CLOCKS_MS = 300000;

/* Back from there, signed in. A new account takes over this browser's look, as it does by a form. */
effect(() => {
	const user = member.value;
	const left = user === null ? null : cameBackFrom();

	if (user === null || left === null)
		return;
	const look = theme.peek();
	isBack();
	takeBack();
	if (user.auth_provider !== "email" && Date.parse(user.created_at) > left - CLOCKS_MS)
		queueMicrotask(() => {
			theme.value = look;
			takeWithLook(user, look);
		});
});

export const identities = signal<Identities | null>(null);

export async function readIdentities(): Promise<void> {
	identities.value = (await get<Identities>("/v1/me/identities")).data;
}

export async function unlink(id: string): Promise<void> {
	await remove(`/v1/me/identities/${id}`);
	if (identities.value !== null)
		identities.value = { ...identities.value, items: identities.value.items.filter((i) => i.id !== id) };
}

/* An address for a sign-in that came without one. */
export async function giveAddress(email: string): Promise<void> {
	await post("/v1/auth/provider-email", { email }, AT_FORM);
}

export async function confirmAddress(token: string): Promise<void> {
	await alone(async () => {
		await post("/v1/auth/provider-confirm", { token }, AT_FORM);
		await signedInByLink(true);
	});
}

/* What the interface can do, as it was described when the studio was built. */
export function offers(route: string): boolean {
	return ROUTES.includes(route);
}

/* Members have no use for some pages, and others for another. */
effect(() => {
	const { page } = route.value;
	const is = who.value;

	if (is === "member" && (page === "sign-in" || page === "sign-up"))
		/* What went wrong is told where one can do something about it. */
		queueMicrotask(() => visit(problemCode.peek() !== null ? "/account" : takeBack(), true));
	else if (known.value && is !== "member" && ownPage(page))
		queueMicrotask(() => {
			comeBackTo(location.pathname + location.hash);
			visit("/sign-in", true);
		});
});

/* --- passwords ------------------------------------------------------------------ */

export const resetFor = () => load<string>("reset_for", "");

export async function askReset(email: string): Promise<void> {
	await post("/v1/auth/password-reset", { email }, AT_FORM);
	save("reset_for", email);
}

export async function reset(token: string, password: string): Promise<void> {
	await alone(async () => {
		await post("/v1/auth/password-reset/confirm", { token, password }, AT_FORM);
		await signedInByLink();
	});
}

export async function changePassword(current: string, next: string): Promise<void> {
	try {
		await alone(() => post("/v1/auth/password", { current_password: current || null, new_password: next }, AT_FORM));
	} catch (error) {
		if (error instanceof ApiProblem && error.status === 401)
			await memberStill();
		throw error;
	}
	/* With the other sessions ends what one of them may have asked for. */
	if (member.value !== null)
		takeMember({ ...member.value, pending_email: null, pending_email_until: null });
	if (identities.value !== null)
		identities.value = { ...identities.value, has_password: true };
	await readSessions();
}

/* --- profile and settings ------------------------------------------------------- */

export interface Edit {
	full_name?: string | null;
	preferences?: Partial<Omit<User["preferences"], "email_notifications">> & {
		email_notifications?: Partial<User["preferences"]["email_notifications"]>;
	};
}

let edits: Promise<unknown> = Promise.resolve();

/* One after the other, so that the last wish is what stays. */
export async function edit(what: Edit): Promise<void> {
	const mine = edits.catch(() => undefined).then(() => patch<User>("/v1/me", what));

	edits = mine;
	const { data } = await mine;
	if (member.value !== null && edits === mine)
		takeMember(data);
}

export async function setPhoto(file: File): Promise<void> {
	const form = new FormData();

	form.set("file", file, file.name || "picture");
	takeMember((await post<User>("/v1/me/photo", undefined, { form, tellLimits: true, tries: 2 })).data);
}

export async function removePhoto(): Promise<void> {
	await remove("/v1/me/photo");
	if (member.value !== null)
		takeMember({ ...member.value, profile_photo_url: null });
}

/* The look of the account is this browser's, unless that goes by its system's. */
effect(() => {
	const look = member.value?.preferences.theme;

	if (look !== undefined && !load("look_here", false))
		theme.value = look;
});

export async function chooseLook(look: Theme): Promise<void> {
	theme.value = look;
	if (member.value === null)
		return;
	if (look === "system") {
		save("look_here", true);
		return;
	}
	drop("look_here");
	await edit({ preferences: { theme: look } });
}

/* --- sessions ------------------------------------------------------------------- */

export const sessions = signal<Session[] | null>(null);

export async function readSessions(): Promise<void> {
	sessions.value = (await get<{ items: Session[] }>("/v1/me/sessions")).data.items;
}

export async function endSession(id: string): Promise<void> {
	await remove(`/v1/me/sessions/${id}`);
	sessions.value = sessions.value?.filter((s) => s.id !== id) ?? null;
}

export async function endOtherSessions(): Promise<void> {
	await remove("/v1/me/sessions");
	sessions.value = sessions.value?.filter((s) => s.current) ?? null;
}

/* They are of who was signed in. */
effect(() => {
	if (member.value === null) {
		sessions.value = null;
		identities.value = null;
	}
});
