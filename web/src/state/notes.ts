import { signal } from "@preact/signals";

/* Short messages: read aloud to those who do not look, and shown as notes with one action at most. */
export interface Note {
	id: number;
	text: string;
	kind: "plain" | "fault";
	action: { label: string; run: () => void } | null;
	/* When its action is of no use any more. */
	until: number;
}

export const notes = signal<Note[]>([]);
export const spoken = signal("");

let last = 0;
const timers = new Map<number, ReturnType<typeof setTimeout>>();

export function speak(text: string): void {
	/* The same words twice would not be read twice. */
	spoken.value = spoken.value === text ? text + "\u00a0" : text;
}

export function dismiss(id: number): void {
	clearTimeout(timers.get(id));
	timers.delete(id);
	notes.value = notes.value.filter((note) => note.id !== id);
}

/* Notes are held while somebody points at them or has the focus in them. */
export function hold(id: number): void {
	clearTimeout(timers.get(id));
}

export function release(id: number, ms = 10000): void {
	const until = notes.value.find((note) => note.id === id)?.until ?? 0;

	clearTimeout(timers.get(id));
	timers.set(id, setTimeout(() => dismiss(id), Math.max(ms, until - Date.now())));
}

export function note(text: string, action: Note["action"] = null, kind: Note["kind"] = "plain",
	ms = action ? 20000 : 8000): number {
	const id = ++last;

	notes.value = [...notes.value.slice(-2), { id, text, kind, action, until: action ? Date.now() + ms : 0 }];
	release(id, ms);
	return id;
}
