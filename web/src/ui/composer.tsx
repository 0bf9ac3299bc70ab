import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { adviceFor, factsOf } from "../advice";
import {
	OTHER, bodyOf, change, clear, colorInUse, draft, faults, refused, send, sendFault, sendState, setStone, species,
	transparencyInUse,
} from "../state/draft";
import { uses } from "../state/quota";
import type { Uses } from "../state/quota";
import { catalog, member } from "../state/session";
import type { Catalog } from "../types";
import { fieldName } from "../words";
import { CutIcon } from "./cut-icon";
import { Choice, FaultLine, Group, Text, faultsAt } from "./field";
import { Metals } from "./metals";
import { Reference } from "./reference";
import { Words } from "./words-field";

function Stone({ list }: { list: Catalog }) {
	const d = draft.value;
	const id = useId();
	const mine = faultsAt(faults.value, "/gem_data/type");

	return (
		<div class="group" data-pointer="/gem_data/type">
			<label class="legend" for={id}>Stone</label>
			<select id={id} value={d.stone} aria-invalid={mine.length > 0} aria-describedby={`${id}h`}
				onChange={(e) => setStone(e.currentTarget.value)}>
				{list.gem_types.map((s) => <option key={s.name} value={s.name}>{s.name}</option>)}
				<option value={OTHER}>Another stone…</option>
			</select>
			{d.stone === OTHER
				? <Text label="Name of the stone" pointer="/gem_data/type" faults={faults.value} value={d.stoneOther} maxLength={60}
					placeholder="Paraíba tourmaline" onInput={(v) => change({ stoneOther: v }, "/gem_data/type")} />
				: <FaultLine id={`${id}f`} faults={mine} />}
			{species.value && <p class="hint figures" id={`${id}h`}>{factsOf(species.value)}</p>}
		</div>
	);
}

function Color() {
	const colors = species.value?.colors ?? [];
	const value = colorInUse.value;

	return (
		<Group label="Colour" pointer="/gem_data/color" faults={value === OTHER ? [] : faults.value} class="colors">
			<div class="swatches">
				{colors.map((c) => (
					<label key={c.name} class={c.name === value ? "on" : ""} title={c.name}>
						<input type="radio" name="color" checked={c.name === value} aria-label={c.name}
							onChange={() => change({ color: c.name }, "/gem_data/color")} />
						<span class="swatch" style={{ "--swatch": c.rgb }} />
					</label>
				))}
				<label class={value === OTHER ? "on other" : "other"} title="Another colour">
					<input type="radio" name="color" checked={value === OTHER} aria-label="Another colour"
						onChange={() => change({ color: OTHER }, "/gem_data/color")} />
					<span class="swatch">…</span>
				</label>
				<span class="chosen" aria-hidden="true">{value === OTHER ? "Another colour" : value}</span>
			</div>
			{value === OTHER && <Text label="Name of the colour" pointer="/gem_data/color" faults={faults.value}
				value={draft.value.colorOther} maxLength={60} placeholder="Cornflower blue"
				onInput={(v) => change({ colorOther: v }, "/gem_data/color")} />}
		</Group>
	);
}

function Size({ list }: { list: Catalog }) {
	const d = draft.value;
	const field = (label: string, name: "length" | "width" | "depth" | "carat", pointer: string, unit: string) => (
		<Text label={label} pointer={pointer} faults={faults.value} value={d[name]} unit={unit} numeric
			onInput={(v) => change({ [name]: v }, pointer)} />
	);

	return (
		<Group label="Size of the stone" pointer="/gem_data/size" class="size"
			faults={d.sizeBy === "measure" ? [] : faults.value}>
			<Choice name="size-by" value={d.sizeBy} onChange={(v) => change({ sizeBy: v }, "/gem_data/size")}
				options={[{ value: "words", label: "In words" }, { value: "measure", label: "Measured" }]} class="small" />
			{d.sizeBy === "words"
				? <Choice name="size" value={d.simple} onChange={(v) => change({ simple: v }, "/gem_data/size")}
					options={list.sizes.map((s) => ({ value: s, label: s }))} />
				: <div class="measures">
					{field("Length", "length", "/gem_data/size/dimensions/length_mm", "mm")}
					{field("Width", "width", "/gem_data/size/dimensions/width_mm", "mm")}
					{field("Depth", "depth", "/gem_data/size/dimensions/height_mm", "mm")}
					{field("Weight", "carat", "/gem_data/size/carat_weight", "ct")}
				</div>}
		</Group>
	);
}

function Advice({ list }: { list: Catalog }) {
	const d = draft.value;
	const body = bodyOf(d).gem_data.size?.dimensions;
	const advice = adviceFor({
		words: d.words, species: species.value, cut: list.cuts.find((c) => c.name === d.cut) ?? null,
		transparency: transparencyInUse.value, length: body?.length_mm ?? null, width: body?.width_mm ?? null,
	});

	return advice.length === 0 ? null : (
		<ul class="advice" aria-label="Advice">{advice.map((a) => <li key={a.about}>{a.text}</li>)}</ul>
	);
}

function usedUp(u: Uses): string {
	const whose = member.value === null ? "designs and refinements" : "designs";

	return `${u.per === "today" ? "Today’s" : "This month’s"} ${whose} are used up.`;
}

function Send() {
	const u = uses.value;
	const n = draft.value.count;
	const list = faults.value;

	return (
		<div class="send">
			{list.length > 0 && (
				<p class="fault summary" role="alert">
					{list.length === 1 ? "One entry needs a change" : `${list.length} entries need a change`}
					{": "}{[...new Set(list.map((f) => fieldName(f.pointer ?? "")))].join(", ")}.
				</p>
			)}
			{sendFault.value && <p class="fault summary" role="alert">{sendFault.value}</p>}
			<button type="submit" class="main" aria-disabled={sendState.value === "sending"} aria-keyshortcuts="Control+Enter">
				{sendState.value === "sending" ? "Sending…" : `Make ${n} pictures`}
				<kbd aria-hidden="true">Ctrl ↵</kbd>
			</button>
			<p class="hint">
				{u === null ? "\u00a0" : u.left === 0 ? usedUp(u)
					: `Takes 1 of the ${u.left} left ${u.per}; what fails takes none.`}
			</p>
		</div>
	);
}

export function Composer() {
	const list = catalog.value;
	const form = useRef<HTMLFormElement>(null);
	const d = draft.value;

	useLayoutEffect(() => {
		if (refused.value === 0)
			return;
		const bad = form.current?.querySelector<HTMLElement>(
			".bad textarea, .bad input, .bad select, [aria-invalid=true]");
		bad?.focus();
	}, [refused.value]);

	if (list === null)
		return <div class="composer waiting" aria-hidden="true" />;
	return (
		<form class="composer" ref={form} noValidate aria-labelledby="compose-title"
			onSubmit={(e) => { e.preventDefault(); void send(); }}>
			<div class="fields">
				<header class="bar">
					<h2 id="compose-title">New piece</h2>
					<button type="button" class="plain" onClick={clear}>Start afresh</button>
				</header>
				<Words />
				<Stone list={list} />
				<Group label="Cut" pointer="/gem_data/cut" faults={faults.value}>
					<Choice name="cut" value={d.cut} onChange={(v) => change({ cut: v }, "/gem_data/cut")} class="cuts"
						options={list.cuts.map((c) => ({
							value: c.name, text: c.name, label: <><CutIcon name={c.name} /><small>{c.name}</small></>,
						}))} />
				</Group>
				<Color />
				<Size list={list} />
				<Group label="Transparency" pointer="/gem_data/transparency" faults={faults.value}>
					<Choice name="transparency" value={transparencyInUse.value}
						onChange={(v) => change({ transparency: v }, "/gem_data/transparency")}
						options={list.transparencies.map((t) => ({ value: t, label: t }))} />
				</Group>
				<Metals list={list} />
				<Group label="Finish" pointer="/material_preferences/finish" faults={faults.value}>
					<Choice name="finish" value={d.finish} onChange={(v) => change({ finish: v }, "/material_preferences/finish")}
						options={list.finishes.map((f) => ({ value: f, label: f }))} />
				</Group>
				<Group label="Pictures" pointer="/num_variations_requested" faults={faults.value}>
					<Choice name="count" value={d.count} onChange={(v) => change({ count: v }, "/num_variations_requested")}
						options={[2, 3, 4].map((n) => ({ value: n, label: String(n), text: `${n} pictures` }))} />
				</Group>
				<Reference />
				<Advice list={list} />
			</div>
			<Send />
		</form>
	);
}
