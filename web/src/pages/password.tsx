import { useState } from "preact/hooks";
import { changePassword, identities } from "../state/account";
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
	/* Not known yet: who signed up by e-mail has one, others may. */
	const has = identities.value?.has_password ?? (byMail ? true : null);
	const form = useForm({
		needed: {
			...(has === true ? { current_password: "Enter the password that you have now." } : {}),
			new_password: "Choose a password of at least 8 characters.",
		},
		send: async ({ current_password = "", new_password = "" }) => {
			await changePassword(current_password, new_password);
			note(`${has === false ? "You have a password now" : "The password is changed"}. All other devices are signed out.`);
			speak(has === false ? "You have a password now." : "The password is changed.");
			onDone();
		},
		words: (error) => error.status === 429 ? `Too many wrong passwords. ${waitWords(error)}`
			: error.code === "fresh_login_required" ? "The first password needs a sign-in of the last minutes. Sign out and in again, then choose it." : undefined,
	});

	return (
		<form ref={form.ref} class="stack narrow" noValidate onSubmit={form.submit} aria-labelledby="password-title">
			<input type="email" name="username" autocomplete="username" value={user?.email ?? ""} readOnly hidden />
			{has !== false && (
				<Entry form={form} name="current_password" label="Current password" type="password" autocomplete="current-password"
					optional={has === null} maxLength={1000} hint={has === null ? "Leave it empty when you never chose one here." : undefined} />
			)}
			<NewPassword form={form} name="new_password" label="New password" />
			<Trouble form={form} />
			<p class="acts">
				<button type="submit" class="plain strong" aria-disabled={form.sending}>{form.sending ? "Keeping it…" : has === false ? "Choose this password" : "Change the password"}</button>
			</p>
		</form>
	);
}
