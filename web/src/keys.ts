import { open, pick, pickedOf, star, trash } from "./state/designs";
import { send } from "./state/draft";
import { cancel, isOpen, jobsOf } from "./state/jobs";
import { sheetOpen, singleKeys, tab } from "./state/prefs";
import { go, route } from "./state/route";
import { canShare, inviting, share, sharing } from "./state/shares";
import { closeShare } from "./ui/share";
import { closeSheet } from "./ui/sheet";
import { neighbour } from "./ui/viewer";

/* The keys of the sheet. Those without Ctrl or Alt can be switched off, and rest while one types. */

function typing(target: EventTarget | null): boolean {
	return target instanceof HTMLElement
		&& (target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName)
		|| (target instanceof HTMLInputElement && !/^(checkbox|radio|button|file)$/.test(target.type)));
}

/* After what this key changes is on the page, and before the next key: a frame later that one would miss the field. */
function focus(selector: string): void {
	queueMicrotask(() => document.querySelector<HTMLElement>(selector)?.focus());
}

function withModifier(e: KeyboardEvent): boolean {
	if ((e.ctrlKey || e.metaKey) && e.key === "Enter") {
		const form = e.target instanceof HTMLElement ? e.target.closest<HTMLFormElement>("form.refine") : null;
		if (form)
			form.requestSubmit();
		else
			void send();
		return true;
	}
	if (e.altKey && !e.ctrlKey && e.code === "KeyA") {
		tab.value = "compose";
		focus(".words-input");
		return true;
	}
	if (e.altKey && !e.ctrlKey && e.code === "KeyR" && document.querySelector(".refine-input")) {
		tab.value = "pictures";
		focus(".refine-input");
		return true;
	}
	return false;
}

function step(by: 1 | -1): boolean {
	const { design, version } = route.value;
	const other = version === null ? null : neighbour(version, by);

	if (design === null || other === null)
		return false;
	go(design, other.id, true);
	return true;
}

function single(e: KeyboardEvent): boolean {
	const design = open.value;
	const { version } = route.value;

	switch (e.key) {
	case "?":
		sheetOpen.value = true;
		return true;
	case "1":
	case "2":
	case "3":
		tab.value = e.key === "1" ? "compose" : e.key === "2" ? "pictures" : "designs";
		focus(e.key === "1" ? ".words-input" : e.key === "2" ? ".panel.pictures" : ".panel.designs");
		return true;
	}
	if (design === null)
		return false;
	switch (e.key) {
	case "ArrowLeft":
		return step(-1);
	case "ArrowRight":
		return step(1);
	case ".":
		if (!design.is_deleted)
			void star(design);
		return true;
	case "s":
	case "S":
		if (canShare && !design.is_deleted)
			share(design);
		return canShare;
	case "Delete":
		if (!design.is_deleted)
			void trash(design);
		return true;
	case "p":
	case "P":
		if (version !== null && !design.is_deleted && pickedOf(design) !== version)
			void pick(design, version);
		return version !== null;
	case "X":
		for (const job of jobsOf(design.id).filter(isOpen))
			void cancel(job);
		return true;
	default:
		return false;
	}
}

/* A key that is held acts once, arrows aside, and is not typed into a field that it has led to. */
let held: string | null = null;

function onKey(e: KeyboardEvent): void {
	const dialog = sharing.value !== null || inviting.value !== null;

	if (e.defaultPrevented || e.isComposing || (route.value.page !== "studio" && !dialog))
		return;
	if (e.repeat && e.code === held) {
		e.preventDefault();
		return;
	}
	held = null;
	if (sheetOpen.value || dialog) {
		/* Not left to the browser: its dialog is gone a frame before it says so, and the next key would be lost. */
		if (e.key === "Escape") {
			if (dialog)
				closeShare();
			else
				closeSheet();
			e.preventDefault();
			held = e.code;
		}
		return;
	}
	const radio = e.target instanceof HTMLInputElement && e.target.type === "radio";
	let taken = withModifier(e);

	if (!taken && e.key === "Escape" && route.value.version !== null && !typing(e.target)) {
		go(route.value.design);
		taken = true;
	}
	if (!taken && singleKeys.value && !e.ctrlKey && !e.metaKey && !e.altKey && !typing(e.target)
		&& !(radio && e.key.startsWith("Arrow")))
		taken = single(e);
	if (taken) {
		e.preventDefault();
		held = e.key.startsWith("Arrow") ? null : e.code;
	}
}

document.addEventListener("keydown", onKey);
