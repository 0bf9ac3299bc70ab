import { useEffect, useState } from "preact/hooks";
import { sentenceOf } from "../client";
import { signInAgain } from "../state/account";
import { note } from "../state/notes";
import { problemCode } from "../state/route";
import { A } from "./form";

/* What went wrong on the way through another service, by its code in src/base/errors.def, and what to do next. */
interface Words {
	text: string;
	/* No fault, as when one changed one's mind. */
	mild?: boolean;
	next?: "forgot" | "again";
}

const words: Record<string, Words> = {
	sign_in_cancelled: { mild: true, text: "You stopped there, and nothing was changed. Begin again whenever you like." },
	sign_in_state: { text: "That sign-in was begun in another browser, took longer than ten minutes, or was over already. Begin again here." },
	sign_in_refused: { text: "The other service did not confirm the sign-in. Begin again; a new try often helps." },
	sign_in_invalid: { text: "What the other service answered could not be verified, so it was not relied on. Begin again; if that does not help, choose another way." },
	sign_in_unavailable: { text: "The other service does not answer. Try again in a few minutes, or choose another way." },
	account_disabled: { text: "This account is closed. Whoever keeps this studio can tell you why." },
	account_exists: { next: "forgot", text: "There is an account with that e-mail address already. Sign in to it as you usually do; then link the other service under “Ways to sign in” in your account." },
	identity_taken: { text: "That sign-in opens another account already, or yours is linked with that service by another one. Unlink that one first, or sign in there as somebody else." },
	other_browser: { text: "That link belongs to another browser. Open it in the one in which you began." },
	last_way_in: { text: "Without it nobody could sign in to your account. Choose a password first." },
	link_expired: { text: "That link was used already, or is too old. Begin again." },
	session_required: { text: "Your session had ended meanwhile. Sign in, then link again." },
	session_expired: { text: "Your session had ended meanwhile. Sign in, then link again." },
	fresh_login_required: { next: "again", text: "Linking needs a sign-in of the last minutes, so that nobody else can do it at your desk." },
	rate_limited: { text: "Too many accounts were made from here. Try again tomorrow, or sign in to one that you have." },
	unavailable: { text: "The studio is busy or being looked after. Try again in a moment." },
	internal: { text: "Something went wrong on our side. Try again, or choose another way." },
};

export function problemWords(code: string): Words {
	return words[code] ?? { text: "That did not work. Begin again, or choose another way." };
}

/* One signs in again, and comes back to that place. */
export function SignInAgain({ to }: { to: string }) {
	const [busy, setBusy] = useState(false);

	return (
		<button type="button" class="link" disabled={busy} onClick={() => {
			setBusy(true);
			signInAgain(to).catch((error: unknown) => {
				setBusy(false);
				note(sentenceOf(error), null, "fault");
			});
		}}>Sign in again</button>
	);
}

/* Until one goes to another page. */
export function ProblemLine() {
	const code = problemCode.value;

	useEffect(() => () => {
		problemCode.value = null;
	}, []);
	if (code === null)
		return null;
	const { text, mild, next } = problemWords(code);
	return (
		<p class={mild ? "along" : "fault summary"} role={mild ? "status" : "alert"} data-problem={code}>
			{text}{next === "forgot" && <> <A to="/forgot" class="link">No password, or forgotten?</A></>}{next === "again" && <> <SignInAgain to="/account#ways" /></>}
		</p>
	);
}
