// Sharing in the studio: a link is made and copied at once, what is changed about it holds on its page, it ends and comes
// back, all links are in a list, and it is told who has looked. Others see the page in a browser that knows nobody.
import { becomeMember, heading, look, tabTo } from "./lib/accounts.mjs";
import { Browser } from "./lib/browser.mjs";
import { Stack } from "./lib/stack.mjs";
import { ask, describe, focusOn, make, openStudio } from "./lib/studio.mjs";
import { is, main, ok, test, whenEnded, whenFailed } from "./lib/tap.mjs";

/* The first piece has no picture. */
const stack = new Stack({ provider_script: "1:failed,2:failed,*:ok" });
const browser = new Browser();
const viewer = new Browser();
whenEnded(() => stack.close());
whenEnded(() => browser.close());
whenEnded(() => viewer.close());
whenFailed(() => stack.showLogs());
await stack.start();
await browser.open();
/* A viewer is no robot, which the browser of a test calls itself. */
await viewer.open({ userAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36" });
browser.expected.push(/Failed to load resource: the server responded with a status of (403|404|409|410|412|422|429|500)/);
viewer.expected.push(/Failed to load resource: the server responded with a status of (401|403|404|410|422)/);
await browser.context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: stack.url });
const page = await openStudio(browser, stack.url);
const other = await viewer.page();
const password = "an emerald of the steppe";
const problem = (status, code) => ({ status, contentType: "application/problem+json", body: JSON.stringify({ status, code, detail: "Played." }) });

const dialog = page.locator("dialog.share");
const address = () => page.getByRole("textbox", { name: "The link" }).inputValue();
const shareButton = () => page.locator(".head").getByRole("button", { name: /^Share/ });
const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
const title = () => dialog.getByRole("textbox", { name: "Title" });
const until = (words) => dialog.locator(".share-state", { hasText: words }).waitFor();
const done = () => dialog.getByRole("button", { name: "Done" }).click();
const settings = (id) => ask(page, `/v1/designs/${id}/share`);
let first = null;
let url = null;

async function openDialog() {
	await shareButton().click();
	await dialog.locator(".share-link").waitFor();
}

/* By hand of the interface, as another tab or program does it. */
const byHand = (method, path, body) => page.evaluate(async ([m, p, b]) => (await fetch(p, {
	method: m, headers: { "Content-Type": m === "PATCH" ? "application/merge-patch+json" : "application/json" }, body: JSON.stringify(b),
})).status, [method, path, body]);

/* --- before there is a link ------------------------------------------------------------ */

test("a guest is led to an account, and what has no picture says why it is not shared", async () => {
	await describe(page, "Ring that is not made", 2);
	await page.locator(".words-input").press("Control+Enter");
	await page.locator(".tile.failed").nth(1).waitFor();
	await page.waitForFunction(() => document.querySelector(".progress") === null);
	is([await shareButton().getAttribute("aria-disabled"), await shareButton().getAttribute("title")],
		["true", "It has no picture yet that could be shared."], "without a picture there is nothing to share, and the button says so");
	first = await make(page, "Engagement ring with a fine halo", 2);
	is(await shareButton().getAttribute("aria-disabled"), "false", "with one there is");
	await shareButton().click();
	await page.getByRole("heading", { name: "Share it with an account" }).waitFor();
	await look(page, "a guest shares");
	await page.keyboard.press("Escape");
	await page.locator("dialog").waitFor({ state: "detached" });
	ok((await focusOn(page, /Share/)).includes("Share"), "Escape closes it, and the button has the focus again");
	is((await page.evaluate(async (id) => (await fetch(`/v1/designs/${id}/share`, { method: "PUT", headers: { "Content-Type": "application/json" }, body: "{}" })).status, first)),
		403, "nor does the interface let a guest share");
	await shareButton().click();
	await page.getByRole("link", { name: "Make an account" }).click();
	await heading(page, "Sign up");
	is(await page.locator("dialog").count(), 0, "the invitation leads to an account");
	await becomeMember(page, stack, "otto@example.net", password);
	await page.goto(`${stack.url}/d/${first}`);
	await shareButton().waitFor();
	ok(true, "the piece has come along");
});

/* --- a link, made and changed ------------------------------------------------------------- */

test("one click makes a link and copies it", async () => {
	await openDialog();
	await dialog.getByText("Link copied.").waitFor();
	is(await title().inputValue(), "", "it has no title of its own");
	await page.waitForFunction(() => document.querySelector(".share-settings input")?.placeholder === "Sapphire ring");
	is(await dialog.locator(".share-card strong").innerText(), "Sapphire ring", "and shows the one that it has by itself");
	url = await address();
	ok(url.startsWith(`${stack.url}/s/`) && /^[A-Za-z0-9_-]{64}$/.test(url.split("/s/")[1]), "it has a link", url);
	is(await clipboard(), url, "which is in the clipboard");
	ok(await dialog.getByRole("radio", { name: "30 days" }).isChecked(), "it works for 30 days");
	ok(!await dialog.getByRole("checkbox", { name: /Show my description/ }).isChecked(), "the description is not shown");
	await dialog.locator(".share-picture img.ready").waitFor();
	is(await dialog.locator(".share-picture img").evaluate((e) => [e.naturalWidth, e.naturalHeight]), [1200, 630], "the card of the link");
	await page.waitForFunction(() => document.querySelector(".share-code img")?.complete);
	ok(await dialog.locator(".share-code img").evaluate((e) => e.naturalWidth > 0), "and its QR code");
	is(await dialog.getByRole("link", { name: "Open page" }).getAttribute("href"), url, "and the way to its page");
	await look(page, "share dialog");
	await done();
	ok(await page.locator(".head").getByRole("button", { name: "Shared" }).isVisible(), "the design is marked");
	const reply = await other.goto(url);
	is(reply.status(), 200, "others see the page");
	ok(!(await other.content()).includes("fine halo"), "without the description");
});

test("opened again, the same link is there", async () => {
	await page.evaluate(() => navigator.clipboard.writeText("something else"));
	await openDialog();
	is([await address(), await clipboard()], [url, "something else"], "the same one, and nothing is copied unasked");
	await dialog.getByRole("button", { name: "Copy", exact: true }).click();
	await dialog.getByRole("button", { name: "Copied" }).waitFor();
	is(await clipboard(), url, "but when asked");
});

test("title and description", async () => {
	await title().fill("A halo for <Ada> & \"Otto\"");
	await until("Saved");
	is((await settings(first)).title, "A halo for <Ada> & \"Otto\"", "the title is kept while one types");
	await dialog.getByRole("checkbox", { name: /Show my description/ }).check();
	await until("Saved");
	await page.waitForFunction((id) => fetch(`/v1/designs/${id}/share`).then((r) => r.json()).then((s) => s.show_prompt), first);
	await other.goto(url);
	const text = await other.locator("body").innerText();
	ok(text.includes("A halo for <Ada> & \"Otto\"") && text.includes("fine halo"), "both are on the page at once", text);
	await title().fill("");
	await title().press("Tab");
	await page.waitForFunction((id) => fetch(`/v1/designs/${id}/share`).then((r) => r.json()).then((s) => s.title === null), first);
	ok(true, "an empty title is none");
	await title().fill("Halo ring");
	await done();
	await page.waitForFunction((id) => fetch(`/v1/designs/${id}/share`).then((r) => r.json()).then((s) => s.title === "Halo ring"), first);
	ok(true, "what was typed last is kept though the dialog is closed");
});

test("how long it works", async () => {
	const days = async () => Math.round((Date.parse((await settings(first)).expires_at) - Date.now()) / 864e5);
	await openDialog();
	is(await title().inputValue(), "Halo ring", "the title is there");
	await dialog.getByRole("radio", { name: "7 days" }).check();
	await until("Saved");
	is(await days(), 7, "a week");
	await dialog.getByRole("radio", { name: "No end" }).check();
	await dialog.getByText("Until you stop sharing.").waitFor();
	await until("Saved");
	is((await settings(first)).expires_at, null, "for good");
	await dialog.getByRole("radio", { name: "A date" }).check();
	await dialog.getByLabel("Last day").fill("2020-02-03");
	await dialog.getByText("That day is over.").waitFor();
	is((await settings(first)).expires_at, null, "a day that is over is not taken");
	const year = new Date().getFullYear() + 1;
	await dialog.getByLabel("Last day").fill(`${year}-02-03`);
	await dialog.getByText(`Until 3 February ${year}.`, { exact: true }).waitFor();
	await until("Saved");
	ok((await settings(first)).expires_at.startsWith(`${year}-02-03T`), "a day of one's own, to its end");
	await look(page, "share dialog with a date");
	await dialog.getByRole("radio", { name: "90 days" }).check();
	await until("Saved");
	is(await days(), 90, "and 90 days");
});

test("a password", async () => {
	const word = dialog.getByRole("textbox", { name: /assword for viewers/ });
	await dialog.getByRole("button", { name: "Set a password…" }).click();
	await dialog.getByRole("button", { name: "Set it" }).click();
	await dialog.getByText("Enter the password that viewers shall give.").waitFor();
	await word.fill("pear");
	await word.press("Enter");
	await dialog.locator("[data-pointer='/password'] .fault").waitFor();
	ok(await word.isVisible() && !(await settings(first)).password_protected, "one that is refused says why, and is still there to be changed");
	await look(page, "share dialog with a fault");
	await dialog.getByRole("button", { name: "Cancel" }).click();
	is([await dialog.locator("[data-pointer='/password'] .fault").count(), await dialog.locator(".share-state").innerText()], [0, ""], "given up, nothing is at fault any more");
	await dialog.getByRole("button", { name: "Set a password…" }).click();
	await word.fill("pear-shaped drop");
	is(await word.getAttribute("type"), "password", "it is hidden");
	await dialog.getByRole("button", { name: "Show the password" }).click();
	is(await word.getAttribute("type"), "text", "and shown when asked");
	await dialog.getByRole("button", { name: "Set it" }).click();
	await dialog.getByRole("button", { name: "Change it…" }).waitFor();
	ok((await settings(first)).password_protected, "a good one is set");
	await page.waitForFunction(() => (document.activeElement?.textContent ?? "").startsWith("Change it"));
	ok(true, "and the focus goes on from there");
	ok(await dialog.getByText("No picture before the password is given").isVisible(), "no card with a password");
	await dialog.locator("summary").click();
	ok(!/<img/.test(await dialog.getByRole("textbox", { name: "Code to embed" }).inputValue()), "nor a picture to embed");
	await look(page, "share dialog with a password");
	await other.goto(url);
	ok(!(await other.locator("body").innerText()).includes("Halo ring"), "the page is closed");
	await other.locator("input[type=password]").fill("pear-shaped drop");
	await other.locator("input[type=password]").press("Enter");
	await other.getByText("Halo ring").first().waitFor();
	ok(true, "and opens by it");
	await dialog.getByRole("button", { name: "Take it away" }).click();
	await dialog.getByRole("button", { name: "Set a password…" }).waitFor();
	await viewer.context.clearCookies();
	is((await other.goto(url)).status(), 200, "without one it is open again");
	ok((await other.locator("body").innerText()).includes("Halo ring"), "to all");
});

test("code to embed, and QR codes to take along", async () => {
	const code = await dialog.getByRole("textbox", { name: "Code to embed" }).inputValue();
	await dialog.getByRole("button", { name: "Copy the code" }).click();
	await dialog.getByText("Code copied.").waitFor();
	is(await clipboard(), code, "the code is copied");
	await other.setContent(code);
	is(await other.locator("a").getAttribute("href"), url, "it leads to the page");
	await other.waitForFunction(() => document.images[0]?.complete && document.images[0].naturalWidth === 1200);
	is(await other.locator("img").getAttribute("alt"), "Halo ring", "and shows the card");
	for (const [kind, head] of [["svg", "<"], ["png", "\x89PNG"]]) {
		const way = dialog.getByRole("link", { name: `Download the QR code as ${kind.toUpperCase()}` });
		const reply = await page.request.get(stack.url + await way.getAttribute("href"));
		is([await way.getAttribute("download"), reply.status(), (await reply.body()).toString("latin1").startsWith(head)], [`qr-halo-ring.${kind}`, 200, true], `a ${kind}`);
	}
	await done();
});

/* --- what may go wrong ---------------------------------------------------------------------- */

test("changed elsewhere meanwhile", async () => {
	await openDialog();
	is(await byHand("PATCH", `/v1/designs/${first}`, { is_favorite: true }), 200, "(the design has changed)");
	await title().fill("Halo ring, second sketch");
	await until("Saved");
	is((await settings(first)).title, "Halo ring, second sketch", "a design that has changed without its link hinders nothing");
	is(await byHand("PUT", `/v1/designs/${first}/share`, { title: "Named elsewhere" }), 200, "(the link has changed)");
	await title().fill("Named here");
	await dialog.getByText("The link was changed elsewhere meanwhile.").waitFor();
	is([await title().inputValue(), (await settings(first)).title], ["Named elsewhere", "Named elsewhere"], "a link that has changed is shown as it is");
	await look(page, "share dialog with a conflict");
	await dialog.getByRole("button", { name: "Save my change all the same" }).click();
	await until("Saved");
	is([await title().inputValue(), (await settings(first)).title], ["Named here", "Named here"], "and mine is taken when I say so");
	await byHand("PUT", `/v1/designs/${first}/share`, { title: "Halo ring" });
	await title().fill("Another one");
	await dialog.getByRole("button", { name: "Leave it so" }).click();
	await dialog.locator(".share-trouble").waitFor({ state: "detached" });
	is([await title().inputValue(), (await settings(first)).title], ["Halo ring", "Halo ring"], "or given up");
});

test("what is not saved says so, and is not lost", async () => {
	const path = `**/v1/designs/${first}/share`;
	const fail = (route) => route.request().method() === "PUT" ? route.fulfill(problem(500, "internal")) : route.fallback();
	await page.route(path, fail);
	await title().fill("Halo ring, third sketch");
	await until("Not saved");
	ok(await dialog.locator(".share-trouble[role=alert]").isVisible(), "it says what is wrong");
	is(await title().inputValue(), "Halo ring, third sketch", "what was typed stays");
	await page.unroute(path, fail);
	await dialog.getByRole("button", { name: "Try again" }).click();
	await until("Saved");
	is((await settings(first)).title, "Halo ring, third sketch", "and is saved by another try");
	await title().fill("Halo ring");
	await until("Saved");
	await done();
});

test("links that nobody can open, and none that can be made", async () => {
	const path = `**/v1/designs/${first}/share`;
	let more = { expires_at: "2020-02-03T04:05:06.000Z" };
	let made = null;
	const play = async (route) => {
		if (route.request().method() === "PUT") {
			made = route.request().postDataJSON();
			more = {};
		}
		const reply = await route.fetch({ method: "GET", postData: undefined });
		await route.fulfill({ response: reply, json: { ...await reply.json(), ...more } });
	};
	await page.route(path, play);
	await openDialog();
	await dialog.getByText("This link has ended.").waitFor();
	is([await dialog.locator(".share-picture img").count(), await dialog.getByText("Ended on 3 February 2020.").count()], [0, 1], "one that is over says so");
	await look(page, "share dialog of a link that has ended");
	await dialog.getByRole("radio", { name: "30 days" }).click();
	await until("Saved");
	ok(Math.abs(Date.parse(made.expires_at) - Date.now() - 30 * 864e5) < 36e5, "and takes another end");
	await done();
	more = { valid: false };
	await openDialog();
	await dialog.getByText("This link does not work any more").waitFor();
	made = null;
	await dialog.getByRole("button", { name: "Make a new one" }).click();
	await until("Saved");
	is([made, await dialog.getByRole("button", { name: "Make a new one" }).count()], [{}, 0], "one whose key is gone is made anew");
	await done();
	await page.unroute(path, play);
	const fail = (route) => route.fulfill({ ...problem(429, "rate_limited"), headers: { "Retry-After": "3600" } });
	await page.route(path, fail);
	await shareButton().click();
	await dialog.locator(".share-wait[role=alert]").waitFor();
	is(await dialog.locator(".share-wait p").innerText(), "Played.", "too many say so at once");
	await page.unroute(path, fail);
	await dialog.getByRole("button", { name: "Try again" }).click();
	await dialog.locator(".share-link").waitFor();
	is(await address(), url, "another try brings it");
	await done();
});

test("where the browser does not let the page copy", async () => {
	const bare = await browser.page();
	await bare.addInitScript(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
	await bare.goto(`${stack.url}/d/${first}`);
	await bare.locator(".head").getByRole("button", { name: "Shared" }).click();
	await bare.getByRole("button", { name: "Copy", exact: true }).click();
	await bare.getByRole("button", { name: "Copied" }).waitFor();
	is(await clipboard(), url, "an old way does it");
	await bare.evaluate(() => { document.execCommand = () => false; });
	await bare.waitForFunction(() => [...document.querySelectorAll(".share-link button")].some((b) => b.textContent.trim() === "Copy"));
	await bare.getByRole("button", { name: "Copy", exact: true }).click();
	await bare.getByText("copy it yourself").waitFor();
	is(await bare.evaluate(() => document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)), url,
		"and when there is none, the link is selected");
	await bare.close();
});

test("by keys alone", async () => {
	await page.locator(".head h2").click();
	await page.keyboard.press("?");
	ok(await page.getByText("Share the design").isVisible(), "the sheet of keys has it");
	await page.keyboard.press("Escape");
	await shareButton().focus();
	await page.keyboard.press("s");
	await dialog.locator(".share-link").waitFor();
	ok(await page.evaluate(() => document.activeElement.closest("dialog") !== null), "S opens it, and the focus is in it");
	await page.keyboard.press("s");
	is(await page.locator("dialog").count(), 1, "the studio's keys rest meanwhile");
	const outside = [];
	for (let i = 0; i < 40; i++) {
		await page.keyboard.press("Tab");
		outside.push(await page.evaluate(() => document.activeElement !== document.body && document.activeElement.closest("dialog") === null));
	}
	ok(!outside.includes(true), "Tab does not leave it");
	ok(await tabTo(page, "Stop sharing"), "and reaches what it has");
	await page.keyboard.press("Escape");
	await dialog.waitFor({ state: "detached" });
	ok((await focusOn(page, /Shared/)).includes("Shared"), "Escape closes it, and the button has the focus again");
});

/* --- the end, and back ------------------------------------------------------------------------ */

const status = async (path = "") => (await other.request.get(url + path)).status();

test("a link ends, and comes back", async () => {
	await openDialog();
	await dialog.getByRole("button", { name: "Stop sharing" }).click();
	await dialog.waitFor({ state: "detached" });
	await page.locator(".note", { hasText: "is not shared any more" }).waitFor();
	is([await status(), await status("/card.jpg")], [404, 404], "page and card are gone at once");
	ok(await page.locator(".head").getByRole("button", { name: "Share", exact: true }).isVisible(), "the design is not marked any more");
	await page.getByRole("button", { name: "Undo" }).click();
	await page.locator(".note", { hasText: "The link works again." }).waitFor();
	is([await status(), (await settings(first)).url, (await settings(first)).title], [200, url, "Halo ring"], "undone: the same link, with all its settings");
	await openDialog();
	is(await address(), url, "in the dialog too");
	await page.route(`**/v1/designs/${first}/share/restore`, (route) => route.fulfill(problem(410, "link_expired")));
	await dialog.getByRole("button", { name: "Stop sharing" }).click();
	await page.getByRole("button", { name: "Undo" }).click();
	await page.locator(".note", { hasText: "too late" }).waitFor();
	ok(true, "too late for that is told");
	await page.unroute(`**/v1/designs/${first}/share/restore`);
	await openDialog();
	await dialog.getByText("Link copied.").waitFor();
	const again = await address();
	ok(again !== url && await clipboard() === again, "shared anew it is another link");
	is(await status(), 404, "and the old one stays dead");
	url = again;
	await done();
});

/* --- the list ----------------------------------------------------------------------------------- */

const rows = page.locator(".link-row");

test("a list of all links", async () => {
	await page.goto(stack.url);
	for (const words of ["Pendant", "Drop earrings"]) {
		await page.goto(stack.url);
		await page.locator(".words-input").waitFor();
		await make(page, words, 2);
		await openDialog();
		await dialog.getByText("Link copied.").waitFor();
		await title().fill(words);
		await until("Saved");
		await done();
	}
	await page.locator(".member-button").click();
	await page.getByRole("link", { name: "Links" }).click();
	await heading(page, "Links");
	await rows.nth(2).waitFor();
	is(await page.locator(".link-title").allInnerTexts(), ["Drop earrings", "Pendant", "Blue oval sapphire"], "all three, the newest design first");
	is(await rows.nth(2).locator(".link-address a").getAttribute("href"), url, "with their addresses");
	await page.waitForFunction(() => [...document.querySelectorAll(".link-row .hint")].every((e) => /visit/.test(e.textContent)));
	ok(true, "and figures");
	await rows.nth(2).getByRole("button", { name: /^Copy the link/ }).click();
	await page.waitForFunction((u) => navigator.clipboard.readText().then((t) => t === u), url);
	ok(true, "a link is copied from there");
	await look(page, "links");
});

test("a link is changed in the list, ends there and comes back", async () => {
	await page.getByRole("button", { name: "Change the link of Pendant" }).click();
	await dialog.locator(".share-link").waitFor();
	await title().fill("Pendant with a name so long that no row of any list has room for it, whatever one does, and so it takes two lines");
	await until("Saved");
	await page.keyboard.press("Escape");
	await dialog.waitFor({ state: "detached" });
	ok((await focusOn(page, /^Change the link of Pendant with a name/)).startsWith("Change the link of Pendant with a name"), "closed, and the focus is where it was");
	ok((await rows.nth(1).innerText()).includes("takes two lines"), "the row has the new title");
	await look(page, "links with a long title");
	await page.getByRole("button", { name: /^Stop sharing Pendant/ }).click();
	await page.locator(".note", { hasText: "is not shared any more" }).waitFor();
	is([await rows.count(), await focusOn(page, "Links")], [2, "Links"], "it is gone, and the focus is on the page's heading");
	await page.getByRole("button", { name: "Undo" }).click();
	await rows.nth(2).waitFor();
	const titles = await page.locator(".link-title").allInnerTexts();
	ok(titles[1]?.includes("takes two lines"), "it is back where it was", titles);
});

test("a list in pieces, an empty one, and one that does not come", async () => {
	/* What the studio asks for at once is more than this test makes. */
	await page.route("**/v1/designs?shared=true*", (route) => route.continue({ url: route.request().url().replace("limit=40", "limit=2") }));
	await page.reload();
	await rows.nth(1).waitFor();
	is(await rows.count(), 2, "the first piece");
	await page.getByRole("button", { name: "Show earlier ones" }).click();
	await rows.nth(2).waitFor();
	is([await rows.count(), await page.getByRole("button", { name: "Show earlier ones" }).count()], [3, 0], "and the rest");
	await page.unroute("**/v1/designs?shared=true*");
	const fail = (route) => route.fulfill(problem(500, "internal"));
	await page.route("**/v1/designs?shared=true*", fail);
	await page.reload();
	await page.getByText("Something went wrong on our side.").waitFor();
	await page.unroute("**/v1/designs?shared=true*", fail);
	await page.getByRole("button", { name: "Try again" }).click();
	await rows.nth(2).waitFor();
	ok(true, "a list that did not come comes by another try");
});

/* --- who has looked ---------------------------------------------------------------------------------- */

test("visitors", async () => {
	await rows.nth(2).getByRole("button", { name: /^Visitors of/ }).click();
	await page.getByText("Nobody has looked yet.").waitFor();
	is(await page.locator(".chart rect").count(), 0, "none yet");
	await rows.nth(2).getByRole("button", { name: /^Visitors of/ }).click();
	const seen = other.waitForResponse((r) => /\/views$|v\.gif$/.test(new URL(r.url()).pathname));
	await other.goto(url);
	await seen;
	/* Looks are counted some at a time, a moment later. */
	const words = page.locator(".visitors-head [role=status]");
	for (let i = 0; i < 60; i++) {
		await rows.nth(2).getByRole("button", { name: /^Visitors of/ }).click();
		await page.waitForFunction(() => document.querySelector(".visitors-head [role=status]")?.textContent !== "");
		if ((await words.innerText()).startsWith("1 ") || i === 59)
			break;
		await rows.nth(2).getByRole("button", { name: /^Visitors of/ }).click();
		await page.waitForTimeout(500);
	}
	is(await words.innerText(), "1 visitor in 30 days", "a visitor is told of");
	ok((await rows.nth(2).innerText()).includes("1 visit"), "the row knows it too");
	is(await page.locator(".chart rect").count(), 1, "a visitor is drawn");
	is(await page.locator(".visitors tbody tr").count(), 30, "and told day by day to those who do not see it");
	ok((await page.locator(".parts-all").innerText()).includes("Computer"), "with the kind of device");
	await page.getByRole("radio", { name: "7 days" }).check();
	await page.waitForFunction(() => document.querySelectorAll(".visitors tbody tr").length === 7);
	await page.getByRole("radio", { name: "90 days" }).check();
	await page.waitForFunction(() => document.querySelectorAll(".visitors tbody tr").length === 90);
	ok(true, "for a week, and for a quarter");
	await look(page, "links with visitors");
});

test("the last link ends", async () => {
	for (let left = 3; left > 0; left--) {
		await page.getByRole("button", { name: /^Stop sharing/ }).first().click();
		await page.waitForFunction((n) => document.querySelectorAll(".link-row").length === n, left - 1);
	}
	await page.getByText("Nothing is shared now.").waitFor();
	await look(page, "no links");
	is(await status(), 404, "they are all dead");
});

test("the list is a member's", async () => {
	const stranger = await viewer.page();
	await stranger.goto(stack.url + "/shares");
	await heading(stranger, "Sign in");
	ok(true, "who is signed out signs in first");
	await stranger.close();
});

test("the pages have nothing to complain about", async () => {
	is(browser.complaints, [], "no exceptions, no CSP violations, no dialogs");
	is(viewer.complaints, [], "nor in the browser of a viewer");
});

await main();
