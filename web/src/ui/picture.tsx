import { useState } from "preact/hooks";
import { open, refresh } from "../state/designs";
import type { Version } from "../types";

let asked = 0;

/* Addresses of pictures end after an hour or two; the design then has new ones. */
function renewAddresses(): void {
	const id = open.value?.id;

	if (id === undefined || Date.now() - asked < 10000)
		return;
	asked = Date.now();
	refresh(id).catch(() => undefined);
}

export function Picture({ version, name, small }: { version: Version; name: string; small?: boolean }) {
	const [ready, setReady] = useState(false);
	const what = version.kind === "original" ? version.words : `refined: ${version.words}`;

	return (
		<img class={ready ? "picture ready" : "picture"} src={small ? version.thumbnailUrl : version.imageUrl}
			alt={small ? "" : `${name}: ${what.slice(0, 120)}`} decoding="async" draggable={false}
			onLoad={() => setReady(true)} onError={renewAddresses} />
	);
}
