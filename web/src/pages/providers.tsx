import { useEffect, useState } from "preact/hooks";
import { providers } from "../state/account";

const names: Record<string, string> = { google: "Google", facebook: "Facebook" };

/* Other services that one may sign in with: those that the studio's keeper has set up, mostly none. */
export function Providers() {
	const [list, setList] = useState<string[]>([]);

	useEffect(() => {
		providers().then(setList, () => undefined);
	}, []);
	const known = list.filter((name) => names[name] !== undefined);
	if (known.length === 0)
		return null;
	return (
		<div class="stack">
			{known.map((name) => (
				<a key={name} class="plain strong wide" href={`/v1/auth/${name}`}>Continue with {names[name]}</a>
			))}
			<p class="or"><span>or</span></p>
		</div>
	);
}
