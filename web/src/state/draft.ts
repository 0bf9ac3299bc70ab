import { computed, effect, signal } from "@preact/signals";
import { ApiProblem, newKey, post, sentenceOf } from "../client";
import type { Catalog, Design, DesignNew, Fault, Finish, SimpleSize, Species, Transparency, Upload } from "../types";
import { created } from "./designs";
import { tab } from "./prefs";
import { quotaSentence, takeQuota } from "./quota";
import { catalog, member } from "./session";
import { speak } from "./notes";
import { load, save } from "./storage";

/* What is in the composer. It outlives a reload. */
export interface Draft {
	words: string;
	stone: string;
	stoneOther: string;
	cut: string;
	color: string;
	colorOther: string;
	transparency: Transparency | null;
	sizeBy: "words" | "measure";
	simple: SimpleSize;
	length: string;
	width: string;
	depth: string;
	carat: string;
	metals: string[];
	finish: Finish;
	count: number;
	reference: { url: string; thumbnail: string; name: string } | null;
}

/* In the lists: something that is not in the catalogue. */
export const OTHER = "\u0000other";

const blank: Draft = {
	words: "", stone: "Sapphire", stoneOther: "", cut: "Oval", color: "", colorOther: "", transparency: null,
	sizeBy: "words", simple: "Medium", length: "", width: "", depth: "", carat: "", metals: ["Yellow Gold"],
	finish: "Polished", count: 3, reference: null,
};

export const draft = signal<Draft>({ ...blank, ...load<Partial<Draft>>("draft", {}) });
export const faults = signal<Fault[]>([]);
export const sendState = signal<"idle" | "sending">("idle");
export const sendFault = signal<string | null>(null);

effect(() => save("draft", draft.value));

/* A member's usual number of pictures, taken over when it is new here and nothing is being written. */
effect(() => {
	const count = member.value?.preferences.default_num_variations;

	if (count === undefined || count === load<number | null>("usual_count", null))
		return;
	save("usual_count", count);
	if (draft.peek().words.trim() === "")
		draft.value = { ...draft.peek(), count };
});

export function change(some: Partial<Draft>, ...pointers: string[]): void {
	draft.value = { ...draft.value, ...some };
	/* A field that was touched is not wrong until it is sent again. */
	if (faults.value.length > 0 && pointers.length > 0)
		faults.value = faults.value.filter((f) => !pointers.some((p) => (f.pointer ?? "").startsWith(p)));
}

export function speciesOf(list: Catalog | null, name: string): Species | null {
	return list?.gem_types.find((s) => s.name === name) ?? null;
}

export const species = computed(() => speciesOf(catalog.value, draft.value.stone));

export function setStone(name: string): void {
	change({ stone: name, color: "", transparency: null }, "/gem_data/type", "/gem_data/color", "/gem_data/transparency");
}

export const colorInUse = computed(() => draft.value.color || species.value?.colors[0]?.name || OTHER);
export const transparencyInUse = computed(() => draft.value.transparency ?? species.value?.transparency ?? "Transparent");

/* --- to the interface --------------------------------------------------------- */

/* Numbers as people type them: a comma is a point. */
function number(text: string): number | null {
	const plain = text.trim().replace(",", ".").replace(/\s*(mm|ct)$/i, "");

	return plain === "" ? null : Number(plain);
}

const measures = [
	["length", "/gem_data/size/dimensions/length_mm"], ["width", "/gem_data/size/dimensions/width_mm"],
	["depth", "/gem_data/size/dimensions/height_mm"], ["carat", "/gem_data/size/carat_weight"],
] as const;

function ownFaults(d: Draft): Fault[] {
	if (d.sizeBy !== "measure")
		return [];
	return measures.filter(([name]) => Number.isNaN(number(d[name])))
		.map(([, pointer]) => ({ pointer, code: "wrong_type", detail: "This must be a number." }));
}

export function bodyOf(d: Draft): DesignNew {
	const measured = d.sizeBy === "measure";
	const [length, width, depth] = [number(d.length), number(d.width), number(d.depth)];

	return {
		original_prompt: d.words.trim(),
		gem_data: {
			type: d.stone === OTHER ? d.stoneOther.trim() : d.stone,
			cut: d.cut,
			color: colorInUse.value === OTHER ? d.colorOther.trim() : colorInUse.value,
			transparency: transparencyInUse.value,
			size: {
				simple: measured ? null : d.simple,
				dimensions: measured && [length, width, depth].some((v) => v !== null)
					? { length_mm: length, width_mm: width, height_mm: depth } : null,
				carat_weight: measured ? number(d.carat) : null,
			},
			uploaded_image_url: d.reference?.url ?? null,
		},
		material_preferences: { metals: d.metals, finish: d.finish },
		num_variations_requested: d.count,
	};
}

/* Sending the same again after a failure is the same request; another body is another. */
let last = { body: "", key: "" };

function keyFor(body: DesignNew): string {
	const text = JSON.stringify(body);

	if (last.body !== text)
		last = { body: text, key: newKey() };
	return last.key;
}

export async function send(): Promise<void> {
	if (sendState.value === "sending" || catalog.value === null)
		return;
	sendFault.value = null;
	faults.value = ownFaults(draft.value);
	if (faults.value.length > 0) {
		refuse();
		return;
	}
	sendState.value = "sending";
	try {
		const body = bodyOf(draft.value);
		const { data, headers } = await post<Design>("/v1/designs", body, { key: keyFor(body) });
		last = { body: "", key: "" };
		takeQuota(headers);
		tab.value = "pictures";
		speak(`${data.num_variations_requested} pictures are being made.`);
		void created(data);
	} catch (error) {
		if (error instanceof ApiProblem && error.faults.length > 0) {
			faults.value = error.faults;
			refuse();
		} else {
			sendFault.value = error instanceof ApiProblem && error.code === "quota_exceeded"
				? quotaSentence(error, "designs") : sentenceOf(error);
		}
	} finally {
		sendState.value = "idle";
	}
}

/* Counts up when the first field with a fault shall get the focus. */
export const refused = signal(0);

function refuse(): void {
	const n = faults.value.length;

	refused.value++;
	speak(n === 1 ? "One entry needs a change." : `${n} entries need a change.`);
}

/* --- the reference picture ---------------------------------------------------- */

export const uploading = signal<string | null>(null);
const POINTER = "/gem_data/uploaded_image_url";

export async function upload(file: File): Promise<void> {
	const limit = catalog.value?.limits.upload_bytes ?? 10485760;
	const others = faults.value.filter((f) => f.pointer !== POINTER);
	const bad = (detail: string) => {
		faults.value = [...others, { pointer: POINTER, code: "upload", detail }];
		speak(detail);
	};

	faults.value = others;
	if (!/^image\//.test(file.type) && file.type !== "")
		return bad("That is not a picture. JPEG, PNG and WebP can be used.");
	if (file.size > limit)
		return bad(`That picture is larger than ${Math.round(limit / 1048576)} MB.`);
	const form = new FormData();
	form.set("file", file, file.name || "picture");
	uploading.value = file.name || "the picture";
	try {
		const { data } = await post<Upload>("/v1/uploads", undefined, { form });
		change({ reference: { url: data.url ?? "", thumbnail: data.thumbnail_url ?? "", name: file.name || "Pasted picture" } });
		speak("The reference picture is there.");
	} catch (error) {
		bad(sentenceOf(error));
	} finally {
		uploading.value = null;
	}
}

/* An earlier design as the start of a new one. */
export function startFrom(design: Design): void {
	const { gem_data: gem, material_preferences: m } = design;
	const list = catalog.value;
	const known = speciesOf(list, gem.type);
	const d = gem.size?.dimensions;
	const text = (v: number | null | undefined) => v === null || v === undefined ? "" : String(v);

	faults.value = [];
	draft.value = {
		...blank, words: design.original_prompt, stone: known ? gem.type : OTHER, stoneOther: known ? "" : gem.type,
		cut: gem.cut, color: known?.colors.some((c) => c.name === gem.color) ? gem.color : OTHER,
		colorOther: known?.colors.some((c) => c.name === gem.color) ? "" : gem.color,
		transparency: gem.transparency, sizeBy: gem.size?.simple ? "words" : "measure", simple: gem.size?.simple ?? "Medium",
		length: text(d?.length_mm), width: text(d?.width_mm), depth: text(d?.height_mm), carat: text(gem.size?.carat_weight),
		metals: m.metals.length > 0 ? m.metals : blank.metals, finish: m.finish ?? "Polished",
		count: design.num_variations_requested,
	};
	tab.value = "compose";
}

export function clear(): void {
	faults.value = [];
	sendFault.value = null;
	draft.value = { ...blank, count: member.value?.preferences.default_num_variations ?? blank.count };
}
