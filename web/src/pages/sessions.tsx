import { useEffect, useState } from "preact/hooks";
import { ApiProblem, sentenceOf } from "../client";
import { endOtherSessions, endSession, readSessions, sessions } from "../state/account";
import { note, speak } from "../state/notes";
import type { Session } from "../types";
import { deviceWords, when } from "../words";

function Row({ session, onEnd, busy }: { session: Session; onEnd: () => void; busy: boolean }) {
	const name = deviceWords(session.device);

	return (
		<li class="row" data-session={session.id}>
			<span class="row-about">
				<strong>{name}</strong>{session.current && <span class="badge mark">This browser</span>}
				<span class="hint">Since {when(session.created_at)}, last used {when(session.last_used_at)}{session.ip_address && `, from ${session.ip_address}`}</span>
			</span>
			{!session.current && (
				<button type="button" class="plain strong" disabled={busy} onClick={onEnd}
					aria-label={`Sign out ${name}, there since ${when(session.created_at)}`}>Sign out</button>
			)}
		</li>
	);
}

export function Sessions() {
	const [fault, setFault] = useState<string | null>(null);
	const [busy, setBusy] = useState(false);
	const all = sessions.value;
	const read = () => readSessions().then(() => setFault(null), (error: unknown) => setFault(sentenceOf(error)));

	useEffect(() => {
		void read();
	}, []);
	async function act(what: Promise<void>, words: string): Promise<void> {
		setBusy(true);
		try {
			await what;
			speak(words);
			note(words);
		} catch (error) {
			/* It has ended by itself meanwhile. */
			if (error instanceof ApiProblem && error.status === 404)
				void read();
			else
				note(sentenceOf(error), null, "fault");
		} finally {
			setBusy(false);
			document.getElementById("sessions-title")?.focus();
		}
	}

	if (all === null)
		return fault === null ? <p class="quiet" aria-busy="true">Fetching…</p> : (
			<p role="alert">{fault} <button type="button" class="link" onClick={() => void read()}>Try again</button></p>
		);
	return (
		<div class="stack">
			<ul class="rows">
				{all.map((s) => <Row key={s.id} session={s} busy={busy} onEnd={() => void act(endSession(s.id), `${deviceWords(s.device)} is signed out.`)} />)}
			</ul>
			{all.length > 1 ? (
				<p class="acts"><button type="button" class="plain strong" disabled={busy}
					onClick={() => void act(endOtherSessions(), "All other devices are signed out.")}>Sign out everywhere else</button></p>
			) : <p class="hint">Nowhere else. A device that you do not know? Choose another password.</p>}
		</div>
	);
}
