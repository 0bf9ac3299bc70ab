import { useState } from "preact/hooks";
import { edit } from "../state/account";
import { speak } from "../state/notes";
import { member } from "../state/session";
import { day } from "../words";
import { Entry, Trouble, sent, useForm } from "./form";

const ways = { email: "by e-mail", google: "through Google", facebook: "through Facebook" };

export function Profile() {
	const user = member.value;
	const [saved, setSaved] = useState(false);
	const form = useForm({
		needed: {},
		send: async ({ full_name = "" }) => {
			await edit({ full_name: full_name.trim() || null });
			sent("full_name");
			setSaved(true);
			speak("Saved.");
		},
	});

	if (user === null)
		return null;
	return (
		<form ref={form.ref} class="stack narrow" noValidate onSubmit={form.submit}>
			<Entry form={form} name="full_name" label="Name" autocomplete="name" value={user.full_name ?? ""} optional maxLength={200} keep="full_name"
				onInput={() => setSaved(false)} />
			<dl class="facts">
				<div><dt>E-mail</dt><dd>{user.email}</dd></div>
				<div><dt>Member since</dt><dd>{day(user.created_at)}, {ways[user.auth_provider]}</dd></div>
			</dl>
			<Trouble form={form} />
			<p class="acts">
				<button type="submit" class="plain strong" aria-disabled={form.sending}>{form.sending ? "Saving…" : "Save the name"}</button>
				{saved && <span class="quiet">Saved.</span>}
			</p>
		</form>
	);
}
