import { useState } from "preact/hooks";
import { connection, sentenceOf } from "../client";
import { A } from "../pages/form";
import { chooseLook } from "../state/account";
import { note, speak } from "../state/notes";
import { sheetOpen, theme } from "../state/prefs";
import type { Theme } from "../state/prefs";
import { go, route } from "../state/route";
import { askAgain, known, renew, secondsLeft, session, sessionLost, who } from "../state/session";
import { span } from "../words";
import { Icon } from "./icons";
import { MemberMenu } from "./member-menu";

const looks: Record<Theme, { next: Theme; label: string; icon: "half" | "sun" | "moon" }> = {
	system: { next: "light", label: "Look: as the system", icon: "half" },
	light: { next: "dark", label: "Look: light", icon: "sun" },
	dark: { next: "system", label: "Look: dark", icon: "moon" },
};

function Guest() {
	const [renewing, setRenewing] = useState(false);
	const s = session.value;

	if (s === null)
		return null;
	const left = secondsLeft();
	const soon = left < 3600;
	return (
		<div class="guest" role="group" aria-label="Guest session">
			<span class={soon ? "soon" : ""} title="A guest’s designs are kept until then">
				<Icon name="clock" /> <span class="long">Guest, </span><span class="figures time-left">{span(left)}</span> left
			</span>
			<span class="figures uses-left" title="Designs, further pictures and refinements today">
				{s.uses_left} of {s.uses_limit}<span class="long"> uses</span> left
			</span>
			<button type="button" class="plain" disabled={renewing} aria-label="Renew" title="Keep the designs of this session for another day"
				onClick={() => {
					setRenewing(true);
					renew().then(() => speak(`Kept for ${span(secondsLeft())}.`),
						(error) => note(sentenceOf(error), null, "fault")).finally(() => setRenewing(false));
				}}><Icon name="again" /><span class="long">Renew</span></button>
		</div>
	);
}

/* Doors of an account; a guest keeps all designs on going through them. */
function Doors() {
	const { page } = route.value;

	return (
		<nav class="doors" aria-label="Account">
			{page !== "sign-in" && <A to="/sign-in" class="plain">Sign in</A>}
			{page !== "sign-up" && <A to="/sign-up" class="plain strong">Sign up</A>}
		</nav>
	);
}

export function Top() {
	const look = looks[theme.value];
	const studio = route.value.page === "studio";

	return (
		<header class="top">
			<a class="brand" href="/" onClick={(e) => { e.preventDefault(); go(null); }} aria-label="bezel, the studio">
				<svg viewBox="0 0 32 32" aria-hidden="true"><circle cx="16" cy="16" r="13" /><path d="M16 7.5l6 2.5 2.5 6-2.5 6-6 2.5-6-2.5-2.5-6 2.5-6z" /></svg>
				<span>bezel</span>
			</a>
			{studio && <h1 class="away">bezel studio</h1>}
			{studio && who.value === "guest" && <Guest />}
			{known.value && (who.value === "member" ? <MemberMenu /> : <Doors />)}
			<button type="button" class="plain square" aria-label={look.label} title={look.label} onClick={() => {
				chooseLook(look.next).catch((error: unknown) => note(sentenceOf(error), null, "fault"));
				speak(looks[look.next].label);
			}}><Icon name={look.icon} /></button>
			{studio && <button type="button" class="plain square keys" aria-label="Keys" title="Keys (?)" onClick={() => { sheetOpen.value = true; }}>?</button>}
		</header>
	);
}

export function Banners() {
	const { state } = connection.value;

	return (
		<>
			{state !== "ok" && (
				<div class="banner fault" role="alert">
					<span>{state === "offline" ? "You seem to be offline." : "The studio is busy or being looked after."}
						{" "}Nothing is lost; trying again by itself.</span>
					<button type="button" class="plain" onClick={askAgain}>Try now</button>
				</div>
			)}
			{sessionLost.value && (
				<div class="banner" role="status">
					<span>Your earlier guest session has ended, and its designs with it. A new one has begun.</span>
					<button type="button" class="plain" onClick={() => { sessionLost.value = false; }}>Understood</button>
				</div>
			)}
		</>
	);
}
