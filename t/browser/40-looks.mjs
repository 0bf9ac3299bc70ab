// Widths, colours, what a checker of accessibility finds, and what nginx sends along.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { begin } from "./lib/begin.mjs";
import { describe, make, openStudio, waitFilled } from "./lib/studio.mjs";
import { is, main, ok, test } from "./lib/tap.mjs";

const { stack, browser } = await begin({ provider_script: "4:failed,*:ok:250" });
const page = await openStudio(browser, stack.url);
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

async function serious(where) {
	await page.evaluate(axe);
	const { violations } = await page.evaluate(() => window.axe.run(document, {
		runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
	}));
	is(violations.map((v) => [v.id, v.impact, v.nodes.slice(0, 3).map((n) => n.html.slice(0, 140))]), [], `axe finds nothing: ${where}`);
}

async function inBothLooks(where) {
	for (const colorScheme of ["light", "dark"]) {
		await page.emulateMedia({ colorScheme });
		await serious(`${where}, ${colorScheme}`);
	}
}

test("headers and files", async () => {
	const reply = await page.request.get(stack.url + "/d/019a0000-0000-7000-8000-000000000001");
	is(reply.status(), 200, "a path of the studio is the studio");
	const policy = reply.headers()["content-security-policy"] ?? "";
	ok(/script-src 'self'(;|$)/.test(policy) && /default-src 'none'/.test(policy) && !/unsafe|\*/.test(policy), "a strict CSP", policy);
	ok(/connect-src 'self'/.test(policy) && /frame-ancestors 'none'/.test(policy), "with connect-src and frame-ancestors");
	is(reply.headers()["cache-control"], "no-cache", "index.html is asked for anew");
	const html = await reply.text();
	ok(!/<script(?![^>]*\ssrc=)/.test(html) && !/ style=| on\w+=/.test(html), "nothing inline");
	const assets = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map((m) => m[1]);
	is(assets.filter((a) => !/-[A-Z0-9]{8}\.(js|css|svg)$/.test(a)), [], "assets are named by their content");
	for (const asset of assets) {
		const file = await page.request.get(stack.url + asset, { headers: { "Accept-Encoding": "gzip" } });
		is([file.status(), file.headers()["cache-control"]], [200, "public, max-age=31536000, immutable"], asset + " is kept for ever");
		if (!asset.endsWith(".svg"))
			is(file.headers()["content-encoding"], "gzip", asset + " is compressed");
	}
	is((await page.request.get(stack.url + "/nothing.js")).status(), 404, "a file that is not there is not the studio");
});

test("accessibility: nothing made yet", async () => {
	await page.locator(".time-left").waitFor();
	await inBothLooks("an empty studio");
});

test("accessibility: on its way, made, large, refining, at fault", async () => {
	const id = await make(page, "Ring for a look at it", 2);
	await inBothLooks("pictures");
	await page.locator(".tile a").first().click();
	await page.locator(".viewer").waitFor();
	await page.locator(".refine-input").fill("Matte");
	await page.locator(".refine-input").press("Control+Enter");
	await page.locator(".leaf.waiting, .leaf").nth(2).waitFor();
	await page.getByRole("heading", { name: "Refinement 1" }).waitFor();
	await inBothLooks("the large view");
	await page.goto(stack.url);
	await page.getByRole("radio", { name: "Measured" }).check();
	await page.locator(".words-input").fill("");
	await page.getByRole("button", { name: /Make . pictures/ }).click();
	await page.locator(".summary").waitFor();
	await inBothLooks("faults at fields");
	browser.complaints = browser.complaints.filter((c) => !/status of 422/.test(c));
	await page.getByRole("radio", { name: "In words" }).check();
	await describe(page, "Ring with a failure", 3);
	await page.locator(".words-input").press("Control+Enter");
	await page.locator(".tile.failed").waitFor();
	await page.getByRole("button", { name: /Try again: Picture/ }).waitFor();
	await inBothLooks("a failure");
	await page.locator(`.entry[data-design="${id}"]`).getByRole("button", { name: /to the trash/ }).click();
	await page.locator(".note").waitFor();
	await page.getByRole("button", { name: "Keys" }).click();
	await page.getByRole("dialog").waitFor();
	await inBothLooks("the sheet of keys");
	await page.keyboard.press("Escape");
});

async function noSideways(where) {
	const wide = await page.evaluate(() => {
		const inside = (e) => e.closest(".scroll") !== null || e.closest(".away") !== null || e.classList.contains("away");
		const found = [];
		if (document.scrollingElement.scrollWidth > innerWidth)
			found.push(`page ${document.scrollingElement.scrollWidth}`);
		for (const e of document.querySelectorAll("body *")) {
			const box = e.getBoundingClientRect();
			if (box.width > 0 && !inside(e) && !(e instanceof SVGElement) && (box.right > innerWidth + 0.5 || box.left < -0.5)
				&& getComputedStyle(e).visibility !== "hidden")
				found.push(`${e.tagName}.${e.className} ${box.left}..${box.right}`);
		}
		return found.slice(0, 5);
	});

	is(wide, [], `nothing is wider than the page: ${where}`);
}

test("narrow pages have tabs and no sideways scrolling", async () => {
	await page.emulateMedia({ colorScheme: "light" });
	for (const width of [390, 320, 640, 899]) {
		await page.setViewportSize({ width, height: 844 });
		await page.goto(stack.url);
		await page.getByRole("navigation", { name: "Parts of the studio" }).waitFor();
		const tab = (name) => page.getByRole("navigation").getByRole("button", { name }).click();
		await tab("Compose");
		await page.getByRole("radio", { name: "Measured" }).check();
		for (const metal of ["Platinum", "Rose Gold", "Sterling Silver"])
			await page.getByRole("checkbox", { name: metal }).check();
		await noSideways(`${width} px, compose`);
		await page.getByRole("radio", { name: "In words" }).check();
		await tab("Designs");
		await page.locator(".entry").first().waitFor();
		await noSideways(`${width} px, designs`);
		ok(await page.locator(".panel.compose").isHidden(), `${width} px: one panel at a time`);
		await page.locator(".entry a").first().click();
		await page.locator(".tile").first().waitFor();
		await noSideways(`${width} px, pictures`);
		await page.locator(".tile a").first().click();
		await page.locator(".viewer").waitFor();
		await noSideways(`${width} px, large view`);
	}
	await page.setViewportSize({ width: 390, height: 844 });
	await inBothLooks("390 px");
	await page.getByRole("navigation").getByRole("button", { name: "Compose" }).click();
	await inBothLooks("390 px, compose");
	await describe(page, "Ring from a phone", 2);
	await page.getByRole("button", { name: /Make 2 pictures/ }).click();
	await waitFilled(page, 2);
	ok(await page.locator(".panel.pictures").isVisible(), "the pictures come to the front when they are made");
	const small = await page.locator("button:visible, a:visible, select:visible").evaluateAll((all) => all.filter((e) => {
		const box = e.getBoundingClientRect();
		return box.width < 24 || box.height < 24;
	}).map((e) => e.outerHTML.slice(0, 120)));
	is(small, [], "what one touches is at least 24 px");
	await page.setViewportSize({ width: 900, height: 800 });
	ok(await page.locator(".panel.compose").isVisible() && await page.locator(".panel.designs").isVisible(), "900 px: all three side by side");
	await noSideways("900 px");
});

test("light and dark", async () => {
	await page.setViewportSize({ width: 1440, height: 900 });
	const back = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
	const stageGrey = () => page.evaluate(() => getComputedStyle(document.querySelector(".panel.pictures")).backgroundColor.match(/\d+/g).map(Number));
	await page.emulateMedia({ colorScheme: "dark" });
	const dark = await back();
	for (const look of [await stageGrey(), (await page.emulateMedia({ colorScheme: "light" }), await stageGrey())])
		ok(look[0] === look[1] && look[1] === look[2], `the grey around stones has no hue: ${look}`);
	ok(dark !== await back(), "the system's look is followed");
	await page.getByRole("button", { name: "Look: as the system" }).click();
	await page.getByRole("button", { name: "Look: light" }).click();
	is(await back(), dark, "dark is chosen");
	await page.reload();
	await page.getByRole("button", { name: "Look: dark" }).waitFor();
	is(await back(), dark, "and stays");
});

test("the page has nothing to complain about", async () => {
	is(browser.complaints, [], "no console errors, no CSP violations, no dialogs");
});

await main();
