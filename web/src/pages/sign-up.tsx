import { useEffect, useState } from "preact/hooks";
import { ApiProblem, sentenceOf } from "../client";
import { sendAgain, signUp, signingUp } from "../state/account";
import { list, listNext } from "../state/designs";
import { speak } from "../state/notes";
import { who } from "../state/session";
import { A, Card, Entry, NewPassword, Submit, Trouble, useForm, waitWords } from "./form";
import { Providers } from "./providers";

const WAIT_S = 60;

/* A link again, after a while: mail takes its time. */
export function Again({ email, first }: { email: string; first: boolean }) {
	const [left, setLeft] = useState(first ? WAIT_S : 0);
	const [said, setSaid] = useState<string | null>(null);

	useEffect(() => {
		if (left <= 0)
			return undefined;
		const timer = setTimeout(() => setLeft(left - 1), 1000);
		return () => clearTimeout(timer);
	}, [left]);

	async function send(): Promise<void> {
		if (left > 0)
			return;
		setLeft(WAIT_S);
		try {
			await sendAgain(email);
			setSaid("If the address waits to be confirmed, another link is on its way.");
			speak("Another link is on its way.");
		} catch (error) {
			setLeft(0);
			setSaid(error instanceof ApiProblem && error.status === 429 ? `Enough mails were sent for now. ${waitWords(error)}`
				: sentenceOf(error));
		}
	}

	return (
		<>
			<button type="button" class="plain strong wide" aria-disabled={left > 0} onClick={() => void send()}>
				<span class="figures">{left > 0 ? `Send it again in ${left} s` : "Send it again"}</span>
			</button>
			<p class="hint" role="status">{said}</p>
		</>
	);
}

function Look({ email, anew }: { email: string; anew: () => void }) {
	return (
		<Card title="Look into your mail" lead={<>A link is on its way to <strong>{email}</strong>. Open it in this browser, and you are signed in.</>}>
			<p class="hint">Nothing there after a minute or two? Look into the folder for spam, or have it sent again.</p>
			<Again email={email} first />
			<p class="other"><button type="button" class="link" onClick={anew}>Another address</button> <A to="/sign-in">Sign in</A></p>
		</Card>
	);
}

function comeAlong(): string | null {
	const n = list.value.length;

	if (who.value !== "guest" || n === 0)
		return null;
	return n === 1 ? "Your design comes along and keeps its address."
		: `Your ${n}${listNext.value === null ? "" : " and more"} designs come along and keep their addresses.`;
}

export function SignUp() {
	const [sent, setSent] = useState<string | null>(null);
	const along = comeAlong();
	const form = useForm({
		needed: { email: "Enter your e-mail address.", password: "Choose a password of at least 8 characters." },
		send: async ({ email = "", password = "", full_name = "" }) => {
			await signUp(email.trim(), password, full_name.trim());
			setSent(email.trim());
			speak("Look into your mail.");
		},
		words: (error) => error.status === 429 ? `Too many accounts or mails were asked for from here. ${waitWords(error)}` : undefined,
	});

	if (sent !== null)
		return <Look email={sent} anew={() => setSent(null)} />;
	return (
		<Card title="Sign up" lead="Designs are kept for good, with more of them a day, and you find them on every device.">
			{along !== null && <p class="along">{along}</p>}
			<Providers />
			<form ref={form.ref} class="stack" noValidate onSubmit={form.submit}>
				<Entry form={form} name="email" label="E-mail" type="email" autocomplete="username" value={signingUp()} maxLength={254} />
				<NewPassword form={form} name="password" label="Password" />
				<Entry form={form} name="full_name" label="Name" autocomplete="name" optional maxLength={200} />
				<Trouble form={form} />
				<Submit form={form} busy="Making the account…">Make an account</Submit>
			</form>
			<p class="other">You have one already? <A to="/sign-in">Sign in</A></p>
		</Card>
	);
}
