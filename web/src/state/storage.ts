/* What the page keeps in the browser; a browser that keeps nothing is no fault. */
export function load<T>(name: string, otherwise: T): T {
	try {
		const text = localStorage.getItem("bezel." + name);
		return text === null ? otherwise : JSON.parse(text) as T;
	} catch {
		return otherwise;
	}
}

export function save(name: string, value: unknown): void {
	try {
		localStorage.setItem("bezel." + name, JSON.stringify(value));
	} catch {
		/* Full or forbidden: it lasts as long as the page. */
	}
}
