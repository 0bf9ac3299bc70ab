import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import type { Fault } from "../types";
import { faultText } from "../words";

/* A named group of inputs, with what is wrong with it below. */
interface GroupProps {
	label: string;
	hint?: string | undefined;
	faults: Fault[];
	pointer: string;
	children: ComponentChildren;
	class?: string;
}

export function faultsAt(faults: Fault[], pointer: string): Fault[] {
	return faults.filter((f) => f.pointer === pointer || (f.pointer ?? "").startsWith(pointer + "/"));
}

export function FaultLine({ id, faults }: { id: string; faults: Fault[] }) {
	return faults.length === 0 ? null
		: <p class="fault" id={id}>{faults.map(faultText).filter((t, i, all) => all.indexOf(t) === i).join(" ")}</p>;
}

export function Group({ label, hint, faults, pointer, children, class: more }: GroupProps) {
	const id = useId();
	const mine = faultsAt(faults, pointer);

	return (
		<fieldset class={`group ${more ?? ""} ${mine.length > 0 ? "bad" : ""}`} data-pointer={pointer}
			aria-describedby={[mine.length > 0 ? `${id}f` : "", hint ? `${id}h` : ""].filter(Boolean).join(" ") || undefined}>
			<legend>{label}</legend>
			{children}
			{hint && <p class="hint" id={`${id}h`}>{hint}</p>}
			<FaultLine id={`${id}f`} faults={mine} />
		</fieldset>
	);
}

/* One of a few, side by side. */
interface ChoiceProps<T extends string | number> {
	name: string;
	value: T | null;
	options: readonly { value: T; label: ComponentChildren; title?: string; text?: string }[];
	onChange: (value: T) => void;
	class?: string;
}

export function Choice<T extends string | number>({ name, value, options, onChange, class: more }: ChoiceProps<T>) {
	return (
		<div class={`choice ${more ?? ""}`}>
			{options.map((option) => (
				<label key={option.value} class={option.value === value ? "on" : ""} title={option.title}>
					<input type="radio" name={name} checked={option.value === value} aria-label={option.text}
						onChange={() => onChange(option.value)} />
					<span>{option.label}</span>
				</label>
			))}
		</div>
	);
}

interface TextProps {
	label: string;
	pointer: string;
	faults: Fault[];
	value: string;
	onInput: (value: string) => void;
	unit?: string;
	placeholder?: string;
	numeric?: boolean;
	maxLength?: number;
	hideLabel?: boolean;
	hint?: string | undefined;
	onDone?: () => void;
}

export function Text({ label, pointer, faults, value, onInput, unit, placeholder, numeric, maxLength, hideLabel, hint, onDone }: TextProps) {
	const id = useId();
	const mine = faults.filter((f) => f.pointer === pointer);

	return (
		<div class={`text ${mine.length > 0 ? "bad" : ""}`} data-pointer={pointer}>
			<label for={id} class={hideLabel ? "away" : ""}>{label}</label>
			<span class="box">
				<input id={id} type="text" value={value} placeholder={placeholder} maxLength={maxLength} autocomplete="off"
					inputMode={numeric ? "decimal" : undefined} aria-invalid={mine.length > 0}
					aria-describedby={mine.length > 0 ? `${id}f` : hint ? `${id}h` : undefined}
					onInput={(e) => onInput(e.currentTarget.value)} onChange={onDone} />
				{unit && <span class="unit" aria-hidden="true">{unit}</span>}
			</span>
			<FaultLine id={`${id}f`} faults={mine} />
			{hint && mine.length === 0 && <p class="hint" id={`${id}h`}>{hint}</p>}
		</div>
	);
}
