import { useId } from "preact/hooks";
import { change, draft, faults } from "../state/draft";
import { catalog } from "../state/session";
import { FaultLine, faultsAt } from "./field";

/* The description, with words that are at hand. What is sent is what stands in the field. */

const pieces = [
	["Ring", /\brings?\b/i], ["Pendant", /\bpendants?\b/i], ["Earrings", /\bearrings?\b/i], ["Bracelet", /\bbracelets?\b/i],
] as const;
const ideas = ["solitaire", "halo", "bezel setting", "three stone", "six claws", "pavé band", "twisted band", "split shank",
	"knife edge", "flat band"];

function pieceIn(words: string): string | null {
	return pieces.find(([, pattern]) => pattern.test(words))?.[0] ?? null;
}

function setPiece(piece: string): void {
	const words = draft.value.words;
	const had = pieces.find(([, pattern]) => pattern.test(words));
	const name = piece.toLowerCase();

	change({
		words: words.trim() === "" ? piece
			: had ? words.replace(had[1], /^[A-Z]/.test(had[1].exec(words)?.[0] ?? "") ? piece : name)
			: `${piece}, ${words}`,
	}, "/original_prompt");
}

function toggleIdea(idea: string): void {
	const words = draft.value.words;
	const at = words.toLowerCase().indexOf(idea);

	if (at >= 0)
		change({ words: (words.slice(0, at).replace(/,\s*$/, "") + words.slice(at + idea.length)).replace(/^\s*,\s*/, "") },
			"/original_prompt");
	else
		change({ words: words.trim() === "" ? idea : `${words.trimEnd().replace(/,$/, "")}, ${idea}` }, "/original_prompt");
}

export function Words() {
	const id = useId();
	const { words } = draft.value;
	const mine = faultsAt(faults.value, "/original_prompt");
	const limit = catalog.value?.limits.prompt_characters ?? 1000;
	const n = [...words].length;
	const piece = pieceIn(words);

	return (
		<div class={`group words ${mine.length > 0 ? "bad" : ""}`} data-pointer="/original_prompt">
			<div class="choice pieces" role="group" aria-label="Piece">
				{pieces.map(([name]) => (
					<button key={name} type="button" aria-pressed={name === piece} class={name === piece ? "on" : ""}
						onClick={() => setPiece(name)}>{name}</button>
				))}
			</div>
			<label class="legend" for={id}>Describe the piece</label>
			<textarea id={id} class="words-input" rows={4} value={words} aria-invalid={mine.length > 0}
				aria-describedby={`${id}f ${id}n`} placeholder="Engagement ring with a slim twisted band and a fine halo"
				onInput={(e) => change({ words: e.currentTarget.value }, "/original_prompt")} />
			<FaultLine id={`${id}f`} faults={mine} />
			<p class={n > limit * 0.8 ? "hint count" : "away"} id={`${id}n`}>{n} of {limit} characters</p>
			<div class="ideas" role="group" aria-label="Words at hand">
				{ideas.map((idea) => {
					const on = words.toLowerCase().includes(idea);
					return <button key={idea} type="button" class={on ? "chip on" : "chip"} aria-pressed={on}
						onClick={() => toggleIdea(idea)}>{idea}</button>;
				})}
			</div>
		</div>
	);
}
