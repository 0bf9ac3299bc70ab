import type { Fault, Slot } from "./types";

/* The jeweller's words for what the interface says. */

const fields: [RegExp, string][] = [
	[/^\/original_prompt/, "the description"], [/^\/prompt/, "the change"], [/^\/gem_data\/type/, "the stone"],
	[/^\/gem_data\/cut/, "the cut"], [/^\/gem_data\/color/, "the colour"], [/^\/gem_data\/transparency/, "the transparency"],
	[/length_mm$/, "the length"], [/width_mm$/, "the width"], [/height_mm$/, "the depth"],
	[/carat_weight$/, "the weight"], [/^\/gem_data\/size/, "the size"],
	[/uploaded_image_url/, "the reference picture"], [/^\/material_preferences\/metals/, "the metals"],
	[/^\/material_preferences\/finish/, "the finish"], [/^\/num_variations/, "the number of pictures"],
	[/^\/preserve_elements/, "what to keep"], [/^\/refinement_strength/, "the strength"],
	[/^\/email/, "the e-mail address"], [/^\/current_password/, "the current password"], [/password$/, "the password"],
	[/^\/full_name/, "the name"], [/^\/name/, "the name"], [/^\/scopes/, "what the key may do"], [/^\/expires_at/, "the end"],
];

export function fieldName(pointer: string): string {
	return fields.find(([pattern]) => pattern.test(pointer))?.[1] ?? pointer;
}

const empty: [RegExp, string][] = [
	[/^\/original_prompt/, "Describe the piece in a few words."],
	[/^\/prompt/, "Say what should change."],
	[/^\/gem_data\/type/, "Name the stone."],
	[/^\/gem_data\/color/, "Name the colour."],
	[/^\/gem_data\/cut/, "Name the cut."],
	[/^\/material_preferences\/metals/, "Choose at least one metal."],
	[/^\/email/, "Enter your e-mail address."],
	[/^\/scopes/, "Choose at least one."],
];

const sayings: Record<string, string> = {
	not_an_address: "That is not an e-mail address. It looks like name@example.com.",
	too_common: "This password is among those that are tried first. Choose one that only you would think of.",
	too_easy: "This password is little more than your address or name. Choose one that nobody can guess from them.",
	wrong_password: "This is not your password.",
};

export function faultText(fault: Fault): string {
	const pointer = fault.pointer ?? "";

	if (fault.code === "too_short" || fault.code === "too_few" || fault.code === "required") {
		const sentence = empty.find(([pattern]) => pattern.test(pointer))?.[1];
		if (sentence !== undefined)
			return sentence;
	}
	if (/password$/.test(pointer) && fault.code === "too_short")
		return "At least 8 characters; a short sentence is easy to remember.";
	const saying = sayings[fault.code ?? ""];
	if (saying !== undefined)
		return saying;
	if (/uploaded_image_url/.test(pointer) && fault.code !== "upload")
		return "This picture is no longer there. Add it again.";
	return fault.detail ?? "This cannot be used.";
}

const reasons: Record<string, string> = {
	unavailable: "The picture maker did not answer.",
	rate_limited: "The picture maker has too much to do.",
	timeout: "It took too long.",
	killed: "Making it was interrupted.",
	image_safety: "The picture maker would not make this one.",
	bad_output: "What came was no picture.",
	bad_image: "What came was no picture.",
	no_renderer: "The picture maker is not there. The studio’s keeper has been told.",
	attempts_exhausted: "It was tried several times without success.",
	base_lost: "The picture to refine is gone.",
	cancelled: "You stopped it.",
	storage: "There was no room to keep it.",
};

export function reasonText(slot: Slot): string {
	return reasons[slot.reason ?? ""] ?? slot.message ?? "It could not be made.";
}

/* "1 design", "2 designs" */
export function count(n: number, what: string): string {
	return `${n} ${what}${n === 1 ? "" : "s"}`;
}

/* "5 h 12 min"; rounded up, "6 h". */
export function span(seconds: number, rounded = false): string {
	if (rounded && seconds >= 60)
		return seconds >= 3600 ? `${Math.ceil(seconds / 3600)} h` : `${Math.ceil(seconds / 60)} min`;
	if (seconds >= 3600)
		return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds % 3600 / 60)} min`;
	return seconds >= 60 ? `${Math.floor(seconds / 60)} min` : `${Math.max(0, seconds)} s`;
}

export function when(iso: string): string {
	const date = new Date(iso);
	const today = new Date().toDateString() === date.toDateString();

	return new Intl.DateTimeFormat("en-GB", today ? { hour: "numeric", minute: "2-digit" }
		: { day: "numeric", month: "short", hour: "numeric", minute: "2-digit" }).format(date);
}

/* "1 December" */
export function day(time: number | string): string {
	const date = new Date(time);
	const far = date.getFullYear() !== new Date().getFullYear();

	return new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", ...(far ? { year: "numeric" } : {}) }).format(date);
}

/* "Firefox on Windows": what a browser calls itself, in words. */
export function deviceWords(agent: string | null): string {
	const known: [RegExp, string][] = [
		[/Edg(e|A|iOS)?\//, "Edge"], [/OPR\//, "Opera"], [/SamsungBrowser\//, "Samsung Internet"], [/(Firefox|FxiOS)\//, "Firefox"],
		[/(Headless)?Chrom(e|ium)\/|CriOS\//, "Chrome"], [/Version\/.* Safari\//, "Safari"],
	];
	const systems: [RegExp, string][] = [
		[/iPhone/, "iPhone"], [/iPad/, "iPad"], [/Android/, "Android"], [/Windows/, "Windows"], [/CrOS/, "Chromebook"],
		[/Macintosh|Mac OS X/, "Mac"], [/Linux|X11/, "Linux"],
	];
	const browser = known.find(([pattern]) => pattern.test(agent ?? ""))?.[1];
	const system = systems.find(([pattern]) => pattern.test(agent ?? ""))?.[1];

	if (browser === undefined && system === undefined)
		return agent?.split(/[\s/]/)[0] || "Unknown device";
	return browser === undefined ? system as string : system === undefined ? browser : `${browser} on ${system}`;
}

export const strengths = [
	{ name: "Subtle", value: 0.25, hint: "A touch: the piece stays what it is" },
	{ name: "Balanced", value: 0.5, hint: "A visible change, the same idea" },
	{ name: "Bold", value: 0.85, hint: "A new take on the piece" },
] as const;

export const keepable = [["stone", "Stone"], ["setting", "Setting"], ["band", "Band"], ["metal", "Metal"]] as const;

export type Strength = typeof strengths[number]["value"];

/* The named step that is nearest. */
export function stepOf(value: number): Strength {
	return [...strengths].sort((a, b) => Math.abs(a.value - value) - Math.abs(b.value - value))[0]?.value ?? 0.5;
}
