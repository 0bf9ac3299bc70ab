import { signal } from "@preact/signals";
import type { Fault, Problem } from "./types";

/*
 * Every request to the interface goes through here. What did not arrive or met a service that is away is tried
 * again by itself; each POST carries an Idempotency-Key that stays the same meanwhile, so nothing is made twice.
 */

export class ApiProblem extends Error {
	readonly status: number;
	readonly code: string;
	readonly faults: Fault[];
	readonly retryAfterS: number | null;

	constructor(status: number, problem: Partial<Problem>, retryAfterS: number | null) {
		super(problem.detail || problem.title || "The service answered with an error.");
		this.status = status;
		this.code = problem.code ?? "unknown";
		this.faults = problem.errors ?? [];
		this.retryAfterS = retryAfterS;
	}
}

export class Unreachable extends Error {
	constructor() {
		super("The studio cannot reach its service. Nothing is lost; try again when you are connected.");
	}
}

export interface Answer<T> {
	status: number;
	data: T;
	etag: string | null;
	headers: Headers;
}

export interface Ask {
	json?: unknown;
	form?: FormData;
	key?: string;
	etag?: string | null;
	/* Only what is still as it was when it was read is changed: else 412. */
	ifMatch?: string | null;
	patch?: boolean;
	tries?: number;
	/* A 401 is an answer, no reason to begin a session. */
	asIs?: boolean;
	/* "Too many requests" is told at once, as it is when somebody has to wait for minutes. */
	tellLimits?: boolean;
}

/* What the page says about the connection. */
export const connection = signal<{ state: "ok" | "offline" | "away"; retryAt: number }>({ state: "ok", retryAt: 0 });

const sleepers = new Set<() => void>();

export function retryNow(): void {
	for (const wake of [...sleepers])
		wake();
}

function sleep(ms: number): Promise<void> {
	return new Promise((resolve) => {
		const wake = () => {
			clearTimeout(timer);
			sleepers.delete(wake);
			resolve();
		};
		const timer = setTimeout(wake, ms);
		sleepers.add(wake);
	});
}

export function newKey(): string {
	return crypto.randomUUID ? crypto.randomUUID()
		: [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
}

function headersOf(method: string, ask: Ask): Headers {
	const headers = new Headers({ Accept: "application/json" });

	if (ask.json !== undefined)
		headers.set("Content-Type", ask.patch ? "application/merge-patch+json" : "application/json");
	if (method === "POST")
		headers.set("Idempotency-Key", ask.key ?? newKey());
	if (ask.etag)
		headers.set("If-None-Match", ask.etag);
	if (ask.ifMatch)
		headers.set("If-Match", ask.ifMatch);
	return headers;
}

function retryAfter(headers: Headers): number | null {
	const seconds = Number(headers.get("Retry-After") ?? NaN);

	return Number.isFinite(seconds) ? seconds : null;
}

async function problemOf(response: Response): Promise<ApiProblem> {
	let problem: Partial<Problem> = {};

	try {
		problem = await response.json() as Partial<Problem>;
	} catch {
		/* Somebody between us and the service; its status must do. */
	}
	return new ApiProblem(response.status, problem, retryAfter(response.headers));
}

/* The service is there, but cannot answer now; or our own first try is still running there. */
function passes(problem: ApiProblem, ask: Ask): boolean {
	return [502, 503, 504].includes(problem.status) || problem.code === "idempotency_running"
		|| (problem.code === "rate_limited" && !ask.tellLimits);
}

/* Not of a sign-in with a wrong password, which is a 401 too. */
function lacksSession(error: unknown): boolean {
	return error instanceof ApiProblem && error.status === 401 && error.code !== "wrong_credentials";
}

async function once<T>(method: string, path: string, ask: Ask, headers: Headers): Promise<Answer<T>> {
	let response: Response;

	try {
		response = await fetch(path, {
			method, headers, cache: "no-store", credentials: "same-origin",
			body: ask.form ?? (ask.json === undefined ? null : JSON.stringify(ask.json)),
		});
	} catch {
		throw new Unreachable();
	}
	if (response.status >= 400)
		throw await problemOf(response);
	let data = null as T;
	if (response.status !== 204 && response.status !== 304) {
		try {
			data = await response.json() as T;
		} catch {
			throw new Unreachable();
		}
	}
	return { status: response.status, data, etag: response.headers.get("ETag"), headers: response.headers };
}

/* Set by the session: begins a new one; false when that is of no use. */
let onNoSession: () => Promise<boolean> = () => Promise.resolve(false);

export function whenNoSession(handler: () => Promise<boolean>): void {
	onNoSession = handler;
}

export async function call<T>(method: string, path: string, ask: Ask = {}): Promise<Answer<T>> {
	const headers = headersOf(method, ask);
	const tries = ask.tries ?? 4;
	let renewed = false;

	for (let attempt = 1; ; attempt++) {
		try {
			const answer = await once<T>(method, path, ask, headers);
			if (connection.value.state !== "ok")
				connection.value = { state: "ok", retryAt: 0 };
			return answer;
		} catch (error) {
			if (lacksSession(error) && !renewed && !ask.asIs && path !== "/v1/guest-session") {
				renewed = true;
				if (await onNoSession())
					continue;
			}
			const away = error instanceof ApiProblem && passes(error, ask);
			if (!away && !(error instanceof Unreachable)) {
				if (connection.value.state !== "ok")
					connection.value = { state: "ok", retryAt: 0 };
				throw error;
			}
			const asked = error instanceof ApiProblem ? error.retryAfterS : null;
			const wait = Math.min(15000, Math.max((asked ?? 0) * 1000, 600 * 2 ** (attempt - 1)));
			if (!(error instanceof ApiProblem && error.status < 500))
				connection.value = { state: away ? "away" : "offline", retryAt: Date.now() + wait };
			if (attempt >= tries)
				throw error;
			await sleep(wait);
		}
	}
}

export const get = <T>(path: string, ask?: Ask) => call<T>("GET", path, ask);
export const post = <T>(path: string, json?: unknown, ask?: Ask) =>
	call<T>("POST", path, json === undefined ? ask : { ...ask, json });
export const put = <T>(path: string, json: unknown, ask?: Ask) => call<T>("PUT", path, { ...ask, json });
export const patch = <T>(path: string, json: unknown) => call<T>("PATCH", path, { json, patch: true });
export const remove = (path: string, ask?: Ask) => call<null>("DELETE", path, ask);

/* Sentences for people, for what any request may meet. */
export function sentenceOf(error: unknown): string {
	if (error instanceof ApiProblem) {
		if (error.status === 503 || error.status === 502 || error.status === 504)
			return "The studio is busy or being looked after. Nothing is lost; try again in a moment.";
		if (error.status >= 500)
			return "Something went wrong on our side. Nothing is lost; try again.";
		return error.message;
	}
	return error instanceof Error ? error.message : String(error);
}

window.addEventListener("online", retryNow);
