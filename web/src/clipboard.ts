/*
 * Copying for somebody. Browsers let a page do it within a click or a key only; the text may come a little later where
 * they know ClipboardItem. The old way, by a selection, works where the page's address is not a secure one.
 */

function bySelection(text: string): boolean {
	const field = document.createElement("textarea");
	const had = document.activeElement;

	field.value = text;
	field.readOnly = true;
	field.className = "away";
	/* Whatever is below an open dialog cannot be selected. */
	([...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body).append(field);
	field.select();
	try {
		return document.execCommand("copy");
	} catch {
		return false;
	} finally {
		field.remove();
		if (had instanceof HTMLElement)
			had.focus({ preventScroll: true });
	}
}

export async function copy(text: string): Promise<boolean> {
	try {
		await navigator.clipboard.writeText(text);
		return true;
	} catch {
		return bySelection(text);
	}
}

/* Begun within the click, before the text is there. Throws what the text's promise is rejected with. */
export async function copyLater(text: Promise<string>): Promise<boolean> {
	try {
		await navigator.clipboard.write([new ClipboardItem({
			"text/plain": text.then((words) => new Blob([words], { type: "text/plain" })),
		})]);
		return true;
	} catch {
		return copy(await text);
	}
}
