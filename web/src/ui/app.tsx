import type { ComponentChild } from "preact";
import { useEffect } from "preact/hooks";
import { Account } from "../pages/account";
import { Confirm, ConfirmEmail } from "../pages/confirm";
import { EmailLink, EmailUndo } from "../pages/email";
import { Forgot, Reset } from "../pages/reset";
import { Shares } from "../pages/shares";
import { SignIn } from "../pages/sign-in";
import { SignUp } from "../pages/sign-up";
import { Verify } from "../pages/verify";
import { open, titleOf } from "../state/designs";
import { hold, dismiss, notes, release, spoken } from "../state/notes";
import { isOpen, jobs } from "../state/jobs";
import { tab } from "../state/prefs";
import type { Tab } from "../state/prefs";
import { route } from "../state/route";
import type { Page } from "../state/route";
import { Composer } from "./composer";
import { History } from "./history";
import { Icon } from "./icons";
import { ShareDialog } from "./share";
import { Sheet } from "./sheet";
import { Stage } from "./stage";
import { Banners, Top } from "./top";

const tabs: { id: Tab; label: string; icon: "wand" | "grid" | "picture" }[] = [
	{ id: "compose", label: "Compose", icon: "wand" },
	{ id: "pictures", label: "Pictures", icon: "picture" },
	{ id: "designs", label: "Designs", icon: "grid" },
];

/* Only a narrow page shows them; then one panel at a time. */
function Tabs() {
	const running = Object.values(jobs.value).filter(isOpen).length;

	return (
		<nav class="tabs" aria-label="Parts of the studio">
			{tabs.map(({ id, label, icon }) => (
				<button key={id} type="button" aria-current={tab.value === id ? "true" : undefined} onClick={() => { tab.value = id; }}>
					<Icon name={icon} />
					<span>{label}</span>
					{id === "pictures" && running > 0 && <span class="spark" aria-hidden="true" />}
				</button>
			))}
		</nav>
	);
}

function Notes() {
	return (
		<div class="notes">
			{notes.value.map((n) => (
				<div key={n.id} class={n.kind === "fault" ? "note fault" : "note"} role={n.kind === "fault" ? "alert" : "status"}
					onMouseEnter={() => hold(n.id)} onMouseLeave={() => release(n.id)}
					onFocusCapture={() => hold(n.id)} onBlurCapture={() => release(n.id)}>
					<span>{n.text}</span>
					{n.action && <button type="button" class="plain strong" onClick={() => { dismiss(n.id); n.action?.run(); }}>{n.action.label}</button>}
					<button type="button" class="plain square" aria-label="Close this note" onClick={() => dismiss(n.id)}><Icon name="close" /></button>
				</div>
			))}
		</div>
	);
}

const accountPages: Record<Exclude<Page, "studio">, { title: string; body: () => ComponentChild }> = {
	"sign-up": { title: "Sign up", body: SignUp },
	"sign-in": { title: "Sign in", body: SignIn },
	verify: { title: "Confirm your address", body: Verify },
	forgot: { title: "Forgot the password", body: () => <Forgot /> },
	reset: { title: "New password", body: Reset },
	account: { title: "Account", body: Account },
	"confirm-email": { title: "Your address", body: ConfirmEmail },
	confirm: { title: "Confirm your address", body: Confirm },
	email: { title: "Your new address", body: EmailLink },
	"email-undo": { title: "Your address", body: EmailUndo },
	shares: { title: "Links", body: Shares },
};

/* A page beside the studio. */
function AccountPage({ page }: { page: Exclude<Page, "studio"> }) {
	const { title, body: Body } = accountPages[page];

	useEffect(() => {
		document.title = `${title} – bezel`;
	}, [title]);
	return (
		<div class="studio">
			<a class="skip" href="#page" onClick={(e) => {
				e.preventDefault();
				document.getElementById("page")?.focus();
			}}>To the page</a>
			<Top />
			<Banners />
			<main class="page" id="page" tabIndex={-1}><Body key={page} /></main>
			<Notes />
			<ShareDialog />
			<div class="away" role="status" aria-live="polite">{spoken.value}</div>
		</div>
	);
}

export function App() {
	const { page } = route.value;

	return page === "studio" ? <Studio key="studio" /> : <AccountPage key="page" page={page} />;
}

function Studio() {
	const design = open.value;

	useEffect(() => {
		document.title = design === null ? "bezel" : `${titleOf(design)} – bezel`;
	}, [design]);
	return (
		<div class="studio" data-tab={tab.value}>
			<a class="skip" href="#pictures" onClick={(e) => {
				e.preventDefault();
				tab.value = "pictures";
				document.getElementById("pictures")?.focus();
			}}>To the pictures</a>
			<Top />
			<Banners />
			<main class="panels">
				<section class="panel compose" aria-label="Compose"><Composer /></section>
				<section class="panel pictures" id="pictures" tabIndex={-1} aria-label="Pictures"><Stage /></section>
				<section class="panel designs" tabIndex={-1} aria-label="Designs"><History /></section>
			</main>
			<Tabs />
			<Notes />
			<ShareDialog />
			<Sheet />
			<div class="away" role="status" aria-live="polite">{spoken.value}</div>
		</div>
	);
}
