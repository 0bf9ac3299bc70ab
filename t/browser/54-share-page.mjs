// The page of a link in a browser, with and without script: nothing moves, nothing complains, nothing is fetched from
// elsewhere; every width, both looks, paper; the form for a password; when a look is told.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { shoot } from "./lib/accounts.mjs";
import { Browser } from "./lib/browser.mjs";
import { waitLink } from "./lib/mail.mjs";
import { Stack } from "./lib/stack.mjs";
import { is, main, ok, test, whenEnded, whenFailed } from "./lib/tap.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const password = "seven small emeralds";
const prompt = "A ring for my grandmother, with leaves of ivy.\nThe band is slim, and a little uneven, as if it had been worn for years.";
const stack = new Stack({ provider_script: "*:ok:20" });
const browser = new Browser();
const plain = new Browser();	// runs no script
whenEnded(() => stack.close());
whenEnded(() => browser.close());
whenEnded(() => plain.close());
whenFailed(() => stack.showLogs());
await stack.start();
await browser.open();
await plain.open({ javaScriptEnabled: false });
for (const each of [browser, plain])
	each.expected.push(/Failed to load resource: the server responded with a status of (403|404|410) .*\/s\/[\w-]+\)$/);

/* --- links to look at ------------------------------------------------------------- */

const owners = new Browser();
whenEnded(() => owners.close());
const owner = (await owners.open()).context;

async function ask(method, path, data, headers = {}) {
	const reply = await owner.request.fetch(stack.url + path, { method, data, headers: { Origin: stack.url, ...headers } });

	if (!reply.ok())
		throw new Error(`${method} ${path}: ${reply.status()} ${await reply.text()}`);
	return reply.status() === 204 ? undefined : reply.json();
}

async function becomeMember() {
	await ask("POST", "/v1/auth/register", { email: "ada@example.net", password: "a stone of 7 carats" });
	const found = await waitLink(stack, "ada@example.net", "verify");
	await ask("POST", "/v1/auth/verify-email", { token: found.split("#token=")[1] });
}

async function shared(settings) {
	const design = await ask("POST", "/v1/designs", {
		gem_data: { type: "Sapphire", cut: "Oval", color: "Blue", transparency: "Transparent",
			size: { simple: null, dimensions: null, carat_weight: 2.4 } },
		original_prompt: prompt, num_variations_requested: 2,
		material_preferences: { metals: ["Rose Gold", "Platinum"], finish: "Polished" },
	}, { "Idempotency-Key": crypto.randomUUID() });
	for (let tries = 0; (await ask("GET", "/v1/designs/" + design.id)).generation !== undefined && tries < 300; tries++)
		await new Promise((over) => setTimeout(over, 100));
	const { url } = await ask("PUT", `/v1/designs/${design.id}/share`, settings);
	return { url, design: design.id, path: new URL(url).pathname, token: url.split("/").at(-1) };
}

await becomeMember();
const link = await shared({ title: "Grandmother's ring of ivy", show_prompt: true });

/* --- looking ---------------------------------------------------------------------- */

// A page that notes what moves and what is asked for.
async function watched(which) {
	const page = await which.page();

	page.asked = [];
	page.on("request", (r) => page.asked.push(`${r.method()} ${r.url().replace(stack.url, "")}`));
	await page.addInitScript(() => {
		window.moved = [];
		new PerformanceObserver((list) => list.getEntries().forEach((e) => window.moved.push(e.value)))
			.observe({ type: "layout-shift", buffered: true });
	});
	return page;
}

async function serious(page, where) {
	for (const colorScheme of ["light", "dark"]) {
		await page.emulateMedia({ colorScheme });
		await page.evaluate(axe);
		const { violations } = await page.evaluate(() => window.axe.run(document, {
			runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
		}));
		is(violations.map((v) => [v.id, v.impact, v.nodes.slice(0, 3).map((n) => n.html.slice(0, 140))]), [],
			`axe finds nothing: ${where}, ${colorScheme}`);
		await shoot(page, `share ${where}, ${colorScheme}`);
	}
	await page.emulateMedia({ colorScheme: "light" });
}

const wider = (page) => page.evaluate(() => {
	const found = document.scrollingElement.scrollWidth > innerWidth ? [`page ${document.scrollingElement.scrollWidth}`] : [];
	for (const e of document.querySelectorAll("body *")) {
		const box = e.getBoundingClientRect();
		if (box.width > 0 && (box.right > innerWidth + 0.5 || box.left < -0.5))
			found.push(`${e.tagName}.${e.className} ${box.left}..${box.right}`);
	}
	return found.slice(0, 5);
});

const boxes = (page) => page.evaluate(() => ["figure img", "figcaption", "h1", "dl", ".foot"].map((s) => {
	const { x, y, width, height } = document.querySelector(s).getBoundingClientRect();
	return [s, Math.round(x), Math.round(y), Math.round(width), Math.round(height)];
}));

const views = (page) => page.asked.filter((r) => /\/views$|\/v\.gif$/.test(r));

test("the page says what it is, and asks nobody else for anything", async () => {
	const page = await watched(browser);
	await page.goto(link.url, { waitUntil: "networkidle" });
	is(await page.title(), "Grandmother's ring of ivy", "its title");
	await page.getByRole("heading", { name: "Grandmother's ring of ivy", level: 1 }).waitFor();
	const image = page.getByRole("img", { name: "Grandmother's ring of ivy: Sapphire, oval, 2.4 ct. Rose gold and platinum, Polished" });
	ok(await image.evaluate((e) => e.complete && e.naturalWidth > 0), "the picture is there");
	is(await page.evaluate(() => window.moved), [], "nothing moved");
	const foreign = page.asked.filter((r) => !new RegExp(`^(GET ${link.path}(/i/[\\w.]+)?|POST /v1/shares/${link.token}/views|GET /icon\\.svg)$`).test(r));
	is(foreign, [], "it asks for its picture alone");
	is(views(page), [`POST /v1/shares/${link.token}/views`], "and tells once that it was looked at");
	await page.reload({ waitUntil: "networkidle" });
	is(views(page).length, 2, "and once more when it is loaded again");
	const mark = page.getByRole("link", { name: "bezel" });
	is(await mark.getAttribute("href"), "/", "a way to the studio");
	await page.keyboard.press("Tab");
	ok(await mark.evaluate((e) => e === document.activeElement && getComputedStyle(e).outlineStyle === "solid"
		&& parseFloat(getComputedStyle(e).outlineWidth) >= 2), "which has a visible focus");
	await page.close();
});

test("nothing moves when the picture comes late", async () => {
	for (const [width, height] of [[390, 844], [820, 1180], [1440, 900]]) {
		const page = await watched(browser);
		let come;
		const late = new Promise((resolve) => { come = resolve; });
		await page.route("**/i/*.webp", async (route) => {
			await late;
			await route.fallback();
		});
		await page.setViewportSize({ width, height });
		await page.goto(link.url, { waitUntil: "commit" });
		await page.locator(".foot").waitFor();
		const before = await boxes(page);
		come();
		await page.waitForLoadState("networkidle");
		ok(await page.locator("figure img").evaluate((e) => e.complete && e.naturalWidth > 0), "it came");
		is(await boxes(page), before, `${width} px: all is where it was`);
		is(await page.evaluate(() => window.moved), [], `${width} px: no layout shift`);
		await page.close();
	}
});

test("every width, both looks", async () => {
	const page = await watched(browser);
	for (const [width, height] of [[320, 640], [390, 844], [640, 900], [820, 1180], [959, 700], [960, 700], [1440, 900], [2560, 1300], [1440, 420]]) {
		await page.setViewportSize({ width, height });
		await page.goto(link.url, { waitUntil: "networkidle" });
		is(await wider(page), [], `${width} px: nothing is wider than the page`);
		const [image] = await boxes(page);
		ok(image[2] <= Math.max(60, height / 5) && image[2] + image[4] <= height && image[3] >= Math.min(width, height) * 0.5, `${width}x${height}: the picture first, and whole`, image);
		ok(await page.locator(".mark").evaluate((e) => e.getBoundingClientRect().height >= 24), `${width} px: a mark that a finger finds`);
		if ([320, 820, 1440].includes(width))
			await serious(page, `${width} x ${height}`);
	}
	await page.setViewportSize({ width: 640, height: 900 });
	await page.addInitScript(() => document.addEventListener("DOMContentLoaded", () => { document.documentElement.style.fontSize = "200%"; }));
	await page.goto(link.url, { waitUntil: "networkidle" });
	is(await wider(page), [], "twice as large letters: nothing is wider than the page");
	await page.close();
});

test("the picture lies on a neutral grey", async () => {
	const page = await watched(browser);
	await page.goto(link.url);
	for (const colorScheme of ["light", "dark"]) {
		await page.emulateMedia({ colorScheme });
		const around = await page.locator("figure").evaluate((e) => getComputedStyle(e).backgroundColor.match(/\d+/g).map(Number));
		ok(around[0] === around[1] && around[1] === around[2], `${colorScheme}: no colour beside it`, around);
		const dark = (await page.locator("body").evaluate((e) => getComputedStyle(e).backgroundColor.match(/\d+/g).map(Number)))[0] < 64;
		is(dark, colorScheme === "dark", `${colorScheme}: as the system wants`);
	}
	await page.close();
});

test("one sheet of paper", async () => {
	const page = await watched(browser);
	for (const format of ["A4", "Letter"]) {
		await page.emulateMedia({ colorScheme: "dark" });
		await page.goto(link.url, { waitUntil: "networkidle" });
		const pdf = (await page.pdf({ format, printBackground: true })).toString("latin1");
		is(pdf.match(/\/Type\s*\/Page\b(?!s)/g).length, 1, `${format}: one sheet`);
	}
	await page.emulateMedia({ media: "print", colorScheme: "dark" });
	is(await page.locator("body").evaluate((e) => getComputedStyle(e).backgroundColor), "rgb(255, 255, 255)", "white, also for who likes it dark");
	ok(await page.getByText(link.url).isVisible(), "with its address");
	await shoot(page, "share on paper");
	await page.close();
});

test("a look is told when there is one", async () => {
	const page = await watched(browser);
	await page.addInitScript(() => Object.defineProperty(document, "prerendering", { get: () => !window.shown }));
	await page.goto(link.url, { waitUntil: "networkidle" });
	is(views(page), [], "a page that is drawn ahead of time does not count");
	await page.evaluate(() => {
		window.shown = true;
		document.dispatchEvent(new Event("prerenderingchange"));
	});
	await page.waitForTimeout(500);
	is(views(page).length, 1, "it does when somebody comes");
	await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })));
	await page.waitForTimeout(500);
	is(views(page).length, 2, "and when they come back to it");
	await page.close();
});

test("words of any length and direction", async () => {
	const page = await watched(browser);
	for (const title of ["Donaudampfschifffahrtsgesellschaftskapitänsverlobungsringfassungsgoldschmiedemeisterinnenprüfungsstückspräsentation", "خاتم من الذهب الوردي مع ياقوت أزرق", "💍💎✨ für Zoë"]) {
		await ask("PUT", `/v1/designs/${link.design}/share`, { title });
		for (const width of [320, 1440]) {
			await page.setViewportSize({ width, height: 800 });
			await page.goto(link.url, { waitUntil: "networkidle" });
			is(await page.locator("h1").textContent(), title, "as it was typed");
			is(await wider(page), [], `${width} px: nothing is wider than the page`);
		}
	}
	is(await page.locator("h1").evaluate((e) => getComputedStyle(e).direction), "ltr", "from left to right");
	await ask("PUT", `/v1/designs/${link.design}/share`, { title: "טבעת" });
	await page.goto(link.url);
	is(await page.locator("h1").evaluate((e) => getComputedStyle(e).direction), "rtl", "from right to left");
	await ask("PUT", `/v1/designs/${link.design}/share`, { title: "Grandmother's ring of ivy" });
	await page.close();
});

/* --- a password ------------------------------------------------------------------- */

async function opens(which, word) {
	const locked = await shared({ title: "Behind a word", password });
	const page = await watched(which);
	const field = page.getByLabel("Password");
	const go = () => Promise.all([page.waitForNavigation(), page.getByRole("button", { name: "Show the design" }).click()]);
	await page.setViewportSize({ width: 390, height: 844 });
	await page.goto(locked.url);
	is(await page.title(), "A design with a password", `${word}: a form`);
	ok(await field.evaluate((e) => e === document.activeElement), `${word}: one can type at once`);
	is(await wider(page), [], `${word}: nothing is wider than the page`);
	if (which === browser)
		await serious(page, "the form");
	await field.fill("seven small rubies");
	await go();
	is(await page.getByRole("alert").textContent(), "That is not the password. Please try again.", `${word}: a wrong one is told`);
	ok(await field.evaluate((e) => e.getAttribute("aria-describedby") === "fault"), `${word}: at the field`);
	if (which === browser)
		await serious(page, "a wrong password");
	await field.fill(password);
	await go();
	is([await page.locator("h1").textContent(), new URL(page.url()).pathname], ["Behind a word", locked.path], `${word}: the right one opens`);
	await page.waitForLoadState("networkidle");
	ok(await page.locator("figure img").evaluate((e) => e.complete && e.naturalWidth > 0), `${word}: with its picture`);
	await page.reload();
	is(await page.locator("h1").textContent(), "Behind a word", `${word}: a reload asks for nothing`);
	await page.close();
	return locked;
}

test("a password, with script", () => opens(browser, "script"));

test("without script", async () => {
	const page = await watched(plain);
	await page.setViewportSize({ width: 390, height: 844 });
	await page.goto(link.url, { waitUntil: "networkidle" });
	is(await page.locator("h1").textContent(), "Grandmother's ring of ivy", "the page is whole");
	ok(await page.locator("figure img").evaluate((e) => e.complete && e.naturalWidth > 0), "with its picture");
	ok(await page.getByText("The band is slim").isVisible() && await page.getByText("not to scale").isVisible(), "and all its words");
	is(views(page), [`GET ${link.path}/v.gif`], "a pixel tells that it was looked at");
	is(await wider(page), [], "nothing is wider than the page");
	await page.close();
	await opens(plain, "no script");
});

/* --- no link ------------------------------------------------------------------------ */

test("what is said instead", async () => {
	const page = await watched(browser);
	await page.goto(stack.url + "/s/nothing");
	await page.getByRole("heading", { name: "There is nothing here", level: 1 }).waitFor();
	await serious(page, "nothing here");
	await page.close();
});

test("no page complained", () => {
	is([...browser.complaints, ...plain.complaints], [], "no error, no violation of the policy, no exception");
});

await main();
