import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { copy, copyLater } from "../clipboard";
import { A } from "../pages/form";
import { comeBackTo } from "../state/session";
import { closeLink, edit, flush, keepTheirs, link, linkFault, openLink, saving, shown, trouble } from "../state/share-edit";
import { hasExpired, inviting, sharing, stopSharing, titleOfShare } from "../state/shares";
import { titleOf } from "../state/designs";
import { route } from "../state/route";
import type { Design } from "../types";
import { day } from "../words";
import { Icon } from "./icons";
import { Embed, Preview, Qr } from "./share-out";
import { ShareSettings } from "./share-settings";

/* As the keys' sheet: the dialog goes and the page has its keys again, both at once. */
export function closeShare(): void {
	document.querySelector<HTMLDialogElement>("dialog.share, dialog.invite")?.close();
	inviting.value = null;
	if (sharing.value !== null)
		void closeLink();
}

type Copied = "yes" | "no" | null;

function State({ copied }: { copied: Copied }) {
	switch (saving.value) {
	case "saving":
		return <>Saving…</>;
	case "saved":
		return <><Icon name="check" /> Saved</>;
	case "fault":
		return <>Not saved</>;
	default:
		return copied === "yes" ? <><Icon name="check" /> Link copied</> : null;
	}
}

/* What is not kept, and what to do about it. */
function Hindrance() {
	const conflict = saving.value === "conflict";

	if (trouble.value === "" || (saving.value !== "fault" && !conflict))
		return null;
	return (
		<div class="fault summary share-trouble" role="alert">
			<p>{trouble.value}</p>
			<p class="acts">
				<button type="button" class="plain strong" onClick={flush}>{conflict ? "Save my change all the same" : "Try again"}</button>
				{conflict && <button type="button" class="plain" onClick={keepTheirs}>Leave it so</button>}
			</p>
		</div>
	);
}

function Link({ url, copied, onCopied }: { url: string; copied: Copied; onCopied: (how: Copied) => void }) {
	const field = useRef<HTMLInputElement>(null);

	return (
		<div class="share-link">
			<span class="box">
				<input ref={field} type="text" readOnly value={url} aria-label="The link" onFocus={(e) => e.currentTarget.select()} />
			</span>
			<button type="button" class="main" onClick={() => void copy(url).then((done) => {
				onCopied(done ? "yes" : "no");
				if (!done)
					field.current?.focus();
			})}><span><Icon name={copied === "yes" ? "check" : "copy"} /> {copied === "yes" ? "Copied" : "Copy"}</span></button>
			<a class="plain strong" href={url} target="_blank" rel="noopener"><Icon name="out" /> Open page</a>
		</div>
	);
}

function linkWords(copied: Copied): string {
	const now = shown.value;

	if (now === null)
		return "";
	if (!now.valid)
		return "This link does not work any more: it was made too long ago.";
	if (hasExpired(now.expires_at))
		return "This link has ended. Choose a new end, and it works again.";
	if (copied === "no")
		return "The browser did not let the page copy it. It is selected: copy it yourself.";
	const until = now.expires_at === null ? "" : ` until ${day(now.expires_at)}`;
	return `${copied === "yes" ? "Link copied. " : ""}Whoever has it${now.password_protected ? ", and the password," : ""} sees the piece${until}.`;
}

function Body({ design, copied, onCopied }: { design: Design; copied: Copied; onCopied: (how: Copied) => void }) {
	const now = shown.value;

	if (linkFault.value !== null)
		return (
			<div class="share-wait" role="alert">
				<p>{linkFault.value}</p>
				<button type="button" class="plain strong" onClick={() => { openLink(design).catch(() => undefined); }}>Try again</button>
			</div>
		);
	if (now === null)
		return <p class="share-wait" aria-busy="true"><span class="spark" aria-hidden="true" /> {design.share_settings.is_shared ? "Fetching the link…" : "Making the link…"}</p>;
	return (
		<>
			<div class="share-first">
				<Link url={now.url} copied={copied} onCopied={onCopied} />
				<p class={!now.valid || hasExpired(now.expires_at) || copied === "no" ? "fault" : "hint"} role="status">{linkWords(copied)}</p>
				{!now.valid && <p><button type="button" class="plain strong" onClick={() => edit({})}>Make a new one</button></p>}
			</div>
			<Hindrance />
			<div class="share-sides">
				<ShareSettings design={design} share={now} />
				<div class="share-out">
					<Preview design={design} share={now} />
					<Qr share={now} title={now.title || titleOf(design)} />
				</div>
			</div>
			<Embed design={design} share={now} />
		</>
	);
}

function Opened({ design }: { design: Design }) {
	const dialog = useRef<HTMLDialogElement>(null);
	const [copied, setCopied] = useState<Copied>(null);
	const [stopping, setStopping] = useState(false);
	const [fault, setFault] = useState<string | null>(null);
	const before = useRef(design.share_settings.is_shared);

	useLayoutEffect(() => {
		const opened = openLink(design);

		dialog.current?.showModal();
		if (before.current) {
			opened.catch(() => undefined);
			return;
		}
		/* At once, within the click that has led here; the link comes meanwhile. */
		copyLater(opened.then(({ share }) => share.url)).then((done) => setCopied(done ? "yes" : "no"), () => undefined);
	}, []);
	useEffect(() => {
		if (copied !== "yes")
			return undefined;
		const timer = setTimeout(() => setCopied(null), 6000);
		return () => clearTimeout(timer);
	}, [copied]);

	return (
		<dialog ref={dialog} class="sheet share" aria-labelledby="share-title"
			onClose={(e) => { if (e.currentTarget === dialog.current && sharing.value === design) closeShare(); }}
			onClick={(e) => { if (e.target === dialog.current) closeShare(); }}>
			<header class="share-head">
				<h2 id="share-title" tabIndex={-1} autofocus>Share <span class="share-of">{shown.value === null ? titleOfShare(design) : shown.value.title || titleOf(design)}</span></h2>
				<span class={saving.value === "fault" ? "share-state fault" : "share-state"} role="status"><State copied={null} /></span>
				<button type="button" class="plain square" aria-label="Close" onClick={closeShare}><Icon name="close" /></button>
			</header>
			<Body design={design} copied={copied} onCopied={setCopied} />
			{fault !== null && <p class="fault" role="alert">{fault}</p>}
			<footer class="share-foot">
				{link.value !== null && (
					<button type="button" class="plain danger" aria-disabled={stopping} onClick={() => {
						if (stopping)
							return;
						setStopping(true);
						setFault(null);
						void stopSharing(design).then((hindrance) => {
							setStopping(false);
							setFault(hindrance);
							if (hindrance === null)
								closeShare();
						});
					}}>{stopping ? "Ending it…" : "Stop sharing"}</button>
				)}
				{route.value.page !== "shares" && <span onClick={closeShare}><A to="/shares" class="plain">All links</A></span>}
				<button type="button" class="plain strong" onClick={closeShare}>Done</button>
			</footer>
		</dialog>
	);
}

/* Guests: what sharing needs, and that nothing is lost on the way to it. */
function Invitation({ design }: { design: Design }) {
	const dialog = useRef<HTMLDialogElement>(null);

	useLayoutEffect(() => {
		dialog.current?.showModal();
	}, []);
	return (
		<dialog ref={dialog} class="sheet invite" aria-labelledby="invite-title"
			onClose={(e) => { if (e.currentTarget === dialog.current) closeShare(); }}
			onClick={(e) => { if (e.target === dialog.current) closeShare(); }}>
			<h2 id="invite-title" tabIndex={-1} autofocus>Share it with an account</h2>
			<div class="stack">
				<p>A link should last longer than a guest’s day. Make an account, and all that you have made comes along and keeps its
					address; then share this piece with one click.</p>
				<div class="acts end" onClick={(e) => {
					if (e.target instanceof Element && e.target.closest("a")) {
						closeShare();
						comeBackTo(`/d/${design.id}`);
					}
				}}>
					<button type="button" class="plain" onClick={closeShare}>Not now</button>
					<A to="/sign-in" class="plain strong">Sign in</A>
					<A to="/sign-up" class="plain strong lead-on">Make an account</A>
				</div>
			</div>
		</dialog>
	);
}

export function ShareDialog() {
	if (inviting.value !== null)
		return <Invitation design={inviting.value} />;
	return sharing.value === null ? null : <Opened key={sharing.value.id} design={sharing.value} />;
}
