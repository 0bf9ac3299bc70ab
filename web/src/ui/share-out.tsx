import { useEffect, useState } from "preact/hooks";
import { copy } from "../clipboard";
import { offers } from "../state/account";
import { titleOf } from "../state/designs";
import { looks, readUsualTitle, saving, usualTitle } from "../state/share-edit";
import { hasExpired, pathOfShare } from "../state/shares";
import type { Design, Share } from "../types";
import { Icon } from "./icons";

const shownTitle = (design: Design, share: Share) => share.title || usualTitle.value || titleOf(design);

/* As a chat shows the link. What has a password shows nothing there. */
export function Preview({ design, share }: { design: Design; share: Share }) {
	const [state, setState] = useState<"loading" | "there" | "fault">("loading");
	const hidden = share.password_protected || !share.valid || hasExpired(share.expires_at);
	/* Of this host, whatever the link names: the studio may be reached by another one. */
	const address = `/s/${share.token}/card.jpg?look=${looks.value}`;

	const plain = share.title === null && !hidden;

	useEffect(() => {
		setState("loading");
	}, [address, hidden]);
	useEffect(() => {
		if (plain && saving.peek() !== "saving")
			void readUsualTitle(share);
	}, [plain, looks.value]);
	return (
		<figure class="share-card" aria-busy={!hidden && state === "loading"}>
			<div class="share-picture">
				{hidden ? <span class="share-none"><Icon name={share.password_protected ? "lock" : "clock"} /> {share.password_protected
					? "No picture before the password is given" : "The link does not work"}</span>
					: state === "fault" ? <span class="share-none"><Icon name="picture" /> The picture did not come</span> : (
						<>
							{state === "loading" && <span class="share-none"><span class="spark" aria-hidden="true" /></span>}
							<img key={address} src={address} alt="The card that the link shows in chats" width={1200} height={630} class={state === "there" ? "ready" : ""}
								onLoad={() => setState("there")} onError={() => setState("fault")} />
						</>
					)}
			</div>
			<figcaption>
				<strong>{share.password_protected ? "A piece behind a password" : shownTitle(design, share)}</strong>
				<span class="hint">{new URL(share.url).host}</span>
			</figcaption>
		</figure>
	);
}

export function Qr({ share, title }: { share: Share; title: string }) {
	const [there, setThere] = useState<boolean | null>(null);
	const address = `${pathOfShare(share.design_id)}/qr`;
	const file = `qr-${title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 40) || "piece"}`;

	if (!offers("GET /v1/designs/{id}/share/qr.svg"))
		return null;
	return (
		<div class="share-qr">
			<div class="share-code">
				<img key={share.token} src={`${address}.svg`} alt="QR code of the link" width={112} height={112}
					onLoad={() => setThere(true)} onError={() => setThere(false)} />
			</div>
			<div class="stack">
				<p>{there === false ? "The QR code did not come." : "For a card, a shop window or a label."}</p>
				<p class="acts">
					<a class="plain strong" href={`${address}.svg`} download={`${file}.svg`} aria-label="Download the QR code as SVG"><Icon name="download" /> SVG</a>
					<a class="plain strong" href={`${address}.png`} download={`${file}.png`} aria-label="Download the QR code as PNG"><Icon name="download" /> PNG</a>
				</p>
			</div>
		</div>
	);
}

const escaped = (text: string) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");

/* A picture that leads to the page; in words where the picture has a password. */
export function embedCode(share: Share, title: string): string {
	const [url, words] = [escaped(share.url), escaped(title)];

	return share.password_protected ? `<a href="${url}">${words}</a>`
		: `<a href="${url}"><img src="${url}/card.jpg" alt="${words}" width="600" height="315" loading="lazy"></a>`;
}

export function Embed({ design, share }: { design: Design; share: Share }) {
	const [said, setSaid] = useState("");
	const code = embedCode(share, shownTitle(design, share));

	useEffect(() => {
		setSaid("");
	}, [code]);
	return (
		<details class="share-embed">
			<summary><Icon name="next" /> Embed in a web page</summary>
			<div class="stack">
				<textarea readOnly rows={5} class="code" aria-label="Code to embed" value={code} onFocus={(e) => e.currentTarget.select()} />
				<p class="acts">
					<button type="button" class="plain strong" onClick={() => void copy(code).then((done) =>
						setSaid(done ? "Code copied." : "The browser did not let the page copy it. Select it and copy it yourself."))}><Icon name="copy" /> Copy the code</button>
					<span class="hint" role="status">{said}</span>
				</p>
				<p class="hint">{saving.value === "saving" ? "Changes are being saved…" : share.password_protected ? "A link in words: what has a password shows no picture elsewhere."
					: "The picture leads to the page. When you stop sharing, both are gone."}</p>
			</div>
		</details>
	);
}
