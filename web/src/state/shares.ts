import { batch, effect, signal } from "@preact/signals";
import { ApiProblem, get, post, remove, sentenceOf } from "../client";
import type { Design, Share } from "../types";
import { offers } from "./account";
import { shareChanged, titleOf, versionsOf } from "./designs";
import { jobsOf, isOpen } from "./jobs";
import { note, speak } from "./notes";
import { member, who } from "./session";

/* Links to designs: one a design at most. The list of them is that of the designs that have one. */
export const canShare = offers("PUT /v1/designs/{id}/share");
/* As long as the interface takes an undo. */
const UNDO_MS = 60000;

export const pathOfShare = (id: string) => `/v1/designs/${id}/share`;

/* The title that viewers see: the owner's words, else what the piece is. */
export const titleOfShare = (design: Design) => design.share_settings.title || titleOf(design);

export function hasExpired(expiresAt: string | null): boolean {
	return expiresAt !== null && Date.parse(expiresAt) <= Date.now();
}

/* Why this design cannot have a link now; null when it can. */
export function whyNot(design: Design): string | null {
	if (design.is_deleted)
		return "It is in the trash. Restore it to share it.";
	if (versionsOf(design).length > 0)
		return null;
	return jobsOf(design.id).some(isOpen) ? "It can be shared as soon as its first picture is there."
		: "It has no picture yet that could be shared.";
}

/* --- the dialog ------------------------------------------------------------------ */

/* The design whose link is on show. What opens it is told of by a number, so that the same one can be opened again. */
export const sharing = signal<Design | null>(null);
export const inviting = signal<Design | null>(null);

export function share(design: Design): void {
	const reason = whyNot(design);

	if (who.value !== "member") {
		inviting.value = design;
	} else if (reason !== null && !design.share_settings.is_shared) {
		note(reason);
		speak(reason);
	} else {
		sharing.value = design;
	}
}

/* --- the list --------------------------------------------------------------------- */

export const links = signal<Design[] | null>(null);
export const linksNext = signal<string | null>(null);
export const linksFault = signal<string | null>(null);

let reading = 0;

export async function readLinks(more = false): Promise<void> {
	const mine = ++reading;
	const query = new URLSearchParams({ shared: "true", limit: "40" });

	if (more && linksNext.value !== null)
		query.set("cursor", linksNext.value);
	try {
		const { data } = await get<{ items: Design[]; next_cursor: string | null }>(`/v1/designs?${query}`);
		if (mine !== reading)
			return;
		batch(() => {
			const had = more ? links.value ?? [] : [];
			links.value = [...had, ...data.items.filter((d) => !had.some((h) => h.id === d.id))];
			linksNext.value = data.next_cursor;
			linksFault.value = null;
		});
	} catch (error) {
		if (mine === reading)
			linksFault.value = sentenceOf(error);
	}
}

export function takeShare(found: Share): void {
	batch(() => {
		const { title, show_prompt, password_protected, expires_at, token } = found;
		const settings = { is_shared: true, title, show_prompt, password_protected, expires_at, share_token: token };
		shareChanged(found.design_id, settings);
		links.value = links.value?.map((d) => d.id === found.design_id
			? { ...d, share: found, share_settings: { ...d.share_settings, ...settings } } : d) ?? null;
	});
}

/* Figures are newer than the list that they stand in. */
export function takeTotal(id: string, total: number): void {
	links.value = links.value?.map((d) => d.id === id && d.share !== undefined
		? { ...d, share: { ...d.share, view_count: total } } : d) ?? null;
}

/* --- its end, and back ----------------------------------------------------------- */

function gone(design: Design): void {
	batch(() => {
		links.value = links.value?.filter((d) => d.id !== design.id) ?? null;
		shareChanged(design.id, { is_shared: false });
	});
}

async function undo(design: Design): Promise<void> {
	try {
		const { data } = await post<Share>(`${pathOfShare(design.id)}/restore`, undefined, { tries: 2 });
		if (links.value !== null && !links.value.some((d) => d.id === design.id))
			links.value = [design, ...links.value].sort((a, b) => b.created_at < a.created_at ? -1 : 1);
		takeShare(data);
		note("The link works again.");
		speak("The link works again.");
	} catch (error) {
		const late = error instanceof ApiProblem && (error.status === 410 || error.status === 404);
		note(late ? "It is too late for that: the link is gone for good. Share the piece again, and it gets a new one."
			: sentenceOf(error), null, "fault");
	}
}

/* Null when the link is dead, else what hinders it. */
export async function stopSharing(design: Design): Promise<string | null> {
	const whole = titleOfShare(design);
	const title = whole.length > 60 ? `${whole.slice(0, 56).trimEnd()}…` : whole;

	try {
		await remove(pathOfShare(design.id), { tries: 3 });
	} catch (error) {
		if (!(error instanceof ApiProblem && error.status === 404))
			return sentenceOf(error);
	}
	gone(design);
	note(`“${title}” is not shared any more: its link leads nowhere.`, { label: "Undo", run: () => void undo(design) }, "plain", UNDO_MS);
	speak("Not shared any more.");
	return null;
}

effect(() => {
	if (member.value === null)
		queueMicrotask(() => batch(() => {
			links.value = null;
			sharing.value = null;
		}));
});
