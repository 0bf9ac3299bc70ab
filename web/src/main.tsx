import { effect } from "@preact/signals";
import { render } from "preact";
import "./keys";
import { forgetAll, readList, versions } from "./state/designs";
import { jobs, resume } from "./state/jobs";
import type { Job } from "./state/jobs";
import { go, route } from "./state/route";
import { session, sessionLost, start } from "./state/session";
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

/* What belongs to a session is read when there is one. */
let known: string | null = null;

effect(() => {
	const id = session.value?.id ?? null;

	if (id === null || id === known)
		return;
	const first = known === null;
	known = id;
	queueMicrotask(() => {
		if (first) {
			void readList();
			void resume();
		} else {
			sessionLost.value = true;
			forgetAll();
		}
	});
});

follow();
void start();
const root = document.getElementById("studio");
if (root !== null)
	render(<App />, root);

