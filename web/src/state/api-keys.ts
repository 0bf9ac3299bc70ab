import { effect, signal } from "@preact/signals";
import { get, post, remove } from "../client";
import type { components, paths } from "../api";
import { member } from "./session";
import { keepHere, keptHere } from "./storage";

/* Keys for programs of one's own. */
export type ApiKeyNew = components["schemas"]["ApiKeyNew"];
export type ApiKey = components["schemas"]["ApiKey"];
export type Scope = ApiKeyNew["scopes"][number];
type KeyPage = paths["/v1/api-keys"]["get"]["responses"][200]["content"]["application/json"];

/* It stays in the list for a while after its end. */
export function hasEnded(key: ApiKey): boolean {
	return Boolean(key.revoked_at) || (key.expires_at !== null && Date.parse(key.expires_at) <= Date.now());
}

/* What a key may be allowed, in people's words: all that the interface knows, else this does not compile. */
const words: Record<Scope, string> = {
	"designs:read": "See designs", "designs:write": "Change and trash designs", "generate": "Make designs and pictures",
	"folders:read": "See folders", "folders:write": "Change folders", "shares:read": "See shares and their visitors",
	"shares:write": "Share designs", "webhooks:read": "See webhooks", "webhooks:write": "Change webhooks",
	"account:read": "See profile, plan and usage",
};

export const scopes = (Object.keys(words) as Scope[]).map((name) => ({ name, label: words[name] }));

/* "See designs, change and trash designs" */
export function scopeWords(key: ApiKey): string {
	const text = key.scopes.map((name, i) => i === 0 ? words[name] : words[name].charAt(0).toLowerCase() + words[name].slice(1)).join(", ");

	return key.scopes.length === scopes.length ? "Everything" : text;
}

/* What most programs need, and no more. */
export const usualScopes: Scope[] = ["designs:read", "designs:write", "generate"];

/* What was chosen before one had to sign in again for it, which may be on a page of another service. */
export interface KeyDraft {
	name: string;
	mode: ApiKeyNew["mode"];
	days: number;
	scopes: Scope[];
}

export function keepDraft(draft: KeyDraft): void {
	keepHere("key_draft", JSON.stringify({ ...draft, of: member.value?.id }));
}

/* Once, and for whom it is of. */
export function takeDraft(): KeyDraft | null {
	const text = keptHere("key_draft");
	const { of, ...draft } = JSON.parse(text ?? "{}") as KeyDraft & { of?: string };

	keepHere("key_draft", null);
	return of !== undefined && of === member.value?.id ? draft : null;
}

export const keys = signal<ApiKey[] | null>(null);

export async function readKeys(): Promise<void> {
	let all: ApiKey[] = [];
	let cursor: string | null = null;

	/* 20 live ones at most, and those that ended lately. */
	do {
		const more: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
		const { data } = await get<KeyPage>(`/v1/api-keys?limit=100${more}`);
		all = [...all, ...data.items];
		cursor = data.next_cursor;
	} while (cursor !== null && all.length < 500);
	keys.value = all;
}

/* The secret: it comes this once. */
export async function createKey(body: ApiKeyNew, key: string): Promise<string> {
	const { data } = await post<ApiKey>("/v1/api-keys", body, { key, tellLimits: true, tries: 2 });
	const { key: secret, ...rest } = data;

	keys.value = [rest, ...keys.value ?? []];
	return secret ?? "";
}

export async function endKey(id: string): Promise<void> {
	await remove(`/v1/api-keys/${id}`);
	keys.value = keys.value?.map((k) => k.id === id ? { ...k, revoked_at: new Date().toISOString() } : k) ?? null;
}

effect(() => {
	if (member.value === null)
		keys.value = null;
});
