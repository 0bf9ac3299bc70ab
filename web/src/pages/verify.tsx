import { useEffect, useState } from "preact/hooks";
import { ApiProblem, sentenceOf } from "../client";
import { sendAgain, signingUp, verify } from "../state/account";
import { note, speak } from "../state/notes";
import { linkToken, visit } from "../state/route";
import { who } from "../state/session";
import { A, Card, Entry, Submit, Trouble, useForm } from "./form";
import { Again } from "./sign-up";

type State = "asking" | "confirmed" | "expired" | "fault";

/* A further link: the old one was used, or is too old, or there was none. */
function Further() {
	const [sent, setSent] = useState<string | null>(null);
	const form = useForm({
		needed: { email: "Enter your e-mail address." },
		send: async ({ email = "" }) => {
			await sendAgain(email.trim());
			setSent(email.trim());
			speak("If the address waits to be confirmed, another link is on its way.");
		},
	});

	if (sent !== null)
		return (
			<>
				<p class="lead" role="status">If <strong>{sent}</strong> waits to be confirmed, another link is on its way.</p>
				<Again email={sent} first />
			</>
		);
	return (
		<form ref={form.ref} class="stack" noValidate onSubmit={form.submit}>
			<Entry form={form} name="email" label="E-mail" type="email" autocomplete="username" value={signingUp()} maxLength={254} />
			<Trouble form={form} />
			<Submit form={form} busy="Asking for it…">Send another link</Submit>
		</form>
	);
}

export function Verify() {
	const [state, setState] = useState<State>("asking");
	const [fault, setFault] = useState("");
	const token = linkToken.value;

	async function ask(): Promise<void> {
		if (token === null) {
			setState("expired");
			return;
		}
		setState("asking");
		try {
			const here = await verify(token);
			linkToken.value = null;
			if (here) {
				note("Your address is confirmed, and you are signed in. What you made as a guest is yours for good.");
				speak("Your address is confirmed, and you are signed in.");
				visit("/", true);
			} else {
				setState("confirmed");
			}
		} catch (error) {
			const expired = error instanceof ApiProblem && (error.status === 410 || error.status === 422);
			setFault(sentenceOf(error));
			setState(expired ? "expired" : "fault");
			if (expired)
				linkToken.value = null;
		}
	}

	useEffect(() => {
		if (token !== null || state === "asking")
			void ask();
	}, [token]);

	switch (state) {
	case "asking":
		return <Card title="Confirming your address" lead="One moment…" />;
	case "confirmed":
		return (
			<Card title="Your address is confirmed" lead={who.value === "member" ? "That account can sign in from now on." : "Now sign in with your password."}>
				<A to={who.value === "member" ? "/" : "/sign-in"} class="main centred">{who.value === "member" ? "To the studio" : "Sign in"}</A>
			</Card>
		);
	case "fault":
		return (
			<Card title="That did not work" lead={fault}>
				<button type="button" class="main centred" onClick={() => void ask()}>Try again</button>
			</Card>
		);
	default:
		return (
			<Card title="This link is no longer valid" lead="It was used already, or is older than two days. If you have confirmed your address, sign in; else have another link sent.">
				<Further />
				<p class="other">Confirmed already? <A to="/sign-in">Sign in</A></p>
			</Card>
		);
	}
}
