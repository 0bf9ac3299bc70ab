// What tests of accounts do again and again, and what each of their pages must stand.
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { waitLink } from "./mail.mjs";
import { focusName } from "./studio.mjs";
import { is, settled } from "./tap.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const heading = (p, name) => p.getByRole("heading", { name, level: 1, exact: true }).waitFor();
export const field = (p, label) => p.getByRole("textbox", { name: label, exact: true });
export const faultAt = (p, label) => field(p, label).evaluate((e) => (e.getAttribute("aria-describedby") ?? "").split(" ")
	.map((id) => document.getElementById(id)).filter((x) => x?.classList.contains("fault")).map((x) => x.textContent).join(" "));
export const hasFocus = (p, label) => settled(() => field(p, label).evaluate((e) => e === document.activeElement), Boolean);
export const stored = (p, name) => p.evaluate((n) => localStorage.getItem("bezel." + n), name);

export async function fillSignIn(p, mail, word) {
	await field(p, "E-mail").fill(mail);
	await field(p, "Password").fill(word);
	await p.getByRole("button", { name: "Sign in", exact: true }).click();
}

export async function signIn(p, url, mail, word) {
	await p.goto(url + "/sign-in");
	await fillSignIn(p, mail, word);
	await p.locator(".member-button").waitFor();
}

export async function openAccount(p, url) {
	await p.goto(url + "/account");
	await heading(p, "Account");
	await p.locator(".bars").waitFor();
	await p.locator(".row[data-session]").first().waitFor();
}

/* Requests to the interface while something is done, as "GET /v1/me 200". */
export async function requests(p, run) {
	const seen = [];
	const note = (r) => {
		const url = new URL(r.url());
		if (url.pathname.startsWith("/v1/"))
			seen.push(`${r.request().method()} ${url.pathname} ${r.status()}`);
	};
	p.on("response", note);
	await run();
	p.off("response", note);
	return seen;
}

export async function tabTo(p, name) {
	for (let i = 0; i < 40; i++) {
		await p.keyboard.press("Tab");
		if ((await focusName(p)).startsWith(name))
			return true;
	}
	return false;
}

async function looks(p, where) {
	const own = await p.evaluate(() => document.documentElement.dataset.theme ?? null);
	for (const colorScheme of ["light", "dark"]) {
		await p.evaluate((look) => { document.documentElement.dataset.theme = look; }, colorScheme);
		await p.evaluate(axe);
		const { violations } = await p.evaluate(() => window.axe.run(document, {
			runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
		}));
		is(violations.map((v) => [v.id, v.impact, v.nodes.slice(0, 3).map((n) => n.html.slice(0, 140))]), [],
			`axe finds nothing: ${where}, ${colorScheme}`);
		await shoot(p, `${where}, ${colorScheme}`);
	}
	await p.evaluate((look) => {
		if (look === null)
			delete document.documentElement.dataset.theme;
		else
			document.documentElement.dataset.theme = look;
	}, own);
}

export async function shoot(p, name) {
	if (!process.env.BEZEL_TEST_SHOTS)
		return;
	await mkdir(process.env.BEZEL_TEST_SHOTS, { recursive: true });
	await p.screenshot({ path: join(process.env.BEZEL_TEST_SHOTS, name.replace(/\W+/g, "-") + ".png"), fullPage: false });
}

/* 360 px: nothing sideways, and everything that one touches is large enough. */
export async function onPhone(p, where) {
	await p.setViewportSize({ width: 360, height: 740 });
	const found = await p.evaluate(() => {
		const wide = [...document.querySelectorAll("body *")].filter((e) => {
			const box = e.getBoundingClientRect();
			return box.width > 1 && !(e instanceof SVGElement) && !e.closest(".away") && (box.right > innerWidth + 0.5 || box.left < -0.5)
				&& e.closest(".skip") === null;
		}).map((e) => `${e.tagName}.${e.className}`);
		const small = [...document.querySelectorAll("button, a, select, input:not([hidden], .away)")].filter((e) => {
			const box = (e.closest("label") ?? e).getBoundingClientRect();
			return box.width > 0 && (box.width < 24 || box.height < 24) && e.closest(".skip") === null;
		}).map((e) => e.outerHTML.slice(0, 100));
		return [...wide.slice(0, 4), ...small.slice(0, 4)];
	});
	is(found, [], `360 px: nothing is too wide or too small: ${where}`);
	await shoot(p, `360, ${where}`);
	await p.setViewportSize({ width: 1440, height: 900 });
}

export async function look(p, where) {
	await looks(p, where);
	await onPhone(p, where);
}

// An account, made as people make it, and signed in.
export async function becomeMember(p, stack, mail, word) {
	await p.goto(stack.url + "/sign-up");
	await field(p, "E-mail").fill(mail);
	await field(p, "Password").fill(word);
	await p.getByRole("button", { name: "Make an account" }).click();
	await heading(p, "Look into your mail");
	await p.goto(stack.url + await waitLink(stack, mail, "verify"));
	await p.locator(".member-button").waitFor();
}
