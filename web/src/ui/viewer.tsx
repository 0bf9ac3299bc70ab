import { useLayoutEffect, useRef } from "preact/hooks";
import { nameOf, pick, pickedOf, versions } from "../state/designs";
import { isOpen, jobsOf } from "../state/jobs";
import { go } from "../state/route";
import type { Design, Version } from "../types";
import { strengths, when } from "../words";
import { Icon } from "./icons";
import { Picture } from "./picture";
import { Refine } from "./refine";
import { Versions } from "./versions";

export function neighbour(id: string, by: 1 | -1): Version | null {
	const all = versions.value;
	const at = all.findIndex((v) => v.id === id);

	return at < 0 ? null : all[at + by] ?? null;
}

/* The same address ends in .jpg for programs that do not know WebP. */
function jpegOf(imageUrl: string): string {
	return imageUrl.replace(/\.webp$/, ".jpg");
}

function Facts({ design, version }: { design: Design; version: Version }) {
	const strength = strengths.reduce((best, s) =>
		Math.abs(s.value - (version.strength ?? 0)) < Math.abs(best.value - (version.strength ?? 0)) ? s : best);

	return (
		<div class="facts">
			{version.kind === "refinement" && <p class="said">{version.words}</p>}
			<p class="hint">
				{version.kind === "refinement" && <>Refined from {nameOf(design, version.baseId ?? "").toLowerCase()} · {strength.name}
					{version.kept.length > 0 && <> · kept {version.kept.join(", ")}</>} · </>}
				{when(version.madeAt)}
			</p>
		</div>
	);
}

/* One picture, large, with what can be done with it. */
export function Viewer({ design, version }: { design: Design; version: Version }) {
	const heading = useRef<HTMLHeadingElement>(null);
	const name = nameOf(design, version.id);
	const file = name.toLowerCase().replace(" ", "-");
	const picked = pickedOf(design) === version.id;
	const [before, after] = [neighbour(version.id, -1), neighbour(version.id, 1)];
	const preview = design.generated_images.some((p) => p.generation_parameters["preview_render"] === true);
	const refining = jobsOf(design.id).some((job) => job.kind === "refinement" && isOpen(job)
		&& job.base_image_id === version.id);

	/* With the picture, not a frame later: by then the focus may be where a key has put it. */
	useLayoutEffect(() => heading.current?.focus({ preventScroll: true }), []);
	return (
		<section class="viewer" aria-label="Large view">
			<header class="bar">
				<button type="button" class="plain" onClick={() => go(design.id)} aria-keyshortcuts="Escape">
					<Icon name="grid" /> All pictures
				</button>
				<h3 ref={heading} tabIndex={-1}>{name}</h3>
				{preview && <span class="hint">Preview render</span>}
				{picked && <span class="badge mark"><Icon name="check" /> Picked</span>}
				<span class="acts">
					<button type="button" class="plain square" disabled={before === null} aria-label="Picture before"
						onClick={() => before && go(design.id, before.id, true)}><Icon name="back" /></button>
					<button type="button" class="plain square" disabled={after === null} aria-label="Picture after"
						onClick={() => after && go(design.id, after.id, true)}><Icon name="next" /></button>
				</span>
			</header>
			<div class="sides">
				<div class="left">
					<figure class={refining ? "large refining" : "large"}>
						<Picture key={version.id} version={version} name={name} />
					</figure>
					<Versions design={design} />
				</div>
				<div class="side">
					<Facts design={design} version={version} />
					<div class="row">
						<button type="button" class={picked ? "plain on" : "plain strong"} aria-pressed={picked} disabled={design.is_deleted}
							onClick={() => picked || void pick(design, version.id)}>
							<Icon name="check" /> {picked ? "Picked" : "Pick this one"}
						</button>
						<a class="button plain" href={version.imageUrl} download={`${file}.webp`}>
							<Icon name="download" /> Download
						</a>
						<a class="button plain" href={jpegOf(version.imageUrl)} download={`${file}.jpg`}
							aria-label="Download as JPEG" title="As JPEG, for e-mail">
							<Icon name="download" /> JPEG
						</a>
					</div>
					{!design.is_deleted && <Refine key={version.id} design={design} version={version} />}
				</div>
			</div>
		</section>
	);
}
