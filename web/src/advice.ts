import type { Cut, Species, Transparency } from "./types";

/*
 * What a good bench would say before anything is made, from the catalogue's own figures. Advice, never a rule;
 * weights are compared by the service once the design is there.
 */
export interface Advice {
	about: "stone" | "transparency" | "size";
	text: string;
}

const range = ([low, high]: [number, number]) => low === high ? String(low) : `${low}–${high}`;

export function factsOf(species: Species): string {
	const [low, high] = species.refractive_index.map((n) => n.toFixed(3));

	return `Hardness ${range(species.hardness)} · RI ${low === high ? low : `${low}–${high}`} · SG ${species.specific_gravity.toFixed(2)}`;
}

export interface Sketch {
	words: string;
	species: Species | null;
	cut: Cut | null;
	transparency: Transparency;
	length: number | null;
	width: number | null;
}

function aboutWear({ words, species }: Sketch): Advice[] {
	const worn = /\b(ring|band|bracelet|bangle|cuff|engagement)\b/i.test(words);

	if (species === null || !worn || species.hardness[0] >= 7)
		return [];
	return [{
		about: "stone",
		text: `${species.name} is soft for daily wear (hardness ${range(species.hardness)}): a bezel protects it.`,
	}];
}

function aboutLight({ species, transparency }: Sketch): Advice[] {
	if (species === null || species.transparency === transparency)
		return [];
	return [{ about: "transparency", text: `${species.name} is usually ${species.transparency.toLowerCase()}.` }];
}

function aboutShape({ cut, length, width }: Sketch): Advice[] {
	if (cut === null || !length || !width)
		return [];
	const ratio = Math.max(length, width) / Math.min(length, width);
	const off = ratio / cut.length_to_width;

	if (off > 0.85 && off < 1.18)
		return [];
	return [{
		about: "size",
		text: `${cut.name} stones are usually about ${cut.length_to_width} : 1; this one is ${ratio.toFixed(2)} : 1.`,
	}];
}

export function adviceFor(sketch: Sketch): Advice[] {
	return [...aboutWear(sketch), ...aboutLight(sketch), ...aboutShape(sketch)];
}
