import { useState } from "preact/hooks";
import { signIn, signingUp } from "../state/account";
import { go } from "../state/route";
import { known, signedOut, who } from "../state/session";
import { A, Card, Entry, Submit, Trouble, useForm, waitWords } from "./form";
import { ProblemLine } from "./problem";
import { Providers } from "./providers";
import { Again } from "./sign-up";

export function SignIn() {
	const [wrong, setWrong] = useState(false);
	const waiting = signingUp();
	const form = useForm({
		needed: { email: "Enter your e-mail address.", password: "Enter your password." },
		send: async ({ email = "", password = "" }) => {
			setWrong(false);
			await signIn(email.trim(), password);
		},
		words: (error) => {
			if (error.code === "wrong_credentials") {
				setWrong(true);
				form.ref.current?.querySelector<HTMLInputElement>("input[name=password]")?.select();
				return "E-mail and password do not belong together, or the address is not confirmed yet.";
			}
			return error.status === 429 ? `Too many wrong passwords. ${waitWords(error)} Or choose a new password by mail.` : undefined;
		},
	});

	return (
		<Card title="Sign in" lead={signedOut.value ? null : "To your designs, on this device too."}>
			{signedOut.value && (
				<p class="along" role="status">Your session has ended. Sign in to go on where you were; nothing that you typed is lost.</p>
			)}
			{/* A member is led on, and told there. */}
			{known.value && who.value !== "member" && <ProblemLine />}
			<Providers />
			<form ref={form.ref} class="stack" noValidate onSubmit={form.submit}>
				<Entry form={form} name="email" label="E-mail" type="email" autocomplete="username" value={waiting} maxLength={254} />
				<Entry form={form} name="password" label="Password" type="password" autocomplete="current-password" maxLength={1000} />
				<p class="aside"><A to="/forgot">Forgot the password?</A></p>
				<Trouble form={form} />
				<Submit form={form} busy="Signing in…">Sign in</Submit>
			</form>
			{wrong && waiting !== "" && <Again email={waiting} first={false} />}
			<p class="other">No account yet? <A to="/sign-up">Sign up</A></p>
			<p class="other"><button type="button" class="link" onClick={() => go(null)}>
				{signedOut.value ? "Go on as a guest" : "Back to the studio"}</button></p>
		</Card>
	);
}
