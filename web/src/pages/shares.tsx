import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { copy } from "../clipboard";
import { offers } from "../state/account";
import { thumbnailOf } from "../state/designs";
import { note, speak } from "../state/notes";
import { go } from "../state/route";
import { member } from "../state/session";
import { hasExpired, links, linksFault, linksNext, readLinks, share, stopSharing, titleOfShare } from "../state/shares";
import type { Design } from "../types";
import { FiguresOf } from "../ui/figures";
import { Icon } from "../ui/icons";
import { count, day } from "../words";

/* An address without what every address has. */
const shortly = (url: string) => url.replace(/^https?:\/\//, "");

function Address({ title, url }: { title: string; url: string }) {
	const [copied, setCopied] = useState(false);

	useEffect(() => {
		const timer = copied ? setTimeout(() => setCopied(false), 4000) : undefined;
		return () => clearTimeout(timer);
	}, [copied]);
	return (
		<span class="link-address">
			<a class="link" href={url} target="_blank" rel="noopener" title={url}>
				<span class="away">Page of {title}: </span>{shortly(url)}</a>
			<button type="button" class="plain square" aria-label={`Copy the link of ${title}`} title="Copy the link" onClick={() => void copy(url).then((done) => {
				setCopied(done);
				if (done)
					speak("Link copied.");
				else
					note("The browser did not let the page copy it. Open the page, and copy its address.", null, "fault");
			})}><Icon name={copied ? "check" : "copy"} /></button>
		</span>
	);
}

/* How it stands with a link, in one line. */
function words(design: Design): string {
	const { expires_at } = design.share_settings;
	const found = design.share;
	const ends = expires_at === null ? "No end" : `${hasExpired(expires_at) ? "Ended on" : "Until"} ${day(expires_at)}`;

	return [ends, found === undefined ? "" : found.view_count === 0 ? "no visits yet" : count(found.view_count, "visit")]
		.filter(Boolean).join(" · ");
}

function Row({ design }: { design: Design }) {
	const id = useId();
	const [open, setOpen] = useState(false);
	const title = titleOfShare(design);
	const thumbnail = thumbnailOf(design);
	const ended = hasExpired(design.share_settings.expires_at);

	return (
		<li class={ended ? "link-row ended" : "link-row"} data-share={design.id}>
			<a class="thumb" href={`/d/${design.id}`} tabIndex={-1} aria-hidden="true" onClick={(e) => {
				if (!e.ctrlKey && !e.metaKey && !e.shiftKey) {
					e.preventDefault();
					go(design.id);
				}
			}}>{thumbnail ? <img src={thumbnail} alt="" loading="lazy" decoding="async" /> : <Icon name="picture" />}</a>
			<div class="link-about">
				<h2 class="link-title">{title} {design.share_settings.password_protected && <span class="badge"><Icon name="lock" /> Password</span>}{ended && <span class="badge">Ended</span>}</h2>
				<Address title={title} url={design.share?.url ?? `${location.origin}/s/${design.share_settings.share_token ?? ""}`} />
				<p class="hint figures">{words(design)}</p>
			</div>
			<div class="acts">
				{offers("GET /v1/designs/{id}/share/analytics") && (
					<button type="button" class="plain" aria-expanded={open} aria-controls={`${id}v`} aria-label={`Visitors of ${title}`} onClick={() => setOpen(!open)}>
						<Icon name="chart" /> Visitors</button>
				)}
				<button type="button" class="plain strong" aria-haspopup="dialog" aria-label={`Change the link of ${title}`} onClick={() => share(design)}>Change…</button>
				<button type="button" class="plain" aria-label={`Stop sharing ${title}`} onClick={() => void stopSharing(design).then((fault) => {
					if (fault !== null)
						note(fault, null, "fault");
					else
						/* What had the focus is gone. */
						document.getElementById("links-title")?.focus();
				})}>Stop sharing</button>
			</div>
			{open && <div class="link-figures" id={`${id}v`}><FiguresOf id={design.id} /></div>}
		</li>
	);
}

function List() {
	const [more, setMore] = useState(false);
	const all = links.value;

	if (all === null)
		return linksFault.value === null ? <p class="lead waiting" aria-busy="true">Fetching the links…</p> : (
			<p role="alert">{linksFault.value} <button type="button" class="link" onClick={() => void readLinks()}>Try again</button></p>
		);
	if (all.length === 0)
		return (
			<div class="links-none">
				<Icon name="share" />
				<p>Nothing is shared now. Open a design and choose Share: whoever has the link sees the piece, without an account.</p>
				<p><button type="button" class="plain strong" onClick={() => go(null)}>To the designs</button></p>
			</div>
		);
	return (
		<>
			<ul class="links">{all.map((d) => <Row key={d.id} design={d} />)}</ul>
			{linksFault.value !== null && <p class="fault" role="alert">{linksFault.value}</p>}
			{linksNext.value !== null && (
				<button type="button" class="plain strong more" aria-disabled={more} onClick={() => {
					if (more)
						return;
					setMore(true);
					void readLinks(true).finally(() => setMore(false));
				}}>{more ? "Fetching…" : "Show earlier ones"}</button>
			)}
		</>
	);
}

/* All links of one's designs. */
export function Shares() {
	const heading = useRef<HTMLHeadingElement>(null);
	const there = member.value !== null;

	useEffect(() => {
		if (there)
			void readLinks();
	}, [there]);
	useLayoutEffect(() => {
		if (there)
			heading.current?.focus({ preventScroll: true });
	}, [there]);
	if (!there)
		return <p class="lead waiting" aria-busy="true">One moment…</p>;
	return (
		<div class="links-page">
			<header><h1 ref={heading} id="links-title" tabIndex={-1}>Links</h1>
				<p class="lead">What you share, and who looks at it.</p></header>
			<List />
		</div>
	);
}
