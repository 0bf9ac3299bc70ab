import { useState } from "preact/hooks";
import { changePassword } from "../state/account";
import { note, speak } from "../state/notes";
import { member } from "../state/session";
import { Entry, NewPassword, Trouble, useForm, waitWords } from "./form";

export function Password() {
	/* A number that makes the fields new, and so empty, after each change. */
	const [changes, setChanges] = useState(0);

	return <Fields key={changes} onDone={() => setChanges(changes + 1)} />;
}

function Fields({ onDone }: { onDone: () => void }) {
	const user = member.value;
	const byMail = user?.auth_provider === "email";
	const form = useForm({
		needed: {
			...(byMail ? { current_password: "Enter the password that you have now." } : {}),
			new_password: "Choose a password of at least 8 characters.",
		},
		send: async ({ current_password = "", new_password = "" }) => {
			await changePassword(current_password, new_password);
			note("The password is changed. All other devices are signed out.");
			speak("The password is changed.");
			onDone();
		},
		words: (error) => error.status === 429 ? `Too many wrong passwords. ${waitWords(error)}` : undefined,
	});

	return (
		<form ref={form.ref} class="stack narrow" noValidate onSubmit={form.submit} aria-labelledby="password-title">
			<input type="email" name="username" autocomplete="username" value={user?.email ?? ""} readOnly hidden />
			<Entry form={form} name="current_password" label="Current password" type="password" autocomplete="current-password"
				optional={!byMail} maxLength={1000} hint={byMail ? undefined : "Leave it empty when you never chose one here."} />
			<NewPassword form={form} name="new_password" label="New password" />
			<Trouble form={form} />
			<p class="acts">
				<button type="submit" class="plain strong" aria-disabled={form.sending}>{form.sending ? "Changing it…" : "Change the password"}</button>
			</p>
		</form>
	);
}
