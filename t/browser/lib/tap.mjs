// Points of a test as TAP. A test that throws is a failed point; those after it still run.
import { inspect } from "node:util";

let points = 0;
let failed = 0;
const tests = [];
const atFailure = [];
const atEnd = [];

export function diag(text) {
	for (const line of String(text).split("\n"))
		console.log("# " + line.slice(0, 600));
}

export function ok(value, name, why) {
	points++;
	if (!value)
		failed++;
	console.log(`${value ? "ok" : "not ok"} ${points} - ${String(name).replace(/#/g, "\\#").replace(/\n/g, " ")}`);
	if (!value && why !== undefined)
		diag(typeof why === "string" ? why : inspect(why, { depth: 5 }));
	return Boolean(value);
}

export function is(got, want, name) {
	return ok(Object.is(got, want) || inspect(got, { depth: 9 }) === inspect(want, { depth: 9 }), name,
		`got:  ${inspect(got, { depth: 9 })}\nwant: ${inspect(want, { depth: 9 })}`);
}

// Times are so many times longer on a machine with much else to do.
export const slower = Number(process.env.BEZEL_TEST_SLOWER ?? 1);

// What `read` gives, once that is good, at the latest after some seconds: for what follows in a later frame, or with
// an answer that nothing on the page tells of.
export async function settled(read, good, seconds = 5) {
	for (const until = Date.now() + seconds * 1000 * slower;; await new Promise((done) => setTimeout(done, 20))) {
		const got = await read();
		if (good(got) || Date.now() > until)
			return got;
	}
}

// A point about what becomes so.
export const becomes = async (read, want, name) =>
	is(await settled(read, (got) => inspect(got, { depth: 9 }) === inspect(want, { depth: 9 })), want, name);

export const test = (name, run) => void tests.push({ name, run });
export const whenFailed = (run) => void atFailure.push(run);
export const whenEnded = (run) => void atEnd.push(run);

export async function main() {
	for (const { name, run } of tests) {
		const began = Date.now();
		try {
			await run();
		} catch (error) {
			ok(false, `${name}: went wrong`, error.stack ?? String(error));
			for (const each of atFailure)
				await each(name).catch((e) => diag(e));
		}
		diag(`${name}: ${((Date.now() - began) / 1000).toFixed(1)} s`);
	}
	for (const each of atEnd.reverse())
		await each().catch((error) => ok(false, "the end is clean", error.stack));
	console.log(`1..${points}`);
	process.exitCode = failed > 0 || points === 0 ? 1 : 0;
}
