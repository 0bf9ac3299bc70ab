import { useId, useRef, useState } from "preact/hooks";
import { edit, faults, flush, giveUp, saving, setPassword, usualTitle } from "../state/share-edit";
import { hasExpired } from "../state/shares";
import { titleOf } from "../state/designs";
import type { Design, Share } from "../types";
import { day } from "../words";
import { Choice, FaultLine, Group, Text, faultsAt } from "./field";

const DAY_MS = 864e5;
const lives = [
	{ value: 7, label: "7 days" }, { value: 30, label: "30 days" }, { value: 90, label: "90 days" },
	{ value: 0, label: "No end" }, { value: -1, label: "A date" },
] as const;
type Life = typeof lives[number]["value"];

/* The choice that an end is nearest to: to the hour, for "30 days" were chosen a moment ago. */
function lifeOf(expiresAt: string | null): Life {
	if (expiresAt === null)
		return 0;
	const left = Date.parse(expiresAt) - Date.now();
	return lives.find(({ value }) => value > 0 && Math.abs(left - value * DAY_MS) < 3600e3)?.value ?? -1;
}

/* "2026-08-24", by the clock of whoever chooses it. */
function dateOf(time: number): string {
	const date = new Date(time);

	return [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((n) => String(n).padStart(2, "0")).join("-");
}

/* The last moment of a day. */
function endOf(date: string): string | null {
	const time = new Date(`${date}T23:59:59`).getTime();

	return Number.isNaN(time) ? null : new Date(time).toISOString();
}

function Life({ share }: { share: Share }) {
	const id = useId();
	const [own, setOwn] = useState(lifeOf(share.expires_at) === -1);
	const [past, setPast] = useState(false);
	const life = own ? -1 : lifeOf(share.expires_at);
	const ended = hasExpired(share.expires_at);
	const mine = faultsAt(faults.value, "/expires_at");

	function choose(value: Life): void {
		setOwn(value === -1);
		setPast(false);
		if (value >= 0)
			edit({ expires_at: value === 0 ? null : new Date(Date.now() + value * DAY_MS).toISOString() });
	}
	return (
		<Group label="How long it works" pointer="/expires_at" faults={own ? [] : faults.value}
			hint={share.expires_at === null ? "Until you stop sharing." : `${ended ? "Ended on" : "Until"} ${day(share.expires_at)}.`}>
			<Choice name="share-life" value={life} options={lives} onChange={choose} class="small lives" />
			{own && (
				<div class={past || mine.length > 0 ? "text bad" : "text"}>
					<label for={id}>Last day</label>
					<span class="box">
						<input id={id} type="date" min={dateOf(Date.now())} max="2199-12-31" defaultValue={share.expires_at === null ? "" : dateOf(Date.parse(share.expires_at))}
							aria-invalid={past || mine.length > 0} aria-describedby={past || mine.length > 0 ? `${id}f` : undefined}
							onInput={(e) => {
								const end = endOf(e.currentTarget.value);
								const late = end !== null && Date.parse(end) <= Date.now();
								setPast(late);
								if (end !== null && !late)
									edit({ expires_at: end }, true);
							}} onBlur={flush} />
					</span>
					<FaultLine id={`${id}f`} faults={past ? [{ pointer: "/expires_at", code: "past", detail: "That day is over. Choose one to come." }] : mine} />
				</div>
			)}
		</Group>
	);
}

/* Not saved while it is typed: half a password would open the page. */
function Password({ share }: { share: Share }) {
	const id = useId();
	const [typing, setTyping] = useState(false);
	const [word, setWord] = useState("");
	const [visible, setVisible] = useState(false);
	const [busy, setBusy] = useState(false);
	const [empty, setEmpty] = useState(false);
	const button = useRef<HTMLButtonElement>(null);
	const mine = empty ? [{ pointer: "/password", code: "empty", detail: "Enter the password that viewers shall give." }] : faultsAt(faults.value, "/password");
	const bad = typing && mine.length > 0;

	function close(): void {
		setTyping(false);
		setWord("");
		setVisible(false);
		setEmpty(false);
		giveUp("password");
		queueMicrotask(() => requestAnimationFrame(() => button.current?.focus()));
	}
	async function keep(password: string | null): Promise<void> {
		setEmpty(password === "");
		if (password === "" || busy)
			return;
		setBusy(true);
		const kept = await setPassword(password);
		setBusy(false);
		if (kept)
			close();
	}
	return (
		<div class={bad ? "group bad" : "group"} role="group" aria-labelledby={`${id}l`} data-pointer="/password">
			<span class="legend" id={`${id}l`}>Password</span>
			{typing ? (
				<div class="share-word">
					<span class="box">
						<input id={id} type={(visible ? "text" : "password") as "text"} value={word} maxLength={1000} autocomplete="off" autocapitalize="none" spellcheck={false}
							ref={(e) => { if (e !== null && document.activeElement !== e && word === "" && !busy && !empty) e.focus(); }}
							aria-label={share.password_protected ? "New password for viewers" : "Password for viewers"} aria-invalid={bad} aria-describedby={`${id}h`}
							onInput={(e) => { setWord(e.currentTarget.value); setEmpty(false); }}
							onKeyDown={(e) => { if (e.key === "Enter") { e.preventDefault(); void keep(word); } }} />
						<button type="button" class="plain show" aria-label={`${visible ? "Hide" : "Show"} the password`} onClick={() => setVisible(!visible)}>{visible ? "Hide" : "Show"}</button>
					</span>
					<button type="button" class="plain strong" aria-disabled={busy} onClick={() => void keep(word)}>{busy ? "Setting…" : "Set it"}</button>
					<button type="button" class="plain" onClick={close}>Cancel</button>
				</div>
			) : (
				<p class="acts share-word">
					<button ref={button} type="button" class="plain strong" onClick={() => setTyping(true)}>{share.password_protected ? "Change it…" : "Set a password…"}</button>
					{share.password_protected && <button type="button" class="plain" aria-disabled={busy} onClick={() => void keep(null)}>{busy ? "Taking it away…" : "Take it away"}</button>}
				</p>
			)}
			{bad ? <FaultLine id={`${id}h`} faults={mine} /> : (
				<p class="hint" id={`${id}h`}>{typing && share.password_protected ? "Whoever has the old one has to give the new one."
					: share.password_protected ? "Page and picture open with it alone." : typing ? "Tell it to your viewers yourself; it is not shown again." : "None: the link is enough."}</p>
			)}
		</div>
	);
}

/* What is typed stays as it is typed: what is kept of it may have a space less at its end. */
function Title({ design, share }: { design: Design; share: Share }) {
	const [typed, setTyped] = useState<string | null>(null);

	return (
		<Text label="Title" pointer="/title" faults={faults.value} value={typed ?? share.title ?? ""} maxLength={120} placeholder={usualTitle.value ?? titleOf(design)}
			onInput={(title) => {
				setTyped(title);
				edit({ title: title.trim() === "" ? null : title.trim() }, true);
			}} onDone={() => { setTyped(null); flush(); }} />
	);
}

export function ShareSettings({ design, share }: { design: Design; share: Share }) {
	const theirs = saving.value === "conflict";

	return (
		<div class="share-settings">
			<Title key={`title ${theirs}`} design={design} share={share} />
			<Life key={String(theirs)} share={share} />
			<Password share={share} />
			<label class="check two-lines">
				<input type="checkbox" checked={share.show_prompt} onChange={(e) => edit({ show_prompt: e.currentTarget.checked })} />
				<span>Show my description<small class="hint share-said">“{design.original_prompt}”</small></span>
			</label>
		</div>
	);
}
