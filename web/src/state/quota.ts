import { computed, effect, signal } from "@preact/signals";
import { ApiProblem, get } from "../client";
import type { Usage } from "../types";
import { day, span } from "../words";
import { member, readSession, session } from "./session";

/* What is left of a guest's day, or of a member's day and month. */
export const usage = signal<Usage | null>(null);

export type Kind = "designs" | "refinements";

export interface Uses {
	left: number;
	limit: number;
	per: "today" | "this month";
	resetsInS: number;
}

function usesOf(u: Usage, kind: Kind): Uses {
	const today = kind === "designs" ? u.designs_today : u.refinements_today;
	const month = kind === "designs" ? u.designs_this_month : u.refinements_this_month;

	return today.left <= month.left
		? { left: today.left, limit: today.limit, per: "today", resetsInS: today.resets_in_seconds }
		: { left: month.left, limit: month.limit, per: "this month", resetsInS: month.resets_in_seconds };
}

/* The tighter of the limits; null while it is not known. */
export const uses = computed((): Uses | null => {
	if (member.value !== null)
		return usage.value === null ? null : usesOf(usage.value, "designs");
	return session.value === null ? null : {
		left: session.value.uses_left ?? 0, limit: session.value.uses_limit ?? 0, per: "today", resetsInS: 0,
	};
});

export async function readUsage(): Promise<void> {
	const { data } = await get<Usage>("/v1/me/usage", { tries: 2 });

	if (member.value !== null)
		usage.value = data;
}

export async function readUses(): Promise<void> {
	await (member.value !== null ? readUsage() : readSession());
}

effect(() => {
	if (member.value === null)
		usage.value = null;
});

/* The headers of an answer that cost something say what is left. A member has more limits than they can say. */
export function takeQuota(headers: Headers): void {
	const left = /r=(\d+)/.exec(headers.get("RateLimit") ?? "")?.[1];

	if (member.value !== null)
		readUsage().catch(() => undefined);
	else if (left !== undefined && session.value !== null)
		session.value = { ...session.value, uses_left: Number(left) };
}

/* "Today’s designs are used up. There are new ones in 5 h." */
export function quotaSentence(error: ApiProblem, kind: Kind): string {
	const s = error.retryAfterS ?? 0;
	const whose = member.value === null ? "designs and refinements" : kind;
	const long = s > 86400;
	const when = long ? `on ${day(Date.now() + s * 1000)}` : `in ${span(s, true)}`;

	return `${long ? "This month’s" : "Today’s"} ${whose} are used up.${s > 0 ? ` There are new ones ${when}.` : ""}`
		+ (member.value === null ? " With an account there are more a day." : "");
}
