import { post, remove } from "../client";
import type { User } from "../types";
import { readSessions } from "./account";
import { linkToken } from "./route";
import { member, memberStill, readMember, takeMember } from "./session";
import { keepHere, keptHere } from "./storage";

const AT_FORM = { asIs: true, tellLimits: true, tries: 2 };

/* Until when the link of an address that waits to be confirmed is good: none is shown that has ended while the page was open. */
export function pendingEmail(user: User): string | null {
	const until = user.pending_email_until;

	return user.pending_email && until && Date.parse(until) > Date.now() ? user.pending_email : null;
}

export async function askEmail(email: string): Promise<void> {
	await post("/v1/me/email", { email }, AT_FORM);
	await readMember();
}

export async function keepEmail(): Promise<void> {
	await remove("/v1/me/email");
	if (member.value !== null)
		takeMember({ ...member.value, pending_email: null, pending_email_until: null });
}

/* The link waits in this tab while one signs in, which may lead to another service and back. */
export function emailLink(): string | null {
	return linkToken.value ?? keptHere("email_link");
}

export function holdEmailLink(): void {
	keepHere("email_link", emailLink());
}

export function dropEmailLink(): void {
	linkToken.value = null;
	keepHere("email_link", null);
}

export async function takeEmail(token: string): Promise<void> {
	const wanted = member.value?.pending_email ?? null;

	try {
		takeMember((await post<User>("/v1/me/email/confirm", { token }, AT_FORM)).data);
	} catch (error) {
		/* It may have been done, and the answer lost. */
		if (wanted === null || await readMember().catch(() => "none") !== "member" || member.value?.email !== wanted)
			throw error;
	}
	await readSessions().catch(() => undefined);
}

export async function undoEmail(token: string): Promise<void> {
	await post("/v1/auth/email-undo", { token }, AT_FORM);
	/* Whoever is signed in here may have been so to that account. */
	await memberStill().catch(() => undefined);
}
