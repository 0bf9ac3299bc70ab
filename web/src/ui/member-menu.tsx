import { useEffect, useRef, useState } from "preact/hooks";
import { sentenceOf } from "../client";
import { A } from "../pages/form";
import { signOut } from "../state/account";
import { note } from "../state/notes";
import { uses } from "../state/quota";
import { canShare } from "../state/shares";
import { member } from "../state/session";
import type { User } from "../types";
import { Icon } from "./icons";

const nameOf = (user: User) => user.full_name ?? user.email.split("@")[0] ?? user.email;

/* The member's picture, else the first letter of the name; always beside the name in words. */
export function Portrait({ large }: { large?: boolean }) {
	const user = member.value;

	if (user === null)
		return null;
	return (
		<span class={large ? "initial portrait" : "initial"} aria-hidden="true">
			{user.profile_photo_url ? <img src={user.profile_photo_url} alt="" /> : [...nameOf(user)][0]?.toUpperCase()}
		</span>
	);
}

/* Who is signed in, and the few things behind that. */
export function MemberMenu() {
	const [open, setOpen] = useState(false);
	const [leaving, setLeaving] = useState(false);
	const box = useRef<HTMLDivElement>(null);
	const button = useRef<HTMLButtonElement>(null);
	const user = member.value;

	useEffect(() => {
		if (!open)
			return undefined;
		const away = (e: Event) => {
			if (e.target instanceof Node && !box.current?.contains(e.target))
				setOpen(false);
		};
		document.addEventListener("pointerdown", away);
		document.addEventListener("focusin", away);
		return () => {
			document.removeEventListener("pointerdown", away);
			document.removeEventListener("focusin", away);
		};
	}, [open]);

	if (user === null)
		return null;
	const name = nameOf(user);
	const left = uses.value;
	async function out(): Promise<void> {
		setLeaving(true);
		try {
			await signOut();
		} catch (error) {
			setLeaving(false);
			note(sentenceOf(error), null, "fault");
		}
	}

	return (
		<div class="member" ref={box} onKeyDown={(e) => {
			if (e.key === "Escape" && open) {
				e.preventDefault();
				setOpen(false);
				button.current?.focus();
			}
		}}>
			<button ref={button} type="button" class="plain member-button" aria-expanded={open} aria-controls="member-menu"
				onClick={() => setOpen(!open)}>
				<Portrait />
				<span class="away">Your account: </span>
				<span class="long">{name}</span>
				<Icon name="down" />
			</button>
			{open && (
				<div class="menu" id="member-menu" role="group" aria-label="Your account">
					<p class="menu-head"><strong>{user.full_name ?? name}</strong><span class="hint">{user.email}</span></p>
					{left !== null && <p class="hint figures menu-uses">{left.left} of {left.limit} designs left {left.per}</p>}
					<div onClick={() => setOpen(false)}><A to="/account" class="plain"><Icon name="person" /> Account</A></div>
					{canShare && <div onClick={() => setOpen(false)}><A to="/shares" class="plain"><Icon name="share" /> Links</A></div>}
					<button type="button" class="plain" disabled={leaving} onClick={() => void out()}><Icon name="leave" /> {leaving ? "Signing out…" : "Sign out"}</button>
				</div>
			)}
		</div>
	);
}
