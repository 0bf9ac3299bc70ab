import { useState } from "preact/hooks";
import { sentenceOf } from "../client";
import { chooseLook, edit } from "../state/account";
import type { Edit } from "../state/account";
import { note, speak } from "../state/notes";
import { theme } from "../state/prefs";
import type { Theme } from "../state/prefs";
import { member } from "../state/session";
import type { User } from "../types";
import { Choice, Group } from "../ui/field";
import { stepOf, strengths } from "../words";

type Mail = keyof User["preferences"]["email_notifications"];

const mails: { name: Mail; label: string; hint: string }[] = [
	{ name: "account_activity", label: "Activity of the account", hint: "When somebody signs in on a new device" },
	{ name: "new_features", label: "News about the studio", hint: "When it can do something new" },
	{ name: "design_tips", label: "Tips", hint: "How to describe stones and settings well" },
];

const looks: { value: Theme; label: string }[] = [
	{ value: "light", label: "Light" }, { value: "dark", label: "Dark" }, { value: "system", label: "As the system" },
];

/* What was chosen is on show at once; it goes back when it could not be kept. */
export function Settings() {
	const user = member.value;
	const [ahead, setAhead] = useState<Partial<User["preferences"]>>({});
	const [saved, setSaved] = useState(0);

	if (user === null)
		return null;
	const now = { ...user.preferences, ...ahead };
	async function set(shown: Partial<User["preferences"]>, what: Edit): Promise<void> {
		setAhead((a) => ({ ...a, ...shown }));
		await keep(edit(what));
		setAhead((a) => Object.fromEntries(Object.entries(a).filter(([name, v]) => shown[name as keyof typeof shown] !== v)));
	}
	async function keep(done: Promise<void>): Promise<void> {
		try {
			await done;
			setSaved((n) => n + 1);
			speak("Saved.");
		} catch (error) {
			note(sentenceOf(error), null, "fault");
		}
	}

	return (
		<div class="stack settings">
			<Group label="Look" pointer="/preferences/theme" faults={[]}
				hint={theme.value === "system" ? "This browser goes by its system, whatever other devices do." : "On all your devices."}>
				<Choice name="look" value={theme.value} options={looks} onChange={(look) => void keep(chooseLook(look))} />
			</Group>
			<Group label="Pictures of a new piece" pointer="/preferences/default_num_variations" faults={[]}>
				<Choice name="usual-count" value={now.default_num_variations}
					options={[2, 3, 4].map((n) => ({ value: n, label: String(n), text: `Usually ${n} pictures` }))}
					onChange={(n) => void set({ default_num_variations: n }, { preferences: { default_num_variations: n } })} />
			</Group>
			<Group label="Strength of a refinement" pointer="/preferences/default_refinement_strength" faults={[]}
				hint={strengths.find((s) => s.value === stepOf(now.default_refinement_strength))?.hint}>
				<Choice name="usual-strength" value={stepOf(now.default_refinement_strength)}
					options={strengths.map((s) => ({ value: s.value as number, label: s.name }))}
					onChange={(v) => void set({ default_refinement_strength: v }, { preferences: { default_refinement_strength: v } })} />
			</Group>
			<fieldset class="group">
				<legend>Mail that you get</legend>
				{mails.map(({ name, label, hint }) => (
					<label key={name} class="check two-lines">
						<input type="checkbox" name={name} checked={now.email_notifications[name]} onChange={(e) => {
							const on = e.currentTarget.checked;
							void set({ email_notifications: { ...now.email_notifications, [name]: on } },
								{ preferences: { email_notifications: { [name]: on } } });
						}} />
						<span>{label}<small class="hint">{hint}</small></span>
					</label>
				))}
				<p class="hint">Links that you ask for, and word of a changed password, always come.</p>
			</fieldset>
			<p class="hint saved" aria-hidden="true">{saved > 0 ? "Saved." : "Changes are kept at once."}</p>
		</div>
	);
}
