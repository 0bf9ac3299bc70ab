/* Runs before the first paint, so that the chosen look does not flash: "light", "dark", or what the system says. */
try {
	const theme = localStorage.getItem("bezel.theme");
	if (theme === "light" || theme === "dark")
		document.documentElement.dataset["theme"] = theme;
} catch {
	/* No storage: the system's look. */
}
