import { useEffect, useState } from "preact/hooks";
import { sentenceOf } from "../client";
import { readUsage, usage } from "../state/quota";
import { member } from "../state/session";
import type { UsageCount } from "../types";
import { day, span } from "../words";

function begins(count: UsageCount): string {
	const s = count.resets_in_seconds;

	return s > 86400 ? `begins anew on ${day(Date.now() + s * 1000)}` : `begins anew in ${span(s, true)}`;
}

function Bar({ label, count }: { label: string; count: UsageCount }) {
	const share = count.limit === 0 ? 1 : Math.min(1, count.used / count.limit);

	return (
		<li class={count.left === 0 ? "bar-row none" : "bar-row"}>
			<span class="bar-label">{label}</span>
			<span class="figures bar-figure">{count.used} of {count.limit}</span>
			<span class="track" aria-hidden="true"><span style={{ "--share": share }} /></span>
			<span class="hint figures">{count.left === 0 ? "Used up" : `${count.left} left`}, {begins(count)}</span>
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
	const read = () => readUsage().then(() => setFault(null), (error: unknown) => setFault(sentenceOf(error)));

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
				{stats && <div><dt>Made so far</dt><dd class="figures">{stats.total_designs_created} designs, {stats.total_refinements_used} refinements</dd></div>}
			</dl>
			<ul class="bars">
				<Bar label="Designs today" count={u.designs_today} />
				<Bar label="Designs this month" count={u.designs_this_month} />
				<Bar label="Refinements today" count={u.refinements_today} />
				<Bar label="Refinements this month" count={u.refinements_this_month} />
			</ul>
			<p class="hint">More pictures of a design count as a design. What fails counts nothing. Days and months are those of UTC.</p>
		</div>
	);
}
