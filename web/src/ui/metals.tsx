import { useState } from "preact/hooks";
import { change, draft, faults } from "../state/draft";
import type { Catalog } from "../types";
import { Choice, Group } from "./field";

const POINTER = "/material_preferences/metals";

/* One to four metals, the main one first. */
export function Metals({ list }: { list: Catalog }) {
	const { metals } = draft.value;
	const [other, setOther] = useState("");
	const full = metals.length >= list.limits.metals;
	const own = metals.filter((m) => !list.metals.some((l) => l.name === m));
	const set = (next: string[]) => change({ metals: next }, POINTER);
	const toggle = (name: string) => set(metals.includes(name) ? metals.filter((m) => m !== name) : [...metals, name]);
	const add = () => {
		const name = other.trim();
		if (name !== "" && !full && !metals.includes(name))
			set([...metals, name]);
		setOther("");
	};

	return (
		<Group label={`Metals, up to ${list.limits.metals}`} pointer={POINTER} faults={faults.value} class="metals">
			<div class="chips">
				{[...list.metals, ...own.map((name) => ({ name, rgb: "transparent" }))].map(({ name, rgb }) => {
					const place = metals.indexOf(name);
					return (
						<label key={name} class={place >= 0 ? "metal on" : "metal"}>
							<input type="checkbox" checked={place >= 0} disabled={place < 0 && full} onChange={() => toggle(name)} />
							<span class="dot" style={{ "--swatch": rgb }} />
							<span>{name}</span>
						</label>
					);
				})}
				<span class="add">
					<input type="text" aria-label="Another metal" placeholder="Another…" maxLength={60} value={other} disabled={full}
						onInput={(e) => setOther(e.currentTarget.value)} onBlur={add}
						onKeyDown={(e) => { if (e.key === "Enter" && !e.ctrlKey) { e.preventDefault(); add(); } }} />
				</span>
			</div>
			{metals.length > 1 && (
				<div class="main-metal" role="group" aria-label="Main metal">
					<span class="hint">Main metal</span>
					<Choice name="main-metal" value={metals[0] ?? null} class="small"
						onChange={(name) => set([name, ...metals.filter((m) => m !== name)])}
						options={metals.map((m) => ({ value: m, label: m, text: `${m} is the main metal` }))} />
				</div>
			)}
		</Group>
	);
}
