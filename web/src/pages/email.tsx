import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiProblem, sentenceOf } from "../client";
import { askEmail, dropEmailLink, emailLink, holdEmailLink, keepEmail, pendingEmail, takeEmail, undoEmail } from "../state/email";
import { note, speak } from "../state/notes";
import { linkToken, visit } from "../state/route";
import { comeBackTo, known, member } from "../state/session";
import { when } from "../words";
import { A, Card, Entry, Trouble, sent, useForm, waitWords } from "./form";
import { SignInAgain } from "./problem";

/* --- the part of the account -------------------------------------------------------- */

const trouble = (error: ApiProblem) =>
	error.code === "fresh_login_required" ? "Another address needs a sign-in of the last minutes, so that nobody else can choose it at your desk."
	: error.status === 429 ? `Enough mails were sent for now. ${waitWords(error)}` : undefined;

function NewAddress({ onDone }: { onDone: () => void }) {
	const [stale, setStale] = useState(false);
	const form = useForm({
		needed: { email: "Enter the new address." },
		send: async ({ email = "" }) => {
			setStale(false);
			await askEmail(email.trim());
			sent("new_email");
			if (member.value !== null && pendingEmail(member.value) === null)
				note("That is your address already. It stays.");
			speak(member.value?.pending_email ? `A link is on its way to ${member.value.pending_email}.` : "Your address stays.");
			onDone();
		},
		words: (error) => {
			setStale(error.code === "fresh_login_required");
			return trouble(error);
		},
	});

	useEffect(() => {
		form.ref.current?.querySelector<HTMLInputElement>("input[name=email]")?.focus();
	}, []);
	return (
		<form ref={form.ref} class="stack narrow" noValidate onSubmit={form.submit} aria-label="Another address">
			<Entry form={form} name="email" label="New e-mail address" type="email" autocomplete="email" maxLength={254} keep="new_email"
				hint="A link is sent there. Until you follow it, nothing changes." />
			<Trouble form={form} />
			{stale && <p><SignInAgain to="/account#email" /></p>}
			<p class="acts">
				<button type="submit" class="plain strong" aria-disabled={form.sending}>{form.sending ? "Sending the link…" : "Send the link"}</button>
				<button type="button" class="plain" onClick={() => { sent("new_email"); onDone(); }}>Cancel</button>
			</p>
		</form>
	);
}

function Waiting({ email, until, onDone }: { email: string; until: string; onDone: () => void }) {
	const [busy, setBusy] = useState(false);
	const [again, setAgain] = useState(false);
	const [fault, setFault] = useState<{ text: string; stale: boolean } | null>(null);

	async function act(what: () => Promise<void>): Promise<void> {
		if (busy)
			return;
		setBusy(true);
		setFault(null);
		try {
			await what();
		} catch (error) {
			setFault({
				text: (error instanceof ApiProblem ? trouble(error) : undefined) ?? sentenceOf(error),
				stale: error instanceof ApiProblem && error.code === "fresh_login_required",
			});
		} finally {
			setBusy(false);
		}
	}

	return (
		<div class="stack">
			<p class="along" role="status">
				{again ? "Another link is on its way to " : "A link was sent to "}<strong class="address">{email}</strong>. Open it where you are signed in,
				by {when(until)}; until then nothing changes. Nothing there? Look into the folder for spam.
			</p>
			{fault !== null && <p class="fault summary" role="alert">{fault.text}{fault.stale && <> <SignInAgain to="/account#email" /></>}</p>}
			<p class="acts">
				<button type="button" class="plain strong" aria-disabled={busy} onClick={() => void act(async () => {
					await askEmail(email);
					setAgain(true);
					speak("Another link is on its way.");
				})}>Send another link</button>
				<button type="button" class="plain" aria-disabled={busy} onClick={() => void act(async () => {
					await keepEmail();
					speak("Your address stays. The link is void.");
					onDone();
				})}>Keep the present address</button>
			</p>
		</div>
	);
}

export function Email() {
	const user = member.value;
	const button = useRef<HTMLButtonElement>(null);
	const [open, setOpen] = useState(false);
	const [back, setBack] = useState(0);

	/* Where one was goes: its place in the order of Tab is the part's heading, or its button. */
	useEffect(() => {
		if (back > 0)
			(button.current ?? document.getElementById("email-title"))?.focus();
	}, [back]);
	if (user === null)
		return null;
	const pending = pendingEmail(user);
	const done = () => {
		setOpen(false);
		setBack((n) => n + 1);
	};
	return (
		<div class="stack">
			<p class="address">{user.email}</p>
			{pending !== null ? <Waiting key={pending} email={pending} until={user.pending_email_until ?? ""} onDone={done} />
				: open ? <NewAddress onDone={done} /> : (
					<p class="acts"><button ref={button} type="button" class="plain strong" onClick={() => setOpen(true)}>Another address…</button></p>
				)}
		</div>
	);
}

/* --- the link to the new address ------------------------------------------------------ */

type End = "over" | "other" | "taken" | "closed";

const ends: Record<End, { title: string; lead: string }> = {
	over: {
		title: "This link is no longer valid",
		lead: "It was used already, is older than two days, or you have asked for another one since. Your account says what its address is.",
	},
	other: {
		title: "This link belongs to another account",
		lead: "You are signed in to an account that did not ask for it. Sign out, and sign in to the one that is to have this address; then open the link again.",
	},
	taken: {
		title: "The address is taken",
		lead: "Another account has it by now. Yours keeps the address that it has.",
	},
	closed: { title: "This account is closed", lead: "Whoever keeps this studio can tell you why." },
};

function endOf(error: unknown): End | null {
	if (!(error instanceof ApiProblem))
		return null;
	if (error.code === "account_disabled")
		return "closed";
	const known: Record<number, End> = { 410: "over", 422: "over", 404: "other", 409: "taken" };
	return known[error.status] ?? null;
}

function Ended({ end, children }: { end: End; children?: ComponentChildren }) {
	return <Card title={ends[end].title} lead={ends[end].lead}>{children}</Card>;
}

/* What a link does, it does by a button: programs that look at the mail may open it too. */
function useLink(act: (token: string) => Promise<void>) {
	const [end, setEnd] = useState<End | null>(null);
	const [fault, setFault] = useState<string | null>(null);
	const [busy, setBusy] = useState(false);

	async function run(token: string): Promise<void> {
		if (busy)
			return;
		setBusy(true);
		setFault(null);
		try {
			await act(token);
		} catch (error) {
			const how = endOf(error);
			setFault(sentenceOf(error));
			setEnd(how);
			if (how !== null)
				dropEmailLink();
		} finally {
			setBusy(false);
		}
	}

	/* A second link, opened where the first one was. */
	const link = linkToken.value;
	useEffect(() => {
		if (link !== null) {
			setEnd(null);
			setFault(null);
		}
	}, [link]);
	return { end, fault, busy, run };
}

export function EmailLink() {
	const token = emailLink();
	const user = member.value;
	const { end, fault, busy, run } = useLink(async (link) => {
		await takeEmail(link);
		dropEmailLink();
		note(`${member.value?.email ?? "The new one"} is your address now. All other devices are signed out.`);
		speak("The new address is yours.");
		visit("/account#email", true);
	});

	if (end !== null || token === null)
		return <Ended end={end ?? "over"}><A to="/account#email" class="main centred">To your account</A></Ended>;
	if (!known.value)
		return <Card title="Your new address" lead="One moment…" />;
	if (user === null)
		return (
			<Card title="Sign in to go on" lead="The link works only for the account that asked for it, so that nobody else can take it. Sign in with the address that it has until now.">
				<button type="button" class="main centred" onClick={() => {
					holdEmailLink();
					comeBackTo("/email");
					visit("/sign-in");
				}}>Sign in</button>
			</Card>
		);
	return (
		<Card title="Your new address" lead="You sign in with it from then on, and mail about your account goes there. All other devices are signed out.">
			<dl class="facts">
				<div><dt>New address</dt><dd><strong>{pendingEmail(user) ?? "The one that this link was sent to"}</strong></dd></div>
				<div><dt>Until now</dt><dd>{user.email}</dd></div>
			</dl>
			{fault !== null && <p class="fault summary" role="alert">{fault}</p>}
			<button type="button" class="main centred" aria-disabled={busy} onClick={() => void run(token)}>{busy ? "One moment…" : "Use this address"}</button>
			<p class="other"><A to="/account#email">Not now</A></p>
		</Card>
	);
}

/* --- the link to the old one ------------------------------------------------------------ */

export function EmailUndo() {
	const token = linkToken.value;
	const [done, setDone] = useState(false);
	const { end, fault, busy, run } = useLink(async (link) => {
		await undoEmail(link);
		dropEmailLink();
		setDone(true);
		speak("The address is your account’s again. Look into your mail.");
	});

	useEffect(() => {
		if (token !== null)
			setDone(false);
	}, [token]);
	if (done)
		return (
			<Card title="Look into your mail" lead="This address is your account’s again, and everybody is signed out. A link to choose a new password is on its way; it holds for 15 minutes.">
				<p class="hint">Look at the ways to sign in once you are in: those that were linked after the change are gone, and so are all API keys.</p>
				<p class="other">Nothing there? <A to="/forgot">Have another link sent</A></p>
			</Card>
		);
	if (end === "over" || token === null)
		return (
			<Card title="This link is no longer valid" lead="It was used already, or is older than seven days. If the account is no longer in your hands, write to those who run this studio.">
				<A to="/sign-in" class="main centred">Sign in</A>
			</Card>
		);
	if (end !== null)
		return <Ended end={end}><A to="/sign-in" class="main centred">Sign in</A></Ended>;
	return (
		<Card title="Take the change back?" lead="The address to which the mail came becomes your account’s again. Everybody is signed out, all API keys end, and you choose a new password.">
			{fault !== null && <p class="fault summary" role="alert">{fault}</p>}
			<button type="button" class="main centred" aria-disabled={busy} onClick={() => void run(token)}>{busy ? "One moment…" : "Take it back"}</button>
			<p class="other">It was you? Then do nothing. <A to="/">To the studio</A></p>
		</Card>
	);
}
