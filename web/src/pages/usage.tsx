import { useEffect, useState } from "preact/hooks";
import { sentenceOf } from "../client";
import { readUsage, usage } from "../state/quota";
import { member, readMember } from "../state/session";
import type { UsageCount } from "../types";
import { count, day, span } from "../words";

function begins(use: UsageCount): string {
	const s = use.resets_in_seconds;

	return s > 86400 ? `begins anew on ${day(Date.now() + s * 1000)}` : `begins anew in ${span(s, true)}`;
}

function Bar({ label, use }: { label: string; use: UsageCount }) {
	const share = use.limit === 0 ? 1 : Math.min(1, use.used / use.limit);

	return (
		<li class={use.left === 0 ? "bar-row none" : "bar-row"}>
			<span class="bar-label">{label}</span>
			<span class="figures bar-figure">{use.used} of {use.limit}</span>
			<span class="track" aria-hidden="true"><span style={{ "--share": share }} /></span>
			<span class="hint figures">{use.left === 0 ? "Used up" : `${use.left} left`}, {begins(use)}</span>
		</li>
	);
}

function plan(): string {
	const sub = member.value?.subscription;

	if (usage.value?.tier !== "premium")
		return "Free";
	return sub?.expires_at ? `Premium, until ${day(sub.expires_at)}` : "Premium";
}

export function UsageBars() {
	const [fault, setFault] = useState<string | null>(null);
	const u = usage.value;
	const stats = member.value?.usage_stats;
	const read = () => Promise.all([readUsage(), readMember()]).then(() => setFault(null), (error: unknown) => setFault(sentenceOf(error)));

	useEffect(() => {
		void read();
	}, []);
	if (u === null)
		return fault === null ? <p class="quiet" aria-busy="true">Fetching…</p> : (
			<p role="alert">{fault} <button type="button" class="link" onClick={() => void read()}>Try again</button></p>
		);
	return (
		<div class="stack">
			<dl class="facts">
				<div><dt>Plan</dt><dd>{plan()}</dd></div>
				{stats && <div><dt>Made so far</dt><dd class="figures">{count(stats.total_designs_created, "design")}, {count(stats.total_refinements_used, "refinement")}</dd></div>}
			</dl>
			<ul class="bars">
				<Bar label="Designs today" use={u.designs_today} />
				<Bar label="Designs this month" use={u.designs_this_month} />
				<Bar label="Refinements today" use={u.refinements_today} />
				<Bar label="Refinements this month" use={u.refinements_this_month} />
			</ul>
			<p class="hint">More pictures of a design count as a design. What fails counts nothing. Days and months are those of UTC.</p>
		</div>
	);
}
