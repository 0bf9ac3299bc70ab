import { batch, computed, effect, signal } from "@preact/signals";
import { ApiProblem, get, patch, post, remove, sentenceOf } from "../client";
import type { Check, Design, Version } from "../types";
import { forget, jobs, jobsOf, kick, takeJob } from "./jobs";
import { note, speak } from "./notes";
import { go, route } from "./route";
import { owner } from "./session";

/* The design that is open, and the list of all. */
export const open = signal<Design | null>(null);
export const openState = signal<"none" | "loading" | "there" | "missing" | "fault">("none");
export const openFault = signal("");
export const checks = signal<Check[]>([]);
let openEtag: string | null = null;

export type Filter = "all" | "starred" | "trash";
export const filter = signal<Filter>("all");
export const list = signal<Design[]>([]);
export const listState = signal<"loading" | "there" | "fault">("loading");
export const listFault = signal("");
export const listNext = signal<string | null>(null);

/* --- versions --------------------------------------------------------------- */

export function versionsOf(design: Design): Version[] {
	const originals = design.generated_images.map((picture, i) => ({
		order: Number(picture.generation_parameters["variation"] ?? i), picture,
	}));

	originals.sort((a, b) => a.order - b.order);
	return [
		...originals.map(({ picture }): Version => ({
			id: picture.image_id, kind: "original", baseId: null, words: design.original_prompt,
			imageUrl: picture.image_url, thumbnailUrl: picture.thumbnail_url, madeAt: picture.generated_at,
			preview: picture.generation_parameters["preview_render"] === true, strength: null, kept: [],
		})),
		...design.refinements.map((r): Version => ({
			id: r.refinement_id, kind: "refinement", baseId: r.base_image_id, words: r.prompt,
			imageUrl: r.refined_image_url, thumbnailUrl: r.refined_thumbnail_url, madeAt: r.refined_at,
			preview: false, strength: r.refinement_strength, kept: r.preserve_elements,
		})),
	];
}

export const versions = computed(() => open.value === null ? [] : versionsOf(open.value));

/* The one the user has picked: a first picture counts only when it was picked, a refinement was asked for. */
export function pickedOf(design: Design): string | null {
	const current = design.current_version;

	if (current === null || current === undefined)
		return null;
	return current.type === "refinement" || design.selected_image_id === current.image_id ? current.image_id : null;
}

/* "Picture 2", "Refinement 1": names to speak of. */
export function nameOf(design: Design, id: string): string {
	const all = versionsOf(design);
	const version = all.find((v) => v.id === id);

	if (version === undefined)
		return "Picture";
	const same = all.filter((v) => v.kind === version.kind);
	return `${version.kind === "original" ? "Picture" : "Refinement"} ${same.indexOf(version) + 1}`;
}

/* "Blue oval sapphire". */
export function titleOf(design: Design): string {
	const { type, cut, color } = design.gem_data;
	const how = cut === type ? `${cut}-cut` : cut;
	const words = [color === "Colorless" ? "" : color, how, type].filter(Boolean).join(" ").toLowerCase();

	return words.charAt(0).toUpperCase() + words.slice(1);
}

export function thumbnailOf(design: Design): string | null {
	const all = versionsOf(design);
	const current = design.current_version?.image_id;

	return (all.find((v) => v.id === current) ?? all[0])?.thumbnailUrl ?? null;
}

/* --- the open one ----------------------------------------------------------- */

function put(design: Design, etag: string | null): void {
	batch(() => {
		if (route.value.design === design.id) {
			open.value = design;
			openState.value = "there";
			openEtag = etag;
		}
		if (design.generation)
			takeJob(design.generation);
		putInList(design);
	});
}

/* What came of designs while the list was on its way: it may have been written before that. */
let meanwhile: Design[] = [];

function putInList(design: Design): void {
	if (listState.value === "loading")
		meanwhile.push(design);
	const there = list.value.some((d) => d.id === design.id);
	const belongs = filter.value === "trash" ? design.is_deleted
		: !design.is_deleted && (filter.value === "all" || design.is_favorite);

	if (there)
		list.value = belongs ? list.value.map((d) => d.id === design.id ? design : d)
			: list.value.filter((d) => d.id !== design.id);
	else if (belongs && listState.value === "there")
		list.value = [design, ...list.value].sort((a, b) => b.created_at < a.created_at ? -1 : 1);
}

/* A link was made, changed or ended; the design's ETag is another one then. */
export function shareChanged(id: string, settings: Partial<Design["share_settings"]>): void {
	const changed = (design: Design) => design.id === id ? { ...design, share_settings: { ...design.share_settings, ...settings } } : design;

	batch(() => {
		list.value = list.value.map(changed);
		if (open.value?.id === id) {
			open.value = changed(open.value);
			openEtag = null;
		}
	});
}

/* True when something new came. */
export async function refresh(id: string): Promise<boolean> {
	const known = open.value?.id === id ? openEtag : null;
	const { status, data, etag } = await get<Design>(`/v1/designs/${id}`, { etag: known });

	if (status === 304)
		return false;
	put(data, etag);
	return true;
}

async function load(id: string): Promise<void> {
	batch(() => {
		if (open.value?.id !== id)
			open.value = list.value.find((d) => d.id === id) ?? null;
		openState.value = open.value === null ? "loading" : "there";
		openEtag = null;
		checks.value = [];
	});
	try {
		await refresh(id);
		kick();
		const found = await get<{ checks: Check[] }>(`/v1/designs/${id}/checks`, { tries: 2 });
		if (route.value.design === id)
			checks.value = found.data.checks;
	} catch (error) {
		if (route.value.design !== id)
			return;
		if (error instanceof ApiProblem && error.status === 404) {
			open.value = null;
			openState.value = "missing";
		} else if (open.value === null) {
			openFault.value = sentenceOf(error);
			openState.value = "fault";
		}
	}
}

export function reload(): void {
	if (route.value.design !== null)
		void load(route.value.design);
}

let loaded: string | null = null;

effect(() => {
	const id = route.value.design;

	if (owner.value === null || id === loaded)
		return;
	loaded = id;
	if (id === null) {
		open.value = null;
		openState.value = "none";
		checks.value = [];
	} else {
		queueMicrotask(() => void load(id));
	}
});

/* --- the list --------------------------------------------------------------- */

export async function readList(more = false): Promise<void> {
	const which = filter.value;
	const query = new URLSearchParams({ limit: "40" });

	if (which === "trash")
		query.set("deleted", "true");
	if (which === "starred")
		query.set("is_favorite", "true");
	if (more && listNext.value !== null)
		query.set("cursor", listNext.value);
	else {
		listState.value = "loading";
		meanwhile = [];
	}
	try {
		const { data } = await get<{ items: Design[]; next_cursor: string | null }>(`/v1/designs?${query}`);
		if (filter.value !== which)
			return;
		batch(() => {
			const had = more ? list.value : [];
			list.value = [...had, ...data.items.filter((d) => !had.some((h) => h.id === d.id))];
			listNext.value = data.next_cursor;
			listState.value = "there";
			meanwhile.forEach(putInList);
		});
	} catch (error) {
		listFault.value = sentenceOf(error);
		listState.value = "fault";
	}
}

export function show(which: Filter): void {
	if (filter.value === which)
		return;
	batch(() => {
		filter.value = which;
		list.value = [];
		listNext.value = null;
	});
	void readList();
}

/* --- what one does with a design -------------------------------------------- */

function fault(error: unknown): void {
	note(sentenceOf(error), null, "fault");
}

export async function created(design: Design): Promise<void> {
	batch(() => {
		loaded = design.id;
		go(design.id);
		checks.value = [];
		put(design, null);
	});
	kick();
	try {
		const found = await get<{ checks: Check[] }>(`/v1/designs/${design.id}/checks`, { tries: 2 });
		if (route.value.design === design.id)
			checks.value = found.data.checks;
	} catch {
		/* Advice that does not come is not missed. */
	}
}

export async function star(design: Design): Promise<void> {
	const wanted = !design.is_favorite;

	put({ ...design, is_favorite: wanted }, null);
	try {
		const { data, etag } = await patch<Design>(`/v1/designs/${design.id}`, { is_favorite: wanted });
		put(data, etag);
		speak(wanted ? "Starred." : "Star taken away.");
	} catch (error) {
		put(design, null);
		fault(error);
	}
}

export async function pick(design: Design, version: string): Promise<void> {
	try {
		const { data, etag } = await post<Design>(`/v1/designs/${design.id}/select`, { image_id: version });
		put(data, etag);
		speak(`${nameOf(data, version)} is picked.`);
	} catch (error) {
		fault(error);
	}
}

export async function restore(design: Design): Promise<void> {
	try {
		const { data, etag } = await post<Design>(`/v1/designs/${design.id}/restore`);
		put(data, etag);
		speak("The design is back.");
	} catch (error) {
		fault(error);
	}
}

export async function trash(design: Design): Promise<void> {
	try {
		await remove(`/v1/designs/${design.id}`);
	} catch (error) {
		if (!(error instanceof ApiProblem && error.status === 404)) {
			fault(error);
			return;
		}
	}
	const gone = { ...design, is_deleted: true };
	put(gone, null);
	note(`“${titleOf(design)}” is in the trash.`, { label: "Undo", run: () => void restore(gone) });
	speak("Moved to the trash.");
}

export async function purge(design: Design): Promise<void> {
	try {
		await remove(`/v1/designs/${design.id}?purge=true`);
	} catch (error) {
		if (!(error instanceof ApiProblem && error.status === 404)) {
			fault(error);
			return;
		}
	}
	batch(() => {
		list.value = list.value.filter((d) => d.id !== design.id);
		for (const job of jobsOf(design.id))
			forget(job.id);
		if (route.value.design === design.id)
			go(null);
	});
	speak("Deleted for good.");
}

/* Nothing of a session that ended is left to show. */
export function forgetAll(): void {
	batch(() => {
		list.value = [];
		jobs.value = {};
		openEtag = null;
	});
	void readList();
	reload();
}
