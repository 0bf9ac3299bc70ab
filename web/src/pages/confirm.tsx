import { useEffect, useState } from "preact/hooks";
import { ApiProblem, sentenceOf } from "../client";
import { confirmAddress, giveAddress } from "../state/account";
import { note, speak } from "../state/notes";
import { linkToken, visit } from "../state/route";
import { takeBack, who } from "../state/session";
import { A, Card, Entry, Submit, Trouble, useForm, waitWords } from "./form";

/* --- an address, for a sign-in with a service that gave none to rely on -------------- */

function Sent({ email, anew }: { email: string; anew: () => void }) {
	return (
		<Card title="Look into your mail" lead={<>A link is on its way to <strong>{email}</strong>. Open it in this browser, and you are signed in.</>}>
			<p class="hint">Nothing there after a minute or two? Look into the folder for spam, or check the address. The link holds for a day.</p>
			<p class="other"><button type="button" class="link" onClick={anew}>Another address, or once more</button></p>
		</Card>
	);
}

export function ConfirmEmail() {
	const [sent, setSent] = useState<string | null>(null);
	const [over, setOver] = useState(false);
	const form = useForm({
		needed: { email: "Enter your e-mail address." },
		send: async ({ email = "" }) => {
			await giveAddress(email.trim());
			setSent(email.trim());
			speak("Look into your mail.");
		},
		words: (error) => {
			if (error.code === "sign_in_state")
				setOver(true);
			return error.status === 429 ? `Enough mails were sent for now. ${waitWords(error)}` : undefined;
		},
	});

	if (over)
		return (
			<Card title="Nothing waits here" lead="In this browser no sign-in waits for an address: it is over, or older than a day. Begin again; nothing is lost.">
				<A to="/sign-in" class="main centred">Sign in</A>
			</Card>
		);
	if (sent !== null)
		return <Sent email={sent} anew={() => setSent(null)} />;
	return (
		<Card title="One thing is missing" lead="The other service did not give us an e-mail address that we can rely on. Give yours; a link there opens your account.">
			<form ref={form.ref} class="stack" noValidate onSubmit={form.submit}>
				<Entry form={form} name="email" label="E-mail" type="email" autocomplete="email" maxLength={254}
					hint="For links that you ask for, and word of what happens to your account." />
				<Trouble form={form} />
				<Submit form={form} busy="Sending the link…">Send the link</Submit>
			</form>
			<p class="other">Not now? <A to="/">Back to the studio</A></p>
		</Card>
	);
}

/* --- the link to it --------------------------------------------------------------------- */

type End = "over" | "other_browser" | "account_exists" | "fault";

function endOf(error: unknown): End {
	if (!(error instanceof ApiProblem))
		return "fault";
	if (error.code === "other_browser" || error.code === "account_exists")
		return error.code;
	return error.status === 410 || error.status === 422 ? "over" : "fault";
}

const ends: Record<Exclude<End, "fault">, { title: string; lead: string }> = {
	over: {
		title: "This link is no longer valid",
		lead: "It was used already, or is older than a day. If your account is there, sign in as before; else begin again, and you get another link.",
	},
	other_browser: {
		title: "Another browser began this",
		lead: "For your safety the link works only in the browser in which you signed in. Open the mail’s link there; it stays valid. Or sign in anew in this one.",
	},
	account_exists: {
		title: "There is an account already",
		lead: "Somebody, most likely you, has an account with this address. Sign in to it as usual; then link the other service under “Ways to sign in” in your account.",
	},
};

export function Confirm() {
	const [end, setEnd] = useState<End | null>(linkToken.value === null ? "over" : null);
	const [fault, setFault] = useState("");
	const token = linkToken.value;

	async function ask(link: string): Promise<void> {
		setEnd(null);
		try {
			await confirmAddress(link);
			linkToken.value = null;
			note("Your address is confirmed, and you are signed in. What you made as a guest is yours for good.");
			speak("Your address is confirmed, and you are signed in.");
			visit(takeBack(), true);
		} catch (error) {
			const how = endOf(error);
			setFault(sentenceOf(error));
			setEnd(how);
			if (how !== "fault")
				linkToken.value = null;
		}
	}

	useEffect(() => {
		if (token !== null)
			void ask(token);
	}, [token]);

	if (end === null)
		return <Card title="Confirming your address" lead="One moment…" />;
	if (end === "fault")
		return (
			<Card title="That did not work" lead={fault}>
				<button type="button" class="main centred" onClick={() => { if (token !== null) void ask(token); }}>Try again</button>
			</Card>
		);
	if (who.value === "member" && end !== "other_browser")
		return (
			<Card title={ends[end].title} lead={end === "over" ? "It was used already, or is older than a day. You are signed in." : ends[end].lead}>
				<A to={end === "over" ? "/" : "/account#ways"} class="main centred">{end === "over" ? "To the studio" : "To your account"}</A>
			</Card>
		);
	return (
		<Card title={ends[end].title} lead={ends[end].lead}>
			<A to="/sign-in" class="main centred">Sign in</A>
			{end === "account_exists" && <p class="other"><A to="/forgot">No password, or forgotten?</A></p>}
		</Card>
	);
}
