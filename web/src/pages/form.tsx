import type { ComponentChildren, RefObject } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { ApiProblem, sentenceOf } from "../client";
import { speak } from "../state/notes";
import { visit } from "../state/route";
import type { Fault } from "../types";
import { faultText, span } from "../words";
import { FaultLine } from "../ui/field";

/*
 * Forms of the account pages: real ones, whose fields the browser fills and keeps, read when they are sent. A field's
 * name is its pointer, so what the interface finds fault with is shown where it was typed.
 */
export interface Form {
	ref: RefObject<HTMLFormElement | null>;
	faults: Fault[];
	trouble: string | null;
	sending: boolean;
	touched: (name: string) => void;
	submit: (e: Event) => void;
}

export type Values = Record<string, string>;

interface FormPlan {
	/* What to say of fields that are empty, without asking the interface. */
	needed: Record<string, string>;
	send: (values: Values) => Promise<void>;
	/* Other words for what goes wrong; undefined for the usual ones. */
	words?: (error: ApiProblem) => string | undefined;
}

function valuesOf(form: HTMLFormElement): Values {
	return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
}

export function waitWords(error: ApiProblem): string {
	const s = error.retryAfterS ?? 0;

	return s > 0 ? `Try again in ${span(s, true)}.` : "Try again later.";
}

function troubleOf(error: unknown, words: FormPlan["words"]): string {
	if (error instanceof ApiProblem) {
		const own = words?.(error);
		if (own !== undefined)
			return own;
		if (error.status === 429)
			return `That was tried too often. ${waitWords(error)}`;
		if (error.status === 401)
			return "Your session has ended. Sign in to go on.";
	}
	return sentenceOf(error);
}

export function useForm({ needed, send, words }: FormPlan): Form {
	const ref = useRef<HTMLFormElement>(null);
	const [faults, setFaults] = useState<Fault[]>([]);
	const [trouble, setTrouble] = useState<string | null>(null);
	const [sending, setSending] = useState(false);
	const [refused, refuse] = useState(0);

	useLayoutEffect(() => {
		if (refused > 0)
			ref.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
	}, [refused]);

	function show(all: Fault[]): void {
		const has = (fault: Fault) => ref.current?.elements.namedItem((fault.pointer ?? "").slice(1)) !== null;
		const homeless = all.filter((fault) => !has(fault));

		setFaults(all.filter(has));
		setTrouble(homeless.length > 0 ? homeless.map(faultText).join(" ") : null);
		refuse((n) => n + 1);
		speak(all.length === 1 ? "One entry needs a change." : `${all.length} entries need a change.`);
	}

	async function run(values: Values): Promise<void> {
		setSending(true);
		try {
			await send(values);
		} catch (error) {
			if (error instanceof ApiProblem && error.faults.length > 0)
				show(error.faults);
			else
				setTrouble(troubleOf(error, words));
		} finally {
			setSending(false);
		}
	}

	function submit(e: Event): void {
		e.preventDefault();
		if (sending || ref.current === null)
			return;
		const values = valuesOf(ref.current);
		const empty = Object.entries(needed).filter(([name]) => (values[name] ?? "").trim() === "");
		setTrouble(null);
		setFaults([]);
		if (empty.length > 0)
			show(empty.map(([name, detail]) => ({ pointer: `/${name}`, code: "empty", detail })));
		else
			void run(values);
	}

	return {
		ref, faults, trouble, sending, submit,
		touched: (name) => setFaults((all) => all.filter((f) => f.pointer !== `/${name}`)),
	};
}

/* What was typed and not sent, by name: a session that ends meanwhile takes the page away, and not that. */
const unsent = new Map<string, string>();

export const sent = (keep: string) => unsent.delete(keep);

interface EntryProps {
	form: Form;
	name: string;
	label: string;
	type?: "text" | "email" | "password";
	autocomplete: string;
	value?: string;
	hint?: string | undefined;
	optional?: boolean;
	maxLength?: number;
	keep?: string;
	onInput?: (value: string) => void;
}

export function Entry({ form, name, label, type = "text", autocomplete, value, hint, optional, maxLength, keep, onInput }: EntryProps) {
	const id = useId();
	const [shown, setShown] = useState(false);
	const mine = form.faults.filter((f) => f.pointer === `/${name}`);
	const described = mine.length > 0 ? `${id}f` : hint ? `${id}h` : undefined;

	return (
		<div class={mine.length > 0 ? "entry-field bad" : "entry-field"}>
			<label class="legend" for={id}>{label}{optional && <span class="quiet"> (optional)</span>}</label>
			<span class="box">
				<input id={id} name={name} type={(type === "password" && shown ? "text" : type) as "text"} defaultValue={unsent.get(keep ?? "") ?? value ?? ""}
					autocomplete={autocomplete as "on"} maxLength={maxLength} aria-required={!optional} aria-invalid={mine.length > 0}
					aria-describedby={described} spellcheck={type === "text"}
					autocapitalize={type === "text" ? "words" : "none"}
					onInput={(e) => {
						form.touched(name);
						if (keep !== undefined)
							unsent.set(keep, e.currentTarget.value);
						onInput?.(e.currentTarget.value);
					}} />
				{type === "password" && (
					<button type="button" class="plain show" aria-label={`${shown ? "Hide" : "Show"} ${label.toLowerCase()}`}
						onClick={() => setShown(!shown)}>{shown ? "Hide" : "Show"}</button>
				)}
			</span>
			<FaultLine id={`${id}f`} faults={mine} />
			{hint && mine.length === 0 && <p class="hint" id={`${id}h`}>{hint}</p>}
		</div>
	);
}

/* A password that is new: how much is missing is said while it is typed, the rest by who knows the common ones. */
export function NewPassword({ form, name, label }: { form: Form; name: string; label: string }) {
	const [length, setLength] = useState(0);
	const missing = 8 - length;

	return (
		<Entry form={form} name={name} label={label} type="password" autocomplete="new-password" onInput={(v) => setLength([...v].length)}
			hint={length === 0 ? "At least 8 characters. A short sentence is strong, and easy to remember."
				: missing > 0 ? `${missing} more ${missing === 1 ? "character" : "characters"}.` : "Long enough."} />
	);
}

export function Trouble({ form }: { form: Form }) {
	return form.trouble === null ? null : <p class="fault summary" role="alert">{form.trouble}</p>;
}

export function Submit({ form, children, busy }: { form: Form; children: ComponentChildren; busy: string }) {
	return <button type="submit" class="main centred" aria-disabled={form.sending}>{form.sending ? busy : children}</button>;
}

/* A link within the studio. */
export function A({ to, children, class: more }: { to: string; children: ComponentChildren; class?: string }) {
	return (
		<a href={to} class={more} onClick={(e) => {
			if (!e.ctrlKey && !e.metaKey && !e.shiftKey) {
				e.preventDefault();
				visit(to);
			}
		}}>{children}</a>
	);
}

/* A page of one card. Its heading takes the focus when one comes from another page of the studio. */
export function Card({ title, lead, children }: { title: string; lead?: ComponentChildren; children?: ComponentChildren }) {
	const heading = useRef<HTMLHeadingElement>(null);

	useLayoutEffect(() => {
		if (document.activeElement === document.body || document.activeElement === null || !document.activeElement.isConnected)
			heading.current?.focus({ preventScroll: true });
	}, [title]);
	return (
		<div class="card">
			<h1 ref={heading} tabIndex={-1}>{title}</h1>
			{lead && <p class="lead">{lead}</p>}
			{children}
		</div>
	);
}
