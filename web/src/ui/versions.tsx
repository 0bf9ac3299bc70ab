import { useEffect, useRef } from "preact/hooks";
import { nameOf, pickedOf, versionsOf } from "../state/designs";
import { isOpen, jobsOf } from "../state/jobs";
import type { Job } from "../state/jobs";
import { go, route } from "../state/route";
import type { Design, Version } from "../types";
import { Icon } from "./icons";
import { Picture } from "./picture";
import { SlotState } from "./tiles";

/* Pictures and what came of them: each refinement hangs on the version it was made from. */

function Node({ design, version, all, jobs }: { design: Design; version: Version; all: Version[]; jobs: Job[] }) {
	const children = all.filter((v) => v.baseId === version.id);
	const waiting = jobs.filter((job) => job.base_image_id === version.id);
	const here = route.value.version === version.id;
	const picked = pickedOf(design) === version.id;
	const name = nameOf(design, version.id);

	return (
		<li class="node">
			<a class={`leaf ${here ? "here" : ""} ${picked ? "picked" : ""}`} href={`/d/${design.id}/v/${version.id}`}
				aria-current={here ? "true" : undefined} data-version={version.id}
				title={version.kind === "refinement" ? version.words : name}
				aria-label={`${name}${version.kind === "refinement" ? `: ${version.words}` : ""}${picked ? ", picked" : ""}`}
				onClick={(e) => {
					if (!e.ctrlKey && !e.metaKey && !e.shiftKey) {
						e.preventDefault();
						go(design.id, version.id, route.value.version !== null);
					}
				}}>
				<Picture version={version} name={name} small />
				{picked && <span class="badge mark"><Icon name="check" /></span>}
				<span class="under">{version.kind === "refinement" ? version.words : name}</span>
			</a>
			{children.length + waiting.length > 0 && (
				<ol>
					{children.map((child) => <Node key={child.id} design={design} version={child} all={all} jobs={jobs} />)}
					{waiting.map((job) => <Waiting key={job.id} job={job} />)}
				</ol>
			)}
		</li>
	);
}

function Waiting({ job }: { job: Job }) {
	const slot = job.slots[0];

	return slot === undefined ? null : (
		<li class="node">
			<div class={`leaf waiting ${slot.status}`} data-state={slot.status} role="group" aria-label="Refinement on its way">
				<div class="state"><SlotState job={job} slot={slot} name="the refinement" /></div>
				<span class="under">{job.words || "Refinement"}</span>
			</div>
		</li>
	);
}

export function Versions({ design }: { design: Design }) {
	const strip = useRef<HTMLDivElement>(null);
	const all = versionsOf(design);
	const ids = new Set(all.map((v) => v.id));
	const jobs = jobsOf(design.id).filter((job) => job.kind === "refinement"
		&& (isOpen(job) || job.slots.some((slot) => slot.status !== "succeeded")) && !job.slots.every((s) => ids.has(s.image_id)));

	/* The one that is shown large is seen in the strip too; only the strip scrolls. */
	useEffect(() => {
		const here = strip.current?.querySelector<HTMLElement>(".leaf.here");
		const box = strip.current?.getBoundingClientRect();
		if (!here || !box || !strip.current)
			return;
		const { left, right } = here.getBoundingClientRect();
		if (left < box.left)
			strip.current.scrollLeft -= box.left - left + 24;
		else if (right > box.right)
			strip.current.scrollLeft += right - box.right + 24;
	}, [route.value.version, all.length]);
	if (all.length === 0)
		return null;
	return (
		<section class="versions" aria-labelledby="versions-title">
			<h3 id="versions-title">Versions</h3>
			<div class="scroll" ref={strip} tabIndex={0} role="group" aria-label="Versions, scrolls sideways">
				<ol class="tree">
					{all.filter((v) => v.baseId === null || !ids.has(v.baseId)).map((v) =>
						<Node key={v.id} design={design} version={v} all={all} jobs={jobs} />)}
				</ol>
			</div>
		</section>
	);
}
