import { useLayoutEffect, useRef } from "preact/hooks";
import { sheetOpen, singleKeys } from "../state/prefs";
import { Icon } from "./icons";

export const keys: [string, string][] = [
	["Ctrl + Enter", "Make the pictures, or refine when you are in its words"],
	["Alt + A", "To the description"],
	["Alt + R", "To the words of a refinement"],
	["Shift + X", "Cancel what is being made"],
	["← →", "Picture before, picture after"],
	["P", "Pick the picture that is open"],
	["Esc", "Back to all pictures"],
	[".", "Star the design, or take the star away"],
	["S", "Share the design"],
	["Del", "Move the design to the trash"],
	["1 2 3", "Compose, pictures, designs"],
	["?", "This sheet"],
];

/* The dialog goes and the page has its keys again, both at once; the event "close" comes no sooner than the next frame. */
export function closeSheet(): void {
	document.querySelector<HTMLDialogElement>("dialog.sheet.keys")?.close();
	sheetOpen.value = false;
}

export function Sheet() {
	const dialog = useRef<HTMLDialogElement>(null);

	useLayoutEffect(() => {
		if (sheetOpen.value && !dialog.current?.open)
			dialog.current?.showModal();
	}, [sheetOpen.value]);
	if (!sheetOpen.value)
		return null;
	return (
		<dialog ref={dialog} class="sheet keys" aria-labelledby="keys-title"
			onClose={(e) => { if (e.currentTarget === dialog.current) sheetOpen.value = false; }}
			onClick={(e) => { if (e.target === dialog.current) closeSheet(); }}>
			<header class="bar">
				<h2 id="keys-title">Keys</h2>
				<button type="button" class="plain square" aria-label="Close" onClick={closeSheet}><Icon name="close" /></button>
			</header>
			<dl>
				{keys.map(([key, what]) => <div key={key}><dt>{key.split(" ").map((k, i) => k === "+" ? " + " : <kbd key={i}>{k}</kbd>)}</dt><dd>{what}</dd></div>)}
			</dl>
			<label class="check">
				<input type="checkbox" checked={singleKeys.value} onChange={(e) => { singleKeys.value = e.currentTarget.checked; }} />
				Keys without Ctrl or Alt work
			</label>
		</dialog>
	);
}
