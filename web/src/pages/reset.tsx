import { useState } from "preact/hooks";
import { askReset, reset, resetFor, signingUp } from "../state/account";
import { note, speak } from "../state/notes";
import { linkToken, visit } from "../state/route";
import { member, takeBack } from "../state/session";
import { A, Card, Entry, NewPassword, Submit, Trouble, useForm, waitWords } from "./form";

/* Asks for a link to choose a new password by. */
export function Forgot({ title = "Forgot the password?", lead }: { title?: string; lead?: string }) {
	const [sent, setSent] = useState<string | null>(null);
	const form = useForm({
		needed: { email: "Enter your e-mail address." },
		send: async ({ email = "" }) => {
			await askReset(email.trim());
			setSent(email.trim());
			speak("Look into your mail.");
		},
		words: (error) => error.status === 429 ? `Enough mails were sent for now. ${waitWords(error)}` : undefined,
	});

	if (sent !== null)
		return (
			<Card title="Look into your mail" lead={<>If there is an account with <strong>{sent}</strong>, a link to choose a new password is on its way. It holds for 15 minutes.</>}>
				<p class="hint">Nothing there after a minute or two? Look into the folder for spam, or check the address.</p>
				<p class="other"><button type="button" class="link" onClick={() => setSent(null)}>Ask again</button> <A to="/sign-in">Sign in</A></p>
			</Card>
		);
	return (
		<Card title={title} lead={lead ?? "You get a mail with a link to choose a new one."}>
			<form ref={form.ref} class="stack" noValidate onSubmit={form.submit}>
				<Entry form={form} name="email" label="E-mail" type="email" autocomplete="username" maxLength={254}
					value={member.value?.email ?? (resetFor() || signingUp())} />
				<Trouble form={form} />
				<Submit form={form} busy="Asking for it…">Send the link</Submit>
			</form>
			<p class="other">You remember it? <A to="/sign-in">Sign in</A></p>
		</Card>
	);
}

export function Reset() {
	const token = linkToken.value;
	const [dull, setDull] = useState<string | null>(null);
	const form = useForm({
		needed: { password: "Choose a password of at least 8 characters." },
		send: async ({ password = "" }) => {
			await reset(token ?? "", password);
			linkToken.value = null;
			note("You have a new password and are signed in. All other sessions have ended.");
			speak("You have a new password and are signed in.");
			visit(takeBack(), true);
		},
		words: (error) => {
			if (error.status === 410)
				setDull(token);
			return undefined;
		},
	});

	if (token === null)
		return <Forgot title="Choose a new password" />;
	if (dull === token)
		return <Forgot title="This link is no longer valid" lead="It was used already, or is older than 15 minutes. Have another one sent." />;
	return (
		<Card title="Choose a new password" lead="With it you are signed in here, and signed out everywhere else.">
			<form ref={form.ref} class="stack" noValidate onSubmit={form.submit}>
				<input type="email" name="username" autocomplete="username" value={resetFor()} readOnly hidden />
				<NewPassword form={form} name="password" label="New password" />
				<Trouble form={form} />
				<Submit form={form} busy="Keeping it…">Use this password</Submit>
			</form>
		</Card>
	);
}
