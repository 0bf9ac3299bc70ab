import { effect } from "@preact/signals";
import { render } from "preact";
import "./keys";
import { forgetAll, readList, reload, versions } from "./state/designs";
import { jobs, resume } from "./state/jobs";
import type { Job } from "./state/jobs";
import { go, route } from "./state/route";
import { tellLater } from "./state/account";
import { readUsage } from "./state/quota";
import { owner, sessionLost, start, who } from "./state/session";
import { App } from "./ui/app";

/* A refinement that was asked for from the version on show takes its place there when it is ready. */
function follow(): void {
	let before: Record<string, Job> = {};

	effect(() => {
		const now = jobs.value;
		const all = versions.value;
		for (const job of Object.values(now)) {
			const made = job.slots[0]?.image_id;
			if (job.kind === "refinement" && job.status === "succeeded" && made !== undefined
				&& before[job.id] !== undefined && all.some((v) => v.id === made)) {
				if (route.peek().design === job.design_id && route.peek().version === job.base_image_id)
					queueMicrotask(() => go(job.design_id, made, true));
				continue;
			}
			if (job.kind === "refinement" && job.status !== "succeeded")
				before = { ...before, [job.id]: job };
		}
		before = Object.fromEntries(Object.entries(before).filter(([id]) => {
			const job = now[id];
			return job !== undefined && !(job.status === "succeeded" && all.some((v) => v.id === job.slots[0]?.image_id));
		}));
	});
}

/* What belongs to whoever this is. A guest who signs in keeps it all; a session that ended leaves nothing on show. */
let before: { id: string; who: string } | null = null;
let away = false;

effect(() => {
	const id = owner.value;
	const last = before;

	if (id === null) {
		away = before !== null;
		return;
	}
	if (id === last?.id && !away)
		return;
	before = { id, who: who.value };
	away = false;
	queueMicrotask(() => {
		const is = who.peek();
		if (last !== null && last.id !== id && !(last.who === "guest" && is === "member")) {
			sessionLost.value = last.who === "guest";
			forgetAll();
		} else {
			void readList();
			void resume();
			if (last !== null)
				reload();
		}
		if (is === "member")
			readUsage().catch(() => undefined);
	});
});

follow();
void start();
tellLater();
const root = document.getElementById("studio");
if (root !== null)
	render(<App />, root);

