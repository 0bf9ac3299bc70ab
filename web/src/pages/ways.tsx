import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiProblem, sentenceOf } from "../client";
import { identities, linkPath, providers, readIdentities, serviceNames, unlink } from "../state/account";
import { note, speak } from "../state/notes";
import type { Identity } from "../types";
import { day, when } from "../words";
import { ProblemLine, problemWords } from "./problem";

const nameOf = (service: string) => serviceNames[service] ?? service;

function Way({ name, hint, children }: { name: string; hint: string; children: ComponentChildren }) {
	return (
		<li class="row" data-way={name}>
			<span class="row-about">
				<strong>{name}</strong>
				<span class="hint">{hint}</span>
			</span>
			{children}
		</li>
	);
}

function Linked({ item }: { item: Identity }) {
	const [busy, setBusy] = useState(false);
	const name = nameOf(item.provider);

	async function act(): Promise<void> {
		setBusy(true);
		try {
			await unlink(item.id);
			note(`${name} is unlinked. A mail tells you so too.`);
			speak(`${name} is unlinked.`);
			document.getElementById("ways-title")?.focus();
		} catch (error) {
			setBusy(false);
			/* It was unlinked elsewhere meanwhile. */
			if (error instanceof ApiProblem && error.status === 404)
				await readIdentities().catch(() => undefined);
			else
				note(error instanceof ApiProblem && error.code === "last_way_in" ? problemWords(error.code).text : sentenceOf(error), null, "fault");
		}
	}

	return (
		<Way name={name} hint={`${item.email ? `${item.email}, ` : ""}linked ${day(item.created_at)}${item.last_used_at ? `, last used ${when(item.last_used_at)}` : ", not used yet"}`}>
			<button type="button" class="plain strong" disabled={busy} aria-label={`Unlink ${name}`} onClick={() => void act()}>Unlink</button>
		</Way>
	);
}

/* A page of the interface that is navigated to: it leads to the service, and back to this part. */
function Unlinked({ service }: { service: string }) {
	return (
		<Way name={nameOf(service)} hint={window.isSecureContext ? "Not linked" : "Not linked. The studio must be open by https for that."}>
			{window.isSecureContext && <a class="plain strong" href={linkPath(service)} aria-label={`Link ${nameOf(service)}`}>Link…</a>}
		</Way>
	);
}

function List() {
	const [offered, setOffered] = useState<string[]>([]);
	const [fault, setFault] = useState<string | null>(null);
	const all = identities.value;
	const read = () => readIdentities().then(() => setFault(null), (error: unknown) => setFault(sentenceOf(error)));

	useEffect(() => {
		void read();
		providers().then(setOffered, () => undefined);
	}, []);
	if (all === null)
		return fault === null ? <p class="quiet" aria-busy="true">Fetching…</p> : (
			<p role="alert">{fault} <button type="button" class="link" onClick={() => void read()}>Try again</button></p>
		);
	const open = offered.filter((service) => !all.items.some((i) => i.provider === service));
	return (
		<div class="stack">
			<ul class="rows">
				<Way name="Password" hint={all.has_password ? "With your e-mail address" : "None chosen yet"}>
					<a class="plain strong" href="#password" onClick={(e) => {
						e.preventDefault();
						document.querySelector<HTMLElement>("#password input:not([hidden])")?.focus();
					}}>{all.has_password ? "Change it…" : "Choose one…"}</a>
				</Way>
				{all.items.map((item) => <Linked key={item.id} item={item} />)}
				{open.map((service) => <Unlinked key={service} service={service} />)}
			</ul>
			{!all.has_password && all.items.length === 1 && (
				<p class="hint">{nameOf(all.items[0]?.provider ?? "")} is the only way in. With a password, or another service, you can unlink it.</p>
			)}
		</div>
	);
}

export function Ways() {
	return (
		<div class="stack">
			<ProblemLine />
			<List />
		</div>
	);
}
