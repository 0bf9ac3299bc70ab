import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { newKey, sentenceOf } from "../client";
import { createKey, endKey, hasEnded, keepDraft, keys, readKeys, scopes, scopeWords, takeDraft, usualScopes } from "../state/api-keys";
import type { ApiKey, ApiKeyNew, KeyDraft } from "../state/api-keys";
import { note, speak } from "../state/notes";
import { Choice, Group } from "../ui/field";
import { day, when } from "../words";
import { Entry, Trouble, sent, useForm } from "./form";
import { SignInAgain } from "./problem";

const lives = [
	{ value: 90, label: "90 days" }, { value: 365, label: "A year" }, { value: 0, label: "No end" },
];
const modes = [
	{ value: "live" as const, label: "Live" }, { value: "test" as const, label: "Test" },
];

/* What had the focus is gone. */
function focusTitle(): void {
	document.getElementById("api-keys-title")?.focus();
}

/* Shown this once: what is kept of it is a hash. */
function Secret({ secret, onDone }: { secret: string; onDone: () => void }) {
	const [copied, setCopied] = useState(false);
	const button = useRef<HTMLButtonElement>(null);

	useLayoutEffect(() => {
		button.current?.focus();
	}, []);
	return (
		<div class="along stack" role="group" aria-label="The new key">
			<p><strong>Copy the key now.</strong> It is not shown again.</p>
			<code class="secret">{secret}</code>
			<p class="acts">
				<button ref={button} type="button" class="plain strong" onClick={() => {
					navigator.clipboard.writeText(secret).then(() => {
						setCopied(true);
						speak("Copied.");
					}, () => note("The browser does not let the page copy it. Select it and copy it yourself.", null, "fault"));
				}}>{copied ? "Copied" : "Copy"}</button>
				<button type="button" class="plain" onClick={onDone}>I have it</button>
			</p>
		</div>
	);
}

const usual: KeyDraft = { name: "", mode: "test", days: 90, scopes: usualScopes };

function NewKey({ draft, onMade }: { draft: KeyDraft; onMade: (secret: string) => void }) {
	const [mode, setMode] = useState(draft.mode);
	const [days, setDays] = useState(draft.days);
	const [may, setMay] = useState(draft.scopes);
	const [stale, setStale] = useState(false);
	const [again] = useState({ body: "", key: "" });
	const form = useForm({
		needed: { name: "Name it, so that you know it again." },
		send: async ({ name = "" }) => {
			setStale(false);
			const body: ApiKeyNew = {
				name: name.trim(), mode, scopes: may,
				expires_at: days === 0 ? null : new Date(Math.ceil(Date.now() / 6e4) * 6e4 + days * 864e5).toISOString(),
			};
			/* Sent again after a failure it is the same request. */
			if (again.body !== JSON.stringify(body))
				Object.assign(again, { body: JSON.stringify(body), key: newKey() });
			const secret = await createKey(body, again.key);
			sent("key_name");
			onMade(secret);
		},
		words: (error) => {
			if (error.code === "fresh_login_required") {
				const name = form.ref.current?.querySelector<HTMLInputElement>("input[name=name]")?.value ?? "";
				keepDraft({ name, mode, days, scopes: may });
				setStale(true);
				return "A key needs a sign-in of the last minutes, so that nobody else can make one at your desk.";
			}
			if (error.code !== "already_created")
				return undefined;
			/* The answer with the key got lost on its way. */
			again.body = "";
			readKeys().catch(() => undefined);
			return "The key was made, but did not arrive here. End it in the list above, and make another one.";
		},
	});

	useLayoutEffect(() => {
		form.ref.current?.querySelector<HTMLInputElement>("input[name=name]")?.focus();
	}, []);
	return (
		<form ref={form.ref} class="stack" noValidate onSubmit={form.submit} aria-label="A new key">
			<Entry form={form} name="name" label="Name" autocomplete="off" maxLength={100} value={draft.name} keep="key_name" hint="Where it is used: “Shop window”, “Workshop”." />
			<Group label="Kind" pointer="/mode" faults={form.faults} hint={mode === "test" ? "Costs nothing; pictures are samples." : "Makes real pictures, which count."}>
				<Choice name="mode" value={mode} options={modes} onChange={setMode} />
			</Group>
			<Group label="May" pointer="/scopes" faults={form.faults}>
				{scopes.map(({ name, label }) => (
					<label key={name} class="check">
						<input type="checkbox" name="scopes" checked={may.includes(name)}
							onChange={(e) => {
								form.touched("scopes");
								setMay(e.currentTarget.checked ? [...may, name] : may.filter((s) => s !== name));
							}} />
						{label}
					</label>
				))}
			</Group>
			<Group label="Ends after" pointer="/expires_at" faults={form.faults}>
				<Choice name="expires_at" value={days} options={lives} onChange={setDays} />
			</Group>
			<Trouble form={form} />
			{stale && <p><SignInAgain to="/account#api-keys" /> and go on here.</p>}
			<p class="acts"><button type="submit" class="plain strong" aria-disabled={form.sending}>{form.sending ? "Making it…" : "Make a key"}</button></p>
		</form>
	);
}

function Row({ item }: { item: ApiKey }) {
	const ended = hasEnded(item);
	/* Told to the hour: one that was made since was not used before that. */
	const used = item.last_used_at !== null && item.last_used_at < item.created_at ? item.created_at : item.last_used_at;

	return (
		<li class={ended ? "row ended" : "row"} data-key={item.id}>
			<span class="row-about">
				<strong>{item.name}</strong>
				<span class="badge">{item.mode === "test" ? "Test" : "Live"}</span>{ended && <span class="badge">Ended</span>}
				<span class="hint">{scopeWords(item)}</span>
				<span class="hint"><code>{item.prefix}…</code>, made {when(item.created_at)}
					{ended ? "" : item.expires_at ? `, ends ${day(item.expires_at)}` : ", no end"}{used === null ? ", never used" : `, last used about ${when(used)}`}</span>
			</span>
			{!ended && <button type="button" class="plain strong" aria-label={`End the key ${item.name}`} onClick={() => {
				endKey(item.id).then(() => {
					note(`The key “${item.name}” has ended.`);
					speak("The key has ended.");
					focusTitle();
				}, (error: unknown) => note(sentenceOf(error), null, "fault"));
			}}>End</button>}
		</li>
	);
}

export function ApiKeys() {
	const [secret, setSecret] = useState<string | null>(null);
	const [fault, setFault] = useState<string | null>(null);
	const [draft] = useState(takeDraft);
	const [making, setMaking] = useState(draft !== null);
	const all = keys.value;
	const read = () => readKeys().then(() => setFault(null), (error: unknown) => setFault(sentenceOf(error)));

	useEffect(() => {
		void read();
	}, []);
	return (
		<div class="stack">
			<p>For programs of your own, a shop or a workshop. <a class="link" href="/docs">Documentation</a></p>
			{fault !== null && <p role="alert">{fault} <button type="button" class="link" onClick={() => void read()}>Try again</button></p>}
			{all !== null && all.length === 0 && !making && secret === null && <p class="quiet">No keys yet.</p>}
			{all !== null && all.length > 0 && <ul class="rows">{all.map((item) => <Row key={item.id} item={item} />)}</ul>}
			{secret !== null ? <Secret secret={secret} onDone={() => { setSecret(null); focusTitle(); }} />
				: making ? <NewKey draft={draft ?? usual} onMade={(made) => { setSecret(made); setMaking(false); speak("The key is made. Copy it now."); }} />
				: <p class="acts"><button type="button" class="plain strong" onClick={() => setMaking(true)}>New key…</button></p>}
			{making && <p class="acts"><button type="button" class="plain" onClick={() => { setMaking(false); focusTitle(); }}>Never mind</button></p>}
		</div>
	);
}
