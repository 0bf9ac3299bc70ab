import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { offers } from "../state/account";
import { problemCode } from "../state/route";
import { askAgain, member, startFault } from "../state/session";
import { ApiKeys } from "./api-keys";
import { Email } from "./email";
import { Card } from "./form";
import { Leaving } from "./leaving";
import { Password } from "./password";
import { Profile } from "./profile";
import { Sessions } from "./sessions";
import { Settings } from "./settings";
import { UsageBars } from "./usage";
import { Ways } from "./ways";

interface Part {
	id: string;
	title: string;
	show: boolean;
	body: () => ComponentChildren;
}

const canLeave = offers("POST /v1/me/export") || offers("DELETE /v1/me");

const parts: Part[] = [
	{ id: "profile", title: "Profile", show: true, body: Profile },
	{ id: "email", title: "E-mail address", show: offers("POST /v1/me/email"), body: Email },
	{ id: "settings", title: "Settings", show: true, body: Settings },
	{ id: "usage", title: "Plan and usage", show: true, body: UsageBars },
	{ id: "sessions", title: "Signed in on", show: true, body: Sessions },
	{ id: "ways", title: "Ways to sign in", show: offers("GET /v1/me/identities"), body: Ways },
	{ id: "password", title: "Password", show: true, body: Password },
	{ id: "api-keys", title: "API keys", show: offers("GET /v1/api-keys"), body: ApiKeys },
	{ id: "leaving", title: "Your data", show: canLeave, body: Leaving },
];

function goTo(id: string): void {
	const heading = document.getElementById(`${id}-title`);

	history.replaceState(null, "", `#${id}`);
	heading?.scrollIntoView({ block: "start" });
	heading?.focus({ preventScroll: true });
}

/* Everything of one's account on one page; mails lead to it, so its parts have addresses. */
export function Account() {
	const heading = useRef<HTMLHeadingElement>(null);
	const there = member.value !== null;
	const shown = parts.filter((part) => part.show);

	useLayoutEffect(() => {
		if (!there)
			return;
		if (problemCode.value !== null)
			goTo("ways");
		else if (location.hash !== "" && document.getElementById(`${location.hash.slice(1)}-title`))
			goTo(location.hash.slice(1));
		else
			heading.current?.focus({ preventScroll: true });
	}, [there]);
	if (!there && startFault.value !== null)
		return (
			<Card title="The account did not come" lead={startFault.value}>
				<button type="button" class="main centred" onClick={askAgain}>Try again</button>
			</Card>
		);
	if (!there)
		return <p class="lead waiting" aria-busy="true">One moment…</p>;
	return (
		<div class="account">
			<header class="account-head">
				<h1 ref={heading} tabIndex={-1}>Account</h1>
				<nav aria-label="Parts of the account">
					{shown.map(({ id, title }) => (
						<a key={id} href={`#${id}`} onClick={(e) => { e.preventDefault(); goTo(id); }}>{title}</a>
					))}
				</nav>
			</header>
			<div class="account-parts">
				{shown.map(({ id, title, body: Body }) => (
					<section key={id} id={id} class="part" aria-labelledby={`${id}-title`}>
						<h2 id={`${id}-title`} tabIndex={-1}>{title}</h2>
						<Body />
					</section>
				))}
			</div>
		</div>
	);
}
