import { useEffect, useState } from "preact/hooks";
import { nameOf, pickedOf, versionsOf } from "../state/designs";
import { busy, forget, isOpen, jobsOf, moreLike, retry } from "../state/jobs";
import type { Job } from "../state/jobs";
import { go } from "../state/route";
import type { Design, Slot, Version } from "../types";
import { reasonText, span } from "../words";
import { Icon } from "./icons";
import { Picture } from "./picture";

/* A place in the grid: a picture, or one that is on its way or did not come. */
type Place = { order: number; version: Version; job?: never; slot?: never }
	| { order: number; job: Job; slot: Slot; version?: never };

export function placesOf(design: Design): Place[] {
	const originals = versionsOf(design).filter((v) => v.kind === "original");
	const made = jobsOf(design.id).filter((job) => job.kind === "generation");
	const slots = made.flatMap((job) => job.slots.map((slot) => ({ job, slot })));
	const places: Place[] = originals.map((version, i) => ({
		order: slots.find(({ slot }) => slot.image_id === version.id)?.slot.variation ?? i, version,
	}));

	for (const { job, slot } of slots)
		if (!originals.some((v) => v.id === slot.image_id))
			places.push({ order: slot.variation, job, slot });
	return places.sort((a, b) => a.order - b.order);
}

function Seconds({ since }: { since: string | null }) {
	const [, again] = useState(0);

	useEffect(() => {
		const timer = setInterval(() => again((n) => n + 1), 1000);
		return () => clearInterval(timer);
	}, []);
	if (since === null)
		return null;
	const s = Math.max(0, Math.round((Date.now() - Date.parse(since)) / 1000));
	return <span class="figures">{span(s)}</span>;
}

function queueWords(job: Job): string {
	const ahead = job.queue_position ?? 0;

	if (job.status !== "queued")
		return "Next";
	return ahead === 0 ? "Next in line" : ahead >= 1000 ? "More than 1000 before it" : `${ahead} before it`;
}

export function SlotState({ job, slot, name }: { job: Job; slot: Slot; name: string }) {
	const ended = !isOpen(job);
	const missing = slot.status === "failed" || slot.status === "refused" || slot.status === "cancelled";
	const acting = busy.value[job.id] !== undefined;

	if (!missing && job.cancel_requested)
		return <strong>Stopping…</strong>;
	if (!missing && slot.status === "running")
		return <><span class="spark" aria-hidden="true" /><strong>Being made</strong><Seconds since={slot.started_at} /></>;
	if (!missing)
		return (
			<>
				<Icon name="clock" />
				<strong>{slot.reason ? "Waiting to try again" : "Waiting"}</strong>
				<span>{slot.reason ? reasonText(slot) : queueWords(job)}</span>
			</>
		);
	return (
		<>
			<strong>{slot.status === "cancelled" ? "Stopped" : slot.status === "refused" ? "Refused" : "Not made"}</strong>
			<span>{reasonText(slot)}{slot.status === "refused" ? " Other words may help." : ""}</span>
			<span class="quiet">Costs nothing.</span>
			{ended
				? <span class="acts">
					<button type="button" class="plain" disabled={acting} onClick={() => void retry(job)}
						aria-label={`Try again: ${name}`}><Icon name="again" /> Try again</button>
					<button type="button" class="plain quiet" onClick={() => forget(job.id)}
						aria-label={`Leave out ${name}`}>Leave out</button>
				</span>
				: <span class="quiet">Can be tried again when the others are done.</span>}
		</>
	);
}

export function Tiles({ design }: { design: Design }) {
	const places = placesOf(design);
	const picked = pickedOf(design);

	return (
		<ol class={`tiles n${Math.min(places.length, 5)}`} aria-label="Pictures">
			{places.map(({ version, job, slot }, i) => {
				const name = `Picture ${i + 1}`;
				return version !== undefined ? (
					<li key={version.id} class={version.id === picked ? "tile filled picked" : "tile filled"} data-state="succeeded">
						<a href={`/d/${design.id}/v/${version.id}`} aria-label={`Look at ${nameOf(design, version.id)} closely`}
							onClick={(e) => {
								if (!e.ctrlKey && !e.metaKey && !e.shiftKey) {
									e.preventDefault();
									go(design.id, version.id);
								}
							}}>
							<Picture version={version} name={name} />
						</a>
						<span class="caption">
							<span>{name}</span>
							{version.preview && <span>Preview render</span>}
							{version.id === picked && <span class="badge mark"><Icon name="check" /> Picked</span>}
						</span>
					</li>
				) : (
					<li key={slot.image_id} class={`tile ${slot.status}`} data-state={slot.status}>
						<div class="state" role="group" aria-label={name}><SlotState job={job} slot={slot} name={name} /></div>
						<span class="caption"><span>{name}</span></span>
					</li>
				);
			})}
			{places.length === 3 && !design.is_deleted && jobsOf(design.id).every((job) => !isOpen(job)) && (
				<li class="tile more">
					<button type="button" onClick={() => void moreLike(design.id)}><Icon name="plus" /> More like these</button>
				</li>
			)}
		</ol>
	);
}
