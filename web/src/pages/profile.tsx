import { useRef, useState } from "preact/hooks";
import { ApiProblem, sentenceOf } from "../client";
import { edit, offers, removePhoto, setPhoto } from "../state/account";
import { speak } from "../state/notes";
import { member } from "../state/session";
import { Portrait } from "../ui/member-menu";
import { day, faultText } from "../words";
import { Entry, Trouble, sent, useForm } from "./form";

const ways = { email: "by e-mail", google: "through Google", facebook: "through Facebook" };

/* Refused here already when it is none, or too large to be sent. */
const PHOTO_BYTES = 10485760;

function Photo() {
	const user = member.value;
	const input = useRef<HTMLInputElement>(null);
	const button = useRef<HTMLButtonElement>(null);
	const [busy, setBusy] = useState(false);
	const [fault, setFault] = useState<string | null>(null);
	const url = user?.profile_photo_url ?? null;

	async function act(what: () => Promise<void>, words: string): Promise<void> {
		setBusy(true);
		setFault(null);
		try {
			await what();
			speak(words);
		} catch (error) {
			setFault(error instanceof ApiProblem && error.faults.length > 0 ? error.faults.map(faultText).join(" ") : sentenceOf(error));
		} finally {
			setBusy(false);
			button.current?.focus();
		}
	}
	function choose(file: File | undefined): void {
		if (file === undefined)
			return;
		if (file.type !== "" && !/^image\//.test(file.type))
			setFault("That is not a picture. JPEG, PNG and WebP can be used.");
		else if (file.size > PHOTO_BYTES)
			setFault("That picture is larger than 10 MB.");
		else
			void act(() => setPhoto(file), "Your picture is there.");
	}

	return (
		<div class="photo" role="group" aria-label="Your picture">
			<Portrait large />
			<input ref={input} type="file" class="away" accept="image/jpeg,image/png,image/webp" tabIndex={-1} aria-label="Your picture"
				onChange={(e) => { choose(e.currentTarget.files?.[0]); e.currentTarget.value = ""; }} />
			<button ref={button} type="button" class="plain strong" aria-disabled={busy} onClick={() => { if (!busy) input.current?.click(); }}>
				{busy ? "One moment…" : url === null ? "Add a picture" : "Another picture"}</button>
			{url !== null && <button type="button" class="plain" disabled={busy}
				onClick={() => void act(removePhoto, "Your picture is gone.")}>Take it away</button>}
			{fault !== null && <p class="fault" role="alert">{fault}</p>}
		</div>
	);
}

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
			{offers("POST /v1/me/photo") && <Photo />}
			<Entry form={form} name="full_name" label="Name" autocomplete="name" value={user.full_name ?? ""} optional maxLength={200} keep="full_name"
				onInput={() => setSaved(false)} />
			<dl class="facts">
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
