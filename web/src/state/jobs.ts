import { batch, signal } from "@preact/signals";
import { ApiProblem, get, newKey, post, sentenceOf } from "../client";
import type { Generation, GenerationNew, RefinementNew } from "../types";
import { open, refresh } from "./designs";
import { note, speak } from "./notes";
import { route } from "./route";
import { quotaSentence, readUses, takeQuota } from "./quota";
import { owner } from "./session";
import { load, save } from "./storage";

/*
 * Pictures that are being made. A design names its latest generation only until that has ended, so the page
 * remembers those that run and those that left a picture out: over a reload too.
 */
export interface Job extends Generation {
	/* The words of a refinement: the interface does not give them back before it has ended. */
	words: string;
}

interface Kept {
	id: string;
	design: string;
	words: string;
}

export const jobs = signal<Record<string, Job>>({});
const kept = new Map<string, Kept>();

export const isOpen = (job: Generation) => job.status === "queued" || job.status === "running";
const isMissing = (status: string) => status === "failed" || status === "refused" || status === "cancelled";

export function jobsOf(design: string): Job[] {
	return Object.values(jobs.value).filter((job) => job.design_id === design)
		.sort((a, b) => a.created_at < b.created_at ? -1 : 1);
}

function remember(): void {
	save("jobs", [...kept.values()].slice(-40));
}

/* Later words win; nothing is told twice. */
export function takeJob(generation: Generation, words?: string): void {
	const before = jobs.value[generation.id];

	if (before !== undefined && before.updated_at > generation.updated_at)
		return;
	const job: Job = { ...generation, words: words ?? before?.words ?? kept.get(generation.id)?.words ?? "" };
	jobs.value = { ...jobs.value, [job.id]: job };
	if (isOpen(job) || job.slots.some((slot) => isMissing(slot.status)))
		kept.set(job.id, { id: job.id, design: job.design_id ?? "", words: job.words });
	else
		kept.delete(job.id);
	remember();
	if (before !== undefined)
		tell(before, job);
}

export function forget(id: string): void {
	const { [id]: _gone, ...rest } = jobs.value;

	jobs.value = rest;
	kept.delete(id);
	remember();
}

function tell(before: Job, job: Job): void {
	const had = before.slots.filter((slot) => slot.status === "succeeded").length;
	const has = job.slots.filter((slot) => slot.status === "succeeded").length;
	const missing = job.slots.filter((slot) => isMissing(slot.status)).length;
	const hadMissing = before.slots.filter((slot) => isMissing(slot.status)).length;
	const words: string[] = [];

	if (has > had)
		words.push(job.kind === "refinement" ? "The refinement is ready." : `${has} of ${job.slots.length} pictures ready.`);
	if (missing > hadMissing)
		words.push(job.status === "cancelled" ? "Stopped." : "A picture could not be made; it costs you nothing.");
	if (words.length > 0)
		speak(words.join(" "));
	if (isOpen(before) && !isOpen(job) && has < job.slots.length)
		readUses().catch(() => undefined);
}

/* --- watching ---------------------------------------------------------------- */

const STEP_MS = 700;
let timer: ReturnType<typeof setTimeout> | null = null;
let step = 0;

async function look(id: string): Promise<void> {
	try {
		const { data } = await get<Generation>(`/v1/generations/${id}`, { tries: 2 });
		takeJob(data);
		if (!isOpen(data) && data.design_id)
			await refresh(data.design_id);
	} catch (error) {
		if (error instanceof ApiProblem && error.status === 404)
			forget(id);
	}
}

async function round(): Promise<void> {
	const here = route.value.design;
	const running = Object.values(jobs.value).filter(isOpen);
	const shown = running.filter((job) => job.design_id === here);

	step++;
	if (here !== null && shown.length > 0) {
		try {
			await refresh(here);
		} catch {
			/* The next round asks again; the page says that the service is away. */
		}
		/* A design names the latest one only, and that no more when it has ended. */
		const named = open.value?.id === here ? open.value.generation?.id : undefined;
		for (const job of shown)
			if (job.id !== named)
				await look(job.id);
	}
	if (step % 4 === 0)
		for (const job of running)
			if (job.design_id !== here)
				await look(job.id);
}

export function kick(): void {
	if (timer !== null)
		return;
	if (owner.value === null || !Object.values(jobs.value).some(isOpen))
		return;
	timer = setTimeout(() => {
		void round().finally(() => {
			timer = null;
			kick();
		});
	}, document.visibilityState === "visible" ? STEP_MS : STEP_MS * 6);
}

/* After a reload: what ran then, and what had failed. */
export async function resume(): Promise<void> {
	for (const each of load<Kept[]>("jobs", []))
		if (typeof each?.id === "string")
			kept.set(each.id, each);
	await Promise.all([...kept.keys()].map(look));
	kick();
}

/* --- doing -------------------------------------------------------------------- */

export const busy = signal<Record<string, string>>({});

async function act(job: Job, what: "cancel" | "retry"): Promise<void> {
	if (busy.value[job.id])
		return;
	busy.value = { ...busy.value, [job.id]: what };
	try {
		const { data, headers } = await post<Generation>(`/v1/generations/${job.id}/${what}`);
		batch(() => {
			takeJob(data);
			takeQuota(headers);
		});
		if (what === "retry")
			speak("Trying again.");
		kick();
		await look(job.id);
	} catch (error) {
		/* It had ended already, or runs again already. */
		if (error instanceof ApiProblem && error.status === 409)
			await look(job.id);
		else if (error instanceof ApiProblem && error.code === "quota_exceeded")
			note(quotaSentence(error, job.kind === "refinement" ? "refinements" : "designs"), null, "fault");
		else
			note(sentenceOf(error), { label: "Try again", run: () => void act(job, what) }, "fault");
	} finally {
		const { [job.id]: _done, ...rest } = busy.value;
		busy.value = rest;
	}
}

export const cancel = (job: Job) => act(job, "cancel");
export const retry = (job: Job) => act(job, "retry");

/* The caller shows what goes wrong at its fields. The key is the caller's, so that a repeat is harmless. */
export async function refine(design: string, body: RefinementNew, key: string): Promise<Job> {
	const { data, headers } = await post<Generation>(`/v1/designs/${design}/refinements`, body, { key });

	takeJob(data, body.prompt);
	takeQuota(headers);
	kick();
	speak("Refining.");
	return jobs.value[data.id] as Job;
}

export async function moreLike(design: string): Promise<void> {
	const body: Partial<GenerationNew> = {};

	try {
		const { data, headers } = await post<Generation>(`/v1/designs/${design}/generations`, body, { key: newKey() });
		takeJob(data);
		takeQuota(headers);
		kick();
		speak("Making more pictures.");
	} catch (error) {
		note(error instanceof ApiProblem && error.code === "quota_exceeded" ? quotaSentence(error, "designs")
			: sentenceOf(error), null, "fault");
	}
}
