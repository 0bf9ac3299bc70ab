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

export function drop(...names: string[]): void {
	try {
		for (const name of names)
			localStorage.removeItem("bezel." + name);
	} catch {
		/* There was nothing. */
	}
}

/* The same for this tab alone, over a reload. */
export function keepHere(name: string, value: string | null): void {
	try {
		if (value === null)
			sessionStorage.removeItem("bezel." + name);
		else
			sessionStorage.setItem("bezel." + name, value);
	} catch {
		/* As above. */
	}
}

export function keptHere(name: string): string | null {
	try {
		return sessionStorage.getItem("bezel." + name);
	} catch {
		return null;
	}
}
