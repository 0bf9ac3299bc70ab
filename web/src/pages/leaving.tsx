import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { ApiProblem, get, newKey, post, remove, sentenceOf } from "../client";
import { leave, offers } from "../state/account";
import { speak } from "../state/notes";
import { alone, member } from "../state/session";
import { when } from "../words";
import { Entry, Trouble, useForm, waitWords } from "./form";

interface Export {
	status: "queued" | "running" | "ready" | "failed";
	files_done: number;
	files_total: number;
	bytes: number;
	created_at: string;
	expires_at: string | null;
	url: string | null;
}

function sizeWords(bytes: number): string {
	return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

function ExportState({ packed }: { packed: Export }) {
	switch (packed.status) {
	case "queued":
		return <p>It waits for its turn. You can leave this page; a mail tells you when it is ready.</p>;
	case "running":
		return (
			<p class="figures">{packed.files_total === 0 ? "Packing." : `Packing: ${packed.files_done} of ${packed.files_total}.`}
				<progress max={Math.max(1, packed.files_total)} value={packed.files_done} aria-label="Packing" /></p>
		);
	case "ready":
		return (
			<p>Packed {when(packed.created_at)}{packed.expires_at && `, there until ${when(packed.expires_at)}`}.{" "}
				{packed.url && <a class="plain strong" href={packed.url} download>Fetch it{packed.bytes > 0 && ` (${sizeWords(packed.bytes)})`}</a>}</p>
		);
	default:
		return <p>It could not be packed. Try again.</p>;
	}
}

function ExportPart() {
	const [packed, setPacked] = useState<Export | null>(null);
	const [fault, setFault] = useState<string | null>(null);
	const running = packed?.status === "queued" || packed?.status === "running";

	async function look(): Promise<void> {
		try {
			/* No document: none was asked for, or the last one is gone. */
			setPacked((await get<Export | null>("/v1/me/export", { tries: 2 })).data);
		} catch (error) {
			setFault(sentenceOf(error));
		}
	}
	useEffect(() => {
		void look();
	}, []);
	useEffect(() => {
		if (!running)
			return undefined;
		const timer = setTimeout(() => void look(), 1500);
		return () => clearTimeout(timer);
	}, [packed]);
	async function ask(): Promise<void> {
		setFault(null);
		try {
			setPacked((await post<Export>("/v1/me/export", undefined, { key: newKey(), tellLimits: true, tries: 2 })).data);
			speak("Your designs are being packed.");
		} catch (error) {
			setFault(error instanceof ApiProblem && error.status === 429 ? `Enough for now. ${waitWords(error)}` : sentenceOf(error));
		}
	}

	return (
		<div class="stack">
			<h3>Take it along</h3>
			<p>All designs, pictures and settings of yours in one file.</p>
			<div role="status">{packed !== null && <ExportState packed={packed} />}</div>
			{fault !== null && <p class="fault summary" role="alert">{fault}</p>}
			<p class="acts"><button type="button" class="plain strong" aria-disabled={running} onClick={() => { if (!running) void ask(); }}>
				{packed?.status === "ready" ? "Pack it anew" : "Pack my designs"}</button></p>
		</div>
	);
}

function DeleteDialog({ onClose }: { onClose: () => void }) {
	const dialog = useRef<HTMLDialogElement>(null);
	const byMail = member.value?.auth_provider === "email";
	const form = useForm({
		needed: byMail ? { password: "Enter your password, so that nobody else can do this." } : {},
		send: async ({ password = "" }) => {
			await alone(() => remove("/v1/me", { json: { password: password || null }, asIs: true, tellLimits: true, tries: 2 }));
			leave("Your account is deleted.");
		},
		words: (error) => error.status === 429 ? `Too many wrong passwords. ${waitWords(error)}`
			: error.code === "wrong_credentials" ? "This is not your password." : undefined,
	});

	useLayoutEffect(() => {
		dialog.current?.showModal();
	}, []);
	return (
		<dialog ref={dialog} class="sheet" aria-labelledby="delete-title" onClose={onClose}
			onClick={(e) => { if (e.target === dialog.current) dialog.current?.close(); }}>
			<h2 id="delete-title">Delete the account?</h2>
			<form ref={form.ref} class="stack" noValidate onSubmit={form.submit}>
				<p>All designs, pictures, folders and links that you shared go with it, on every device. This cannot be undone.</p>
				<input type="email" name="username" autocomplete="username" value={member.value?.email ?? ""} readOnly hidden />
				<Entry form={form} name="password" label="Password" type="password" autocomplete="current-password" optional={!byMail}
					maxLength={1000} hint={byMail ? undefined : "Leave it empty when you never chose one here."} />
				<Trouble form={form} />
				<p class="acts end">
					<button type="button" class="plain strong" onClick={() => dialog.current?.close()}>Keep it</button>
					<button type="submit" class="plain danger" aria-disabled={form.sending}>{form.sending ? "Deleting…" : "Delete for good"}</button>
				</p>
			</form>
		</dialog>
	);
}

function DeletePart() {
	const [asked, setAsked] = useState(false);

	return (
		<div class="stack danger-zone">
			<h3>Delete the account</h3>
			<p>Everything goes: designs, pictures, folders and shared links. What was billed stays in the books, without your name.</p>
			<p class="acts"><button type="button" class="plain danger" onClick={() => setAsked(true)}>Delete my account…</button></p>
			{asked && <DeleteDialog onClose={() => setAsked(false)} />}
		</div>
	);
}

export function Leaving() {
	return (
		<div class="stack">
			{offers("POST /v1/me/export") && <ExportPart />}
			{offers("DELETE /v1/me") && <DeletePart />}
		</div>
	);
}
