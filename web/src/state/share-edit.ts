import { batch, computed, signal } from "@preact/signals";
import { ApiProblem, get, put, sentenceOf } from "../client";
import type { Design, Fault, Share, ShareEdit as Settings, SharedDesign } from "../types";
import { note } from "./notes";
import { pathOfShare, sharing, takeShare } from "./shares";

/*
 * The link whose dialog is open. What is changed is saved as it is changed, one request at a time, and only onto what
 * this page has seen. A design also changes without its link, as when a picture lands: then the same is sent again.
 */
export type ShareEdit = Partial<Settings>;
type Name = keyof ShareEdit;

export const link = signal<Share | null>(null);
export const linkFault = signal<string | null>(null);
export const saving = signal<"no" | "saving" | "saved" | "conflict" | "fault">("no");
export const trouble = signal("");
export const faults = signal<Fault[]>([]);
/* A number that rises with what viewers see. */
export const looks = signal(0);
/* The title of a link without one of its own, which the interface makes of stone and piece; null: not known. */
export const usualTitle = signal<string | null>(null);
/* What was changed here and is not saved yet. */
const ahead = signal<Omit<ShareEdit, "password">>({});

/* The link as the dialog shows it. Where others have changed it, theirs is shown until one decides. */
export const shown = computed(() => link.value === null ? null
	: { ...link.value, ...(saving.value === "conflict" ? {} : ahead.value) });

let etag: string | null = null;
let waiting: ShareEdit | null = null;
let sending: Promise<void> | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
/* Answers for a dialog that was closed meanwhile are of no use to the next one. */
let turn = 0;

function take(found: Share, tag: string | null, mine: number): Share {
	batch(() => {
		takeShare(found);
		if (mine === turn) {
			link.value = found;
			etag = tag;
		}
	});
	return found;
}

async function read(id: string, mine: number): Promise<Share | null> {
	try {
		const { data, etag: tag } = await get<Share>(pathOfShare(id), { tries: 3, tellLimits: true });
		return take(data, tag, mine);
	} catch (error) {
		if (error instanceof ApiProblem && error.status === 404)
			return null;
		throw error;
	}
}

/* --- open and closed -------------------------------------------------------------- */

/* The link; one with the usual settings when there was none. */
export async function openLink(design: Design): Promise<{ made: boolean; share: Share }> {
	const mine = ++turn;

	clearTimeout(timer);
	batch(() => {
		link.value = linkFault.value = usualTitle.value = null;
		saving.value = "no";
		trouble.value = "";
		faults.value = [];
		ahead.value = {};
		looks.value++;
	});
	etag = waiting = null;
	await sending;
	try {
		const there = design.share_settings.is_shared ? await read(design.id, mine) : null;
		if (there !== null)
			return { made: false, share: there };
		const { data, etag: tag } = await put<Share>(pathOfShare(design.id), {}, { tries: 3, tellLimits: true });
		return { made: true, share: take(data, tag, mine) };
	} catch (error) {
		if (mine === turn)
			linkFault.value = sentenceOf(error);
		throw error;
	}
}

/* As everybody may: what has a password does not tell. */
export async function readUsualTitle(share: Share): Promise<void> {
	const mine = turn;

	try {
		const { data } = await get<SharedDesign>(`/v1/shares/${share.token}`, { tries: 1, asIs: true });
		if (mine === turn && share.title === null)
			usualTitle.value = data.title;
	} catch {
		/* The design's own name stands there meanwhile. */
	}
}

/* What waits to be sent is sent; whether that went well is told, for the dialog is gone. */
export async function closeLink(): Promise<void> {
	const mine = turn;

	if (saving.value !== "conflict")
		flush();
	sharing.value = null;
	await sending;
	if (mine === turn && (saving.peek() === "fault" || saving.peek() === "conflict"))
		note(`What you changed last about the link is not saved. ${trouble.peek()}`.trim(), null, "fault");
}

/* --- changes ---------------------------------------------------------------------- */

const nameOf = (fault: Fault) => (fault.pointer ?? "").split("/")[1] as Name;

function without(what: ShareEdit, drop: (name: Name, value: unknown) => boolean): ShareEdit {
	return Object.fromEntries(Object.entries(what).filter(([name, value]) => !drop(name as Name, value)));
}

/* What is not at fault itself is sent without what is. */
function refused(sent: ShareEdit, all: Fault[]): void {
	const bad = all.map(nameOf);
	const rest = without(sent, (name) => bad.includes(name));

	if (Object.keys(rest).length > 0 && Object.keys(rest).length < Object.keys(sent).length)
		waiting = { ...rest, ...waiting };
	faults.value = [...faults.value.filter((f) => !bad.includes(nameOf(f))), ...all];
}

const same = (a: Share, b: Share) => a.url === b.url && a.title === b.title && a.show_prompt === b.show_prompt
	&& a.expires_at === b.expires_at && a.password_protected === b.password_protected;

/* True when only the design has changed, not its link: then nobody needs to be asked. */
async function onlyDesign(id: string, mine: number): Promise<boolean> {
	const before = link.value;
	const now = await read(id, mine);

	if (now === null)
		throw new Error("The link was ended elsewhere meanwhile. Close this and share the piece again: it gets a new link.");
	return before !== null && same(before, now);
}

/* False when others have changed the link. */
async function sendOne(id: string, what: ShareEdit, mine: number): Promise<boolean> {
	for (let tries = 1; ; tries++) {
		try {
			const { data, etag: tag } = await put<Share>(pathOfShare(id), what, { ifMatch: etag, tries: 3, tellLimits: true });
			batch(() => {
				take(data, tag, mine);
				ahead.value = without(ahead.value, (name, value) => value === what[name]);
				looks.value++;
			});
			return true;
		} catch (error) {
			if (!(error instanceof ApiProblem && error.status === 412))
				throw error;
			if (tries >= 5 || !await onlyDesign(id, mine))
				return false;
		}
	}
}

async function sendAll(id: string): Promise<void> {
	const mine = turn;

	while (waiting !== null && mine === turn) {
		const what: ShareEdit = waiting;
		waiting = null;
		saving.value = "saving";
		try {
			if (await sendOne(id, what, mine))
				continue;
			waiting = { ...what, ...waiting as ShareEdit | null };
			batch(() => {
				saving.value = "conflict";
				trouble.value = "The link was changed elsewhere meanwhile. This is how it stands now.";
				looks.value++;
			});
			return;
		} catch (error) {
			if (error instanceof ApiProblem && error.faults.length > 0) {
				refused(what, error.faults);
				continue;
			}
			waiting = { ...what, ...waiting as ShareEdit | null };
			batch(() => {
				saving.value = "fault";
				trouble.value = sentenceOf(error);
			});
			return;
		}
	}
	if (mine === turn)
		saving.value = faults.value.length > 0 ? "fault" : "saved";
}

/* Sends what waits, once what is on its way has arrived; also what failed before. */
export function flush(): void {
	const id = link.peek()?.design_id;

	clearTimeout(timer);
	if (id === undefined || waiting === null || sending !== null)
		return;
	trouble.value = "";
	sending = sendAll(id).finally(() => {
		sending = null;
	});
}

export function edit(what: ShareEdit, later = false): void {
	const { password: _secret, ...visible } = what;

	waiting = { ...waiting, ...what };
	batch(() => {
		faults.value = faults.value.filter((f) => !(nameOf(f) in what));
		ahead.value = { ...ahead.value, ...visible };
		if (saving.value !== "conflict")
			saving.value = "saving";
	});
	clearTimeout(timer);
	if (saving.value === "conflict")
		return;
	if (later)
		timer = setTimeout(flush, 700);
	else
		flush();
}

/* True when it is kept; else its fault is told. Null takes the password away. */
export async function setPassword(password: string | null): Promise<boolean> {
	edit({ password });
	await sending;
	return waiting?.password === undefined && !faults.value.some((f) => nameOf(f) === "password");
}

/* What was refused is not wanted any more. */
export function giveUp(name: Name): void {
	batch(() => {
		faults.value = faults.value.filter((f) => nameOf(f) !== name);
		if (saving.value === "fault" && faults.value.length === 0 && trouble.value === "")
			saving.value = "no";
	});
}

/* After a conflict: what was changed here is given up. */
export function keepTheirs(): void {
	waiting = null;
	batch(() => {
		ahead.value = {};
		saving.value = "no";
		trouble.value = "";
	});
}
