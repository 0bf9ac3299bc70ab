import { effect, signal } from "@preact/signals";
import { load, save } from "./storage";

export type Theme = "system" | "light" | "dark";
export type Tab = "compose" | "pictures" | "designs";

function stored(): Theme {
	try {
		const theme = localStorage.getItem("bezel.theme");
		return theme === "light" || theme === "dark" ? theme : "system";
	} catch {
		return "system";
	}
}

export const theme = signal<Theme>(stored());
export const singleKeys = signal(load("single_keys", true));
export const tab = signal<Tab>(location.pathname.startsWith("/d/") ? "pictures" : "compose");
export const sheetOpen = signal(false);

effect(() => {
	const root = document.documentElement;

	try {
		if (theme.value === "system") {
			delete root.dataset["theme"];
			localStorage.removeItem("bezel.theme");
		} else {
			root.dataset["theme"] = theme.value;
			localStorage.setItem("bezel.theme", theme.value);
		}
	} catch {
		/* It lasts as long as the page. */
	}
});
effect(() => save("single_keys", singleKeys.value));
