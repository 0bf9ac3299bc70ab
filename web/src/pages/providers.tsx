import { useEffect, useState } from "preact/hooks";
import { providers, serviceNames, signInPath } from "../state/account";
import { leaveToSignIn } from "../state/session";

/* Other services that one may sign in with, as links: the whole page goes there. */
export function Providers() {
	const [list, setList] = useState<string[]>([]);

	useEffect(() => {
		providers().then(setList, () => undefined);
	}, []);
	if (list.length === 0)
		return null;
	return (
		<div class="stack">
			{list.map((name) => (
				<a key={name} class="plain strong wide" href={signInPath(name)} onClick={leaveToSignIn}>Continue with {serviceNames[name]}</a>
			))}
			<p class="or"><span>or</span></p>
		</div>
	);
}
