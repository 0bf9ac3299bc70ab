import { signal } from "@preact/signals";
import { get, post, remove } from "../client";

/* Keys for partners' programs. */
export interface ApiKeyNew {
	name: string;
	mode: "live" | "test";
	scopes: string[];
	expires_at: string | null;
}

export interface ApiKey extends ApiKeyNew {
	id: string;
	prefix?: string | null;
	created_at: string;
	last_used_at?: string | null;
	revoked_at?: string | null;
}

/* It stays in the list for a while after its end. */
export function hasEnded(key: ApiKey): boolean {
	return Boolean(key.revoked_at) || (key.expires_at !== null && Date.parse(key.expires_at) <= Date.now());
}

/* What a key may be allowed, in people's words. */
const words: Record<string, string> = {
	"designs:read": "See designs", "designs:write": "Change and trash designs", "generate": "Make designs and pictures",
	"folders:read": "See folders", "folders:write": "Change folders", "shares:read": "See shares and their visitors",
	"shares:write": "Share designs", "webhooks:read": "See webhooks", "webhooks:write": "Change webhooks",
	"account:read": "See profile, plan and usage",
};

export const scopes = (KEY_SCOPES.length > 0 ? KEY_SCOPES : Object.keys(words).slice(0, 3))
	.map((name) => ({ name, label: words[name] ?? name }));

/* What most programs need, and no more. */
export const usualScopes = ["designs:read", "designs:write", "generate"];

export const keys = signal<ApiKey[] | null>(null);

export async function readKeys(): Promise<void> {
	keys.value = (await get<{ items: ApiKey[] }>("/v1/api-keys?limit=100")).data.items;
}

/* The secret: it comes this once. */
export async function createKey(body: ApiKeyNew, key: string): Promise<string> {
	const { data } = await post<ApiKey & { key: string }>("/v1/api-keys", body, { key, tellLimits: true, tries: 2 });
	const { key: secret, ...rest } = data;

	keys.value = [rest, ...keys.value ?? []];
	return secret;
}

export async function endKey(id: string): Promise<void> {
	await remove(`/v1/api-keys/${id}`);
	keys.value = keys.value?.map((k) => k.id === id ? { ...k, revoked_at: new Date().toISOString() } : k) ?? null;
}
