import type { components } from "./api";

/* Names for what the interface speaks of. Most are generated; what its description leaves open is written here. */
export type Design = components["schemas"]["Design"];
export type DesignNew = components["schemas"]["DesignNew"];
export type Generation = components["schemas"]["Generation"];
export type GuestSession = components["schemas"]["GuestSession"];
export type User = components["schemas"]["User"];
export type Usage = components["schemas"]["Usage"];
export type UsageCount = components["schemas"]["UsageCount"];
export type Share = components["schemas"]["Share"];
export type SharedDesign = components["schemas"]["SharedDesign"];
export type ShareEdit = components["schemas"]["ShareSettings"];
export type Session = components["schemas"]["Session"] & { current: boolean };
export type Identity = components["schemas"]["Identity"];
export type Identities = components["schemas"]["IdentityList"];
export type Upload = components["schemas"]["Upload"];
export type RefinementNew = components["schemas"]["RefinementNew"];
export type GenerationNew = components["schemas"]["GenerationNew"];
export type Problem = components["schemas"]["Problem"];
export type Fault = NonNullable<Problem["errors"]>[number];
export type Slot = Generation["slots"][number];
export type Picture = Design["generated_images"][number];
export type Refinement = Design["refinements"][number];
export type Transparency = DesignNew["gem_data"]["transparency"];
export type Finish = NonNullable<DesignNew["material_preferences"]["finish"]>;
export type SimpleSize = "Small" | "Medium" | "Large";

export interface Swatch {
	name: string;
	rgb: string;
}

export interface Species {
	name: string;
	specific_gravity: number;
	refractive_index: [number, number];
	hardness: [number, number];
	transparency: Transparency;
	colors: Swatch[];
}

export interface Cut {
	name: string;
	length_to_width: number;
	facets: [number, number];
}

export interface Metal {
	name: string;
	rgb: string;
	alloys: { grade: string; fineness: number; density: number }[];
}

export interface Catalog {
	gem_types: Species[];
	cuts: Cut[];
	metals: Metal[];
	finishes: Finish[];
	transparencies: Transparency[];
	sizes: SimpleSize[];
	limits: {
		prompt_characters: number;
		variations: { min: number; max: number; default: number };
		metals: number;
		upload_bytes: number;
		guest_daily: number;
	};
	provider: string;
}

export interface Check {
	code: string;
	level: "ok" | "info" | "advice";
	message: string;
}

/* One picture of a design, whether made first or by a refinement. */
export interface Version {
	id: string;
	kind: "original" | "refinement";
	baseId: string | null;
	words: string;
	imageUrl: string;
	thumbnailUrl: string;
	madeAt: string;
	preview: boolean;
	strength: number | null;
	kept: string[];
}
