// Lists, trash and undo, and all of it by keys alone.
import { readFile } from "node:fs/promises";
import { begin } from "./lib/begin.mjs";
import { ask, burst, designId, focusName, make, openStudio, slowly, twoFrames, waitFilled } from "./lib/studio.mjs";
import { is, main, ok, test } from "./lib/tap.mjs";

const { stack, browser } = await begin({ provider_script: "*:ok:150" });
const page = await openStudio(browser, stack.url);
const entry = (id) => page.locator(`.entry[data-design="${id}"]`);
const ids = [];

test("designs are starred", async () => {
	for (const words of ["Ring, the first", "Pendant, the second", "Earrings, the third"])
		ids.push(await make(page, words));
	is(await page.locator(".entry").evaluateAll((all) => all.map((e) => e.dataset.design)), [...ids].reverse(), "the newest is on top");
	await entry(ids[0]).getByRole("button", { name: /^Star/ }).click();
	await page.getByRole("radio", { name: "Starred" }).check();
	await entry(ids[0]).waitFor();
	is(await page.locator(".entry").count(), 1, "the starred one alone is listed");
	await page.reload();
	await page.getByRole("radio", { name: "Starred" }).check();
	await entry(ids[0]).waitFor();
	ok((await ask(page, `/v1/designs/${ids[0]}`)).is_favorite, "the service knows it");
	await page.getByRole("radio", { name: "All", exact: true }).check();
	await entry(ids[2]).waitFor();
});

test("what is changed while a list is on its way is in it", async () => {
	let changed, asked;
	const change = new Promise((done) => { changed = done; });
	const list = new Promise((done) => { asked = done; });
	await page.route(`**/v1/designs/${ids[1]}`, async (route) => {
		if (route.request().method() !== "PATCH")
			return route.continue();
		await list;
		await route.continue();
	});
	await page.route("**/v1/designs?*", async (route) => {
		const reply = await route.fetch();
		asked();
		await change;
		await route.fulfill({ response: reply });
	});
	const patched = page.waitForResponse((r) => r.request().method() === "PATCH");
	await entry(ids[1]).getByRole("button", { name: /^Star/ }).click();
	await page.getByRole("radio", { name: "Starred" }).check();
	await (await patched).finished();
	await page.getByText("Starred.").waitFor({ state: "attached" });
	changed();
	await entry(ids[0]).waitFor();
	await entry(ids[1]).waitFor({ timeout: 5000 });
	ok(true, "a star that was given meanwhile");
	await page.unroute("**/v1/designs?*");
	await page.unroute(`**/v1/designs/${ids[1]}`);
	await page.getByRole("radio", { name: "All", exact: true }).check();
	await entry(ids[2]).waitFor();
});

test("trash and undo", async () => {
	await entry(ids[1]).getByRole("button", { name: /to the trash/ }).click();
	await entry(ids[1]).waitFor({ state: "detached" });
	await page.locator(".note").getByRole("button", { name: "Undo" }).click();
	await entry(ids[1]).waitFor();
	is((await ask(page, `/v1/designs/${ids[1]}`)).is_deleted, false, "undone");
	is(await page.locator(".entry").evaluateAll((all) => all.map((e) => e.dataset.design)), [...ids].reverse(), "and in its old place");
	await entry(ids[1]).locator("a").click();
	await page.locator(".opened").getByRole("button", { name: "Move to the trash" }).click();
	await page.getByText("This design is in the trash.").waitFor();
	is((await ask(page, `/v1/designs/${ids[1]}`)).is_deleted, true, "from the open design too");
	is(await page.getByRole("button", { name: "More like these" }).count(), 0, "nothing is made of what is in the trash");
	await page.getByRole("radio", { name: "Trash" }).check();
	await entry(ids[1]).getByRole("button", { name: /^Restore/ }).click();
	await page.locator(".empty", { hasText: "The trash is empty." }).waitFor();
	await page.getByText("This design is in the trash.").waitFor({ state: "detached" });
	ok(true, "restored from the trash");
	await page.getByRole("radio", { name: "All", exact: true }).check();
	await entry(ids[1]).getByRole("button", { name: /to the trash/ }).click();
	await page.getByRole("radio", { name: "Trash" }).check();
	await entry(ids[1]).getByRole("button", { name: /for good/ }).click();
	await entry(ids[1]).waitFor({ state: "detached" });
	await page.getByText("Describe a piece, see it made").waitFor();
	is(await page.evaluate(async (p) => (await fetch(p)).status, `/v1/designs/${ids[1]}`), 404, "deleted for good");
	await page.getByRole("radio", { name: "All", exact: true }).check();
});

test("a design is the start of another", async () => {
	await entry(ids[0]).locator("a").click();
	await page.getByRole("button", { name: "Start from this" }).click();
	is(await page.locator(".words-input").inputValue(), "Ring, the first", "its words are in the composer");
});

test("a picture is saved, as it is and as JPEG", async () => {
	await entry(ids[0]).locator("a").click();
	await page.locator(".tile a").first().click();
	await page.locator(".viewer").waitFor();
	for (const [name, file, magic] of [["Download", "picture-1.webp", "52494646"], ["Download as JPEG", "picture-1.jpg", "ffd8ff"]]) {
		const [saved] = await Promise.all([page.waitForEvent("download"),
			page.locator(".viewer").getByRole("link", { name, exact: true }).click()]);
		const bytes = await readFile(await saved.path());
		is([saved.suggestedFilename(), bytes.toString("hex", 0, magic.length / 2)], [file, magic], name);
	}
	await page.getByRole("button", { name: "All pictures" }).click();
	await page.locator(".viewer").waitFor({ state: "detached" });
});

test("a session is renewed", async () => {
	const before = (await ask(page, "/v1/guest-session")).expires_at;
	await page.waitForTimeout(1100);
	await page.getByRole("button", { name: "Renew" }).click();
	await page.waitForFunction(async (was) => (await (await fetch("/v1/guest-session")).json()).expires_at > was, before);
	ok(true, "it ends later");
});

test("words and chips fit together", async () => {
	await page.getByRole("button", { name: "Start afresh" }).click();
	const words = page.locator(".words-input");
	const press = (name) => page.getByRole("button", { name, exact: true }).click();
	await press("Pendant");
	await press("halo");
	is(await words.inputValue(), "Pendant, halo", "chips add words");
	await press("Ring");
	is(await words.inputValue(), "Ring, halo", "another piece takes the place of the first");
	await press("halo");
	is(await words.inputValue(), "Ring", "a chip pressed again takes its words away");
	is(await page.getByRole("button", { name: "Ring", exact: true }).getAttribute("aria-pressed"), "true", "the words choose the piece");
	await page.getByRole("combobox", { name: "Stone" }).selectOption("Opal");
	await page.locator(".composer .advice", { hasText: "Opal is soft for daily wear" }).waitFor();
	is(await page.getByRole("radio", { name: "Opaque" }).isChecked(), true, "the stone brings its usual transparency");
	await page.getByRole("radio", { name: "Transparent", exact: true }).check();
	await page.locator(".composer .advice", { hasText: "Opal is usually opaque" }).waitFor();
	ok(true, "advice comes as one composes");
	await page.getByRole("button", { name: "Start afresh" }).click();
});

async function tabTo(pattern, most = 90, key = "Tab") {
	for (let i = 0; i < most; i++) {
		await page.keyboard.press(key);
		if (pattern.test(await focusName(page)))
			return true;
	}
	return false;
}

test("from words to a refinement by keys alone", async () => {
	await page.goto(stack.url);
	await page.locator(".words-input").waitFor();
	await page.locator(".entry").first().waitFor();
	ok(await tabTo(/^To the pictures$/, 1), "the first stop leads past the composer");
	ok(await tabTo(/^Describe the piece$/, 20), "the words are reached by Tab");
	await page.keyboard.type("Ring made by keys");
	ok(await tabTo(/^Stone$/, 20), "the stone");
	await page.keyboard.type("Ruby");
	ok(await tabTo(/^Oval$/, 5), "the cut");
	await page.keyboard.press("ArrowRight");
	is(await page.getByRole("radio", { name: "Cushion" }).isChecked(), true, "arrows choose another");
	ok(await tabTo(/^(3|2) pictures$/, 40), "the number");
	await page.keyboard.press("ArrowLeft");
	await page.keyboard.press("Control+Enter");
	await page.waitForURL(/\/d\//);
	await waitFilled(page, 2);
	const design = await ask(page, `/v1/designs/${designId(page)}`);
	is([design.gem_data.type, design.gem_data.cut, design.num_variations_requested], ["Ruby", "Cushion", 2], "what was chosen by keys");
	await page.evaluate(() => document.activeElement.blur());
	await page.keyboard.press("2");
	ok(await tabTo(/^Look at Picture 1/, 12), "the pictures are reached");
	await page.keyboard.press("Enter");
	await page.getByRole("heading", { name: "Picture 1" }).waitFor();
	await page.waitForFunction(() => document.activeElement?.tagName === "H3");
	ok(true, "the focus goes along");
	await page.keyboard.press("p");
	await page.getByRole("button", { name: "Picked" }).waitFor();
	ok(true, "P picks");
	await page.keyboard.press("Alt+r");
	await page.waitForFunction(() => document.activeElement?.classList.contains("refine-input"));
	await page.keyboard.type("rose gold p . ? 1");
	is(await page.locator(".refine-input").inputValue(), "rose gold p . ? 1", "letters are letters while one writes");
	await page.keyboard.press("Control+Enter");
	await page.getByRole("heading", { name: "Refinement 1" }).waitFor();
	ok(true, "Ctrl+Enter refines");
	await page.waitForFunction(() => document.activeElement?.tagName === "H3" || document.activeElement === document.body);
	await page.keyboard.press(".");
	await page.getByRole("button", { name: "Take the star away", exact: true }).waitFor();
	ok(true, "a point stars");
	await page.keyboard.press("?");
	await page.getByRole("dialog", { name: "Keys" }).waitFor();
	await page.keyboard.press("Escape");
	await page.getByRole("dialog").waitFor({ state: "detached" });
	ok(/\/v\//.test(page.url()), "the sheet of keys opens and closes, nothing else does");
	await page.keyboard.press("Escape");
	await page.locator(".tiles").waitFor();
	await page.keyboard.press("Delete");
	await page.locator(".note").waitFor();
	ok(await tabTo(/^Undo$/, 90), "Undo is reached");
	await page.keyboard.press("Enter");
	await page.getByText("This design is in the trash.").waitFor({ state: "detached" });
	ok(true, "and undoes");
});

test("keys that follow at once are heard", async () => {
	const tiles = () => page.locator(".tiles").waitFor({ timeout: 5000 });
	const refining = () => page.evaluate(() => document.activeElement?.className === "refine-input");
	const look = async () => {
		await page.locator(".tile a").first().focus();
		await page.keyboard.press("Enter");
		await page.waitForFunction(() => document.activeElement?.tagName === "H3");
	};

	await page.goto(stack.url + `/d/${designId(page)}`);
	await waitFilled(page, 2);
	await slowly(page, 4, async () => {
		for (let i = 0; i < 5; i++) {
			await look();
			await page.keyboard.press("?");
			await page.getByRole("dialog", { name: "Keys" }).waitFor();
			await burst(page, "Escape", "Escape");
			await tiles();
		}
		ok(true, "Escape twice: the sheet of keys, then the large view");
		await look();
		await burst(page, "?", "Escape", "Escape");
		await tiles();
		ok(true, "a sheet that has only begun to open is closed");
		await burst(page, "?", "Escape", "?");
		await page.getByRole("dialog", { name: "Keys" }).waitFor();
		await twoFrames(page);
		ok(await page.getByRole("dialog", { name: "Keys" }).isVisible(), "one that is opened again stays");
		await page.keyboard.press("Escape");
		await page.locator(".tile a").first().focus();
		await burst(page, "Enter", "Alt+r", "p", ".");
		await page.waitForFunction(() => document.querySelector(".refine-input")?.value === "p.", null, { timeout: 5000 });
		await twoFrames(page);
		ok(await refining(), "what is typed right after Alt+R is written, and the focus stays there");
		await page.locator(".refine-input").fill("");
		await page.getByRole("heading", { name: "Picture 1" }).focus();
		await burst(page, "Alt+a", "p");
		await page.waitForFunction(() => document.querySelector(".words-input").value.endsWith("p"), null, { timeout: 5000 });
		ok(true, "and after Alt+A");
	});
});

test("a key that is held acts once", async () => {
	const changes = [];
	const count = (request) => request.method() === "PATCH" && changes.push(request.url());
	const hold = async (key) => {
		for (let i = 0; i < 4; i++)
			await page.keyboard.down(key);
		await page.keyboard.up(key);
	};
	const words = await page.locator(".words-input").inputValue();

	await page.getByRole("heading", { name: "Picture 1" }).focus();
	page.on("request", count);
	await hold(".");
	await page.getByRole("button", { name: "Star this design", exact: true }).waitFor();
	await twoFrames(page);
	is(changes.length, 1, "a star");
	page.off("request", count);
	await hold("1");
	is(await page.locator(".words-input").inputValue(), words, "a number leads to the words and is not written there");
	await page.getByRole("heading", { name: "Picture 1" }).focus();
	await page.keyboard.press("?");
	await page.getByRole("dialog", { name: "Keys" }).waitFor();
	await hold("Escape");
	await page.getByRole("dialog").waitFor({ state: "detached" });
	await twoFrames(page);
	ok(/\/v\//.test(page.url()), "Escape closes the sheet of keys and leaves the picture");
});

test("every stop shows its focus", async () => {
	await page.goto(stack.url + `/d/${designId(page)}`);
	await waitFilled(page, 2);
	const blind = [];
	let stops = 0;
	for (; stops < 120; stops++) {
		await page.keyboard.press("Tab");
		const seen = await page.evaluate(() => {
			const e = document.activeElement;
			if (e === null || e === document.body)
				return "end";
			const shown = (x) => x !== null && parseFloat(getComputedStyle(x).outlineWidth) >= 2 && getComputedStyle(x).outlineStyle !== "none";
			const around = e.closest("label, .box");
			return shown(e) || shown(around) || shown(around?.querySelector(".swatch") ?? null) ? "" : e.outerHTML.slice(0, 160);
		});
		if (seen === "end")
			break;
		if (seen !== "")
			blind.push(seen);
	}
	ok(stops > 30, `${stops} stops`);
	is(blind, [], "each has a visible focus");
});

test("keys without Ctrl can be switched off", async () => {
	await page.keyboard.press("?");
	await page.getByRole("checkbox", { name: /Keys without Ctrl/ }).uncheck();
	await page.keyboard.press("Escape");
	await page.getByRole("dialog").waitFor({ state: "detached" });
	await page.keyboard.press("?");
	await twoFrames(page);
	is(await page.getByRole("dialog").count(), 0, "then they do nothing");
	await page.getByRole("button", { name: "Keys" }).click();
	await page.getByRole("checkbox", { name: /Keys without Ctrl/ }).check();
	await page.keyboard.press("Escape");
});

test("the page has nothing to complain about", async () => {
	is(browser.complaints.filter((c) => !/status of 404/.test(c)), [], "no console errors, no CSP violations, no dialogs");
});

await main();
