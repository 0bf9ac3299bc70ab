import { askAgain, catalog, owner, startFault, who } from "../state/session";
import {
	checks, open, openFault, openState, pickedOf, reload, restore, star, titleOf, trash, versions,
} from "../state/designs";
import { startFrom } from "../state/draft";
import { busy, cancel, isOpen, jobsOf, moreLike } from "../state/jobs";
import { go, route } from "../state/route";
import { canShare, share, whyNot } from "../state/shares";
import type { Design } from "../types";
import { Icon } from "./icons";
import { Tiles } from "./tiles";
import { Versions } from "./versions";
import { Viewer } from "./viewer";

function Progress({ design }: { design: Design }) {
	const running = jobsOf(design.id).filter(isOpen);

	if (running.length === 0)
		return null;
	const slots = running.flatMap((job) => job.slots);
	const done = slots.filter((slot) => slot.status !== "queued" && slot.status !== "running").length;
	const ready = slots.filter((slot) => slot.status === "succeeded").length;
	const refining = running.every((job) => job.kind === "refinement");
	const first = running[0];
	const ahead = first?.status === "queued" ? first.queue_position ?? 0 : 0;
	const ending = running.every((job) => job.cancel_requested || busy.value[job.id] === "cancel");

	return (
		<div class="progress">
			<progress max={slots.length} value={done} aria-label="Pictures ready" />
			<span class="words">
				{ending ? "Stopping…" : refining ? "Refining…" : `${ready} of ${slots.length} ready`}
				{ahead > 0 && <> · {ahead} {ahead === 1 ? "order" : "orders"} before it</>}
			</span>
			<button type="button" class="plain" disabled={ending} aria-keyshortcuts="Shift+X"
				onClick={() => { for (const job of running) void cancel(job); }}><Icon name="stop" /> Cancel</button>
		</div>
	);
}

function Advice() {
	const shown = checks.value.filter((c) => c.code !== "unknown_stone");

	return shown.length === 0 ? null : (
		<ul class="advice" aria-label="Advice about the stone">
			{shown.map((c) => <li key={c.code} class={c.level}>{c.message.replace(/^A (?=[AEIOU])/, "An ")}</li>)}
		</ul>
	);
}

/* One that cannot be used yet says why, and can still be reached. */
function ShareButton({ design }: { design: Design }) {
	const shared = design.share_settings.is_shared;
	const reason = shared ? null : whyNot(design);

	return !canShare || design.is_deleted ? null : (
		<button type="button" class={shared ? "plain on" : "plain"} aria-disabled={reason !== null} aria-keyshortcuts="S" aria-haspopup="dialog"
			title={reason ?? (shared ? "It has a link" : "By a link")} aria-description={reason ?? undefined} onClick={() => share(design)}>
			<Icon name="share" /> <span class="wide-first">{shared ? "Shared" : "Share"}</span>
		</button>
	);
}

function Head({ design }: { design: Design }) {
	const running = jobsOf(design.id).some((job) => isOpen(job) && job.kind === "generation");

	return (
		<header class="head">
			<div class="title">
				<h2>{titleOf(design)}</h2>
				<p class="said">{design.original_prompt}</p>
				<p class="hint">{design.material_preferences.metals.join(", ")}
					{design.material_preferences.finish && ` · ${design.material_preferences.finish.toLowerCase()}`}</p>
			</div>
			<div class="acts">
				<button type="button" class="plain square" aria-pressed={design.is_favorite} onClick={() => void star(design)}
					disabled={design.is_deleted} aria-label={design.is_favorite ? "Take the star away" : "Star this design"}>
					<Icon name="star" filled={design.is_favorite} />
				</button>
				<ShareButton design={design} />
				<button type="button" class="plain" onClick={() => startFrom(design)} aria-label="Start from this">
					<Icon name="branch" /> <span class="wide">Start from this</span></button>
				{!design.is_deleted && <button type="button" class="plain" disabled={running} aria-label="More like these"
					onClick={() => void moreLike(design.id)}><Icon name="plus" /> <span class="wide">More like these</span>
				
				</button>}
				{!design.is_deleted && <button type="button" class="plain square" aria-label="Move to the trash"
					onClick={() => void trash(design)}><Icon name="trash" /></button>}
			</div>
		</header>
	);
}

function Welcome() {
	return (
		<div class="welcome">
			<svg viewBox="0 0 120 120" aria-hidden="true" class="drawing">
				<circle cx="60" cy="76" r="34" /><circle cx="60" cy="76" r="28" />
				<path d="M42 26h36l9 11-27 22-27-22zM33 37h54M42 26l9 11 9-11 9 11 9-11M51 37l9 22 9-22" />
			</svg>
			<h2>Describe a piece, see it made</h2>
			<p>Say what you have in mind and choose its stone and metals. You get {catalog.value?.limits.variations.min ?? 2} to
				{" "}{catalog.value?.limits.variations.max ?? 4} pictures, one by one. Pick one and refine it in words; every version
				stays.</p>
		</div>
	);
}

function Message({ title, text, action }: { title: string; text: string; action: { label: string; run: () => void } }) {
	return (
		<div class="welcome" role="alert">
			<h2>{title}</h2>
			<p>{text}</p>
			<button type="button" class="plain strong" onClick={action.run}>{action.label}</button>
		</div>
	);
}

function Opened({ design }: { design: Design }) {
	const version = versions.value.find((v) => v.id === route.value.version);
	const picked = pickedOf(design);
	const branched = design.refinements.length > 0 || jobsOf(design.id).some((job) => job.kind === "refinement");
	const waiting = versions.value.length > 1 && picked === null && jobsOf(design.id).every((job) => !isOpen(job));

	return (
		<article class="opened" aria-label={titleOf(design)}>
			<Head design={design} />
			{design.is_deleted && (
				<div class="banner">
					<span>This design is in the trash.</span>
					<button type="button" class="plain" onClick={() => void restore(design)}><Icon name="restore" /> Restore</button>
				</div>
			)}
			<Progress design={design} />
			{version !== undefined ? <Viewer design={design} version={version} /> : (
				<>
					<Tiles design={design} />
					{waiting && !design.is_deleted && <p class="hint next-step">Open a picture to pick it or to refine it.</p>}
				</>
			)}
			<Advice />
			{version === undefined && branched && <Versions design={design} />}
		</article>
	);
}

export function Stage() {
	const design = open.value;

	if (startFault.value !== null && owner.value === null)
		return <Message title="The studio cannot be reached" text={startFault.value} action={{ label: "Try again", run: askAgain }} />;
	switch (openState.value) {
	case "missing":
		return <Message title="This design is not here" action={{ label: "New piece", run: () => go(null) }}
			text={who.value === "member" ? "It may have been deleted, or it belongs to another account."
				: "A guest’s designs end with their session, and nobody else can see them. If it is in your account, sign in."} />;
	case "fault":
		return <Message title="The design did not come" text={openFault.value} action={{ label: "Try again", run: reload }} />;
	case "loading":
		return <div class="welcome" aria-busy="true"><span class="spark" aria-hidden="true" /><p>Fetching the design…</p></div>;
	default:
		return design === null ? <Welcome /> : <Opened design={design} />;
	}
}
