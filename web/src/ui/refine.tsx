import { signal } from "@preact/signals";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { ApiProblem, newKey, sentenceOf } from "../client";
import { refine } from "../state/jobs";
import { speak } from "../state/notes";
import { quotaSentence } from "../state/quota";
import { member } from "../state/session";
import { load, save } from "../state/storage";
import type { Design, Fault, Version } from "../types";
import { keepable, stepOf, strengths } from "../words";
import { Choice, FaultLine, Group, faultsAt } from "./field";
import { Icon } from "./icons";

/* Words that were not sent yet, by version: looking elsewhere does not lose them. */
const unsent = signal<Record<string, string>>(load("refine", {}));

function keepWords(version: string, words: string): void {
	const { [version]: _old, ...rest } = unsent.value;

	unsent.value = words === "" ? rest : { ...rest, [version]: words };
	save("refine", Object.fromEntries(Object.entries(unsent.value).slice(-20)));
}

let last = { body: "", key: "" };

export function Refine({ design, version }: { design: Design; version: Version }) {
	const id = useId();
	const field = useRef<HTMLTextAreaElement>(null);
	const [strength, setStrength] = useState<number>(stepOf(member.value?.preferences.default_refinement_strength ?? 0.5));
	const [kept, setKept] = useState<string[]>([]);
	const [faults, setFaults] = useState<Fault[]>([]);
	const [trouble, setTrouble] = useState<string | null>(null);
	const [sending, setSending] = useState(false);
	const words = unsent.value[version.id] ?? "";
	const bad = faultsAt(faults, "/prompt");

	useLayoutEffect(() => {
		if (faults.length > 0)
			field.current?.focus();
	}, [faults]);

	async function send(): Promise<void> {
		if (sending)
			return;
		const body = {
			prompt: words.trim(), base_image_id: version.id, refinement_strength: strength, preserve_elements: kept,
		};
		const text = design.id + JSON.stringify(body);
		if (last.body !== text)
			last = { body: text, key: newKey() };
		setSending(true);
		setTrouble(null);
		setFaults([]);
		try {
			await refine(design.id, body, last.key);
			last = { body: "", key: "" };
			keepWords(version.id, "");
		} catch (error) {
			if (error instanceof ApiProblem && error.faults.length > 0) {
				setFaults(error.faults);
				speak("An entry needs a change.");
			} else {
				setTrouble(error instanceof ApiProblem && error.code === "quota_exceeded" ? quotaSentence(error, "refinements") : sentenceOf(error));
			}
		} finally {
			setSending(false);
		}
	}

	return (
		<form class="refine" noValidate aria-labelledby={`${id}t`} onSubmit={(e) => { e.preventDefault(); void send(); }}>
			<h4 id={`${id}t`}>Refine this version</h4>
			<div class={bad.length > 0 ? "group bad" : "group"} data-pointer="/prompt">
				<label class="legend" for={id}>What should change</label>
				<textarea ref={field} id={id} class="refine-input" rows={3} value={words} aria-invalid={bad.length > 0}
					aria-describedby={`${id}f`} placeholder="Rose gold, and a slimmer band"
					onInput={(e) => { keepWords(version.id, e.currentTarget.value); if (bad.length > 0) setFaults([]); }} />
				<FaultLine id={`${id}f`} faults={bad} />
			</div>
			<Group label="How far to go" pointer="/refinement_strength" faults={faults}
				hint={strengths.find((s) => s.value === strength)?.hint}>
				<Choice name="strength" value={strength} onChange={setStrength}
					options={strengths.map((s) => ({ value: s.value, label: s.name, title: s.hint }))} />
			</Group>
			<Group label="Keep as it is" pointer="/preserve_elements" faults={faults}>
				<div class="chips">
					{keepable.map(([value, label]) => (
						<button key={value} type="button" class={kept.includes(value) ? "chip on" : "chip"}
							aria-pressed={kept.includes(value)}
							onClick={() => setKept(kept.includes(value) ? kept.filter((k) => k !== value) : [...kept, value])}>
							{label}
						</button>
					))}
				</div>
			</Group>
			{trouble && <p class="fault summary" role="alert">{trouble}</p>}
			<button type="submit" class="main" aria-disabled={sending} aria-keyshortcuts="Control+Enter">
				<span><Icon name="wand" /> {sending ? "Sending…" : "Refine"}</span><kbd aria-hidden="true">Ctrl ↵</kbd>
			</button>
			<p class="hint">This version stays as it is.</p>
		</form>
	);
}
