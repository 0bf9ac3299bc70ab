// What goes wrong is told, costs nothing, and can be tried again.
import { begin } from "./lib/begin.mjs";
import { ask, describe, designId, make, openStudio, states, waitFilled } from "./lib/studio.mjs";
import { is, main, ok, settled, test } from "./lib/tap.mjs";

const { stack, browser } = await begin({ provider_script: "2:failed:200,3:refused:200,*:ok:300" });
/* Chromium writes each answer of 400 and more to the console by itself. */
browser.expected.push(/Failed to load resource: the server responded with a status of (422|503|429|404|409)/,
	/Failed to load resource: net::ERR_/);
let page = await openStudio(browser, stack.url);

const usesLeft = async () => Number(/^\d+/.exec(await page.locator(".uses-left").innerText())[0]);

test("pictures that fail say why and are tried again", async () => {
	await describe(page, "Ring of which two pictures fail", 3);
	await page.locator(".words-input").press("Control+Enter");
	await page.locator(".tile.failed").waitFor();
	await page.locator(".tile.refused").waitFor();
	await page.getByRole("button", { name: "Try again: Picture 2" }).waitFor();
	is(await states(page), ["succeeded", "failed", "refused"], "one came, one failed, one was refused");
	ok(/What came was no picture/.test(await page.locator(".tile.failed").innerText()), "the reason in plain words");
	ok(/would not make this one/.test(await page.locator(".tile.refused").innerText()), "the refusal in plain words");
	ok(/Costs nothing/.test(await page.locator(".tile.failed").innerText()), "it says that it costs nothing");
	await page.reload();
	await page.getByRole("button", { name: "Try again: Picture 2" }).waitFor();
	is((await states(page)).sort(), ["failed", "refused", "succeeded"], "a reload loses none of it");
	const left = await usesLeft();
	await page.getByRole("button", { name: "Try again: Picture 2" }).click();
	await waitFilled(page, 3);
	is(await usesLeft(), left, "trying again took no use");
	is(await page.locator(".tile.failed, .tile.refused").count(), 0, "all three are there");
});

test("a refinement that fails is tried again", async () => {
	await stack.restart({ provider_script: "1:failed:200,*:ok:200" });
	await page.reload();
	await waitFilled(page, 3);
	await page.locator(".tile a").first().click();
	await page.locator(".refine-input").fill("A wider band");
	await page.locator(".refine-input").press("Control+Enter");
	await page.locator(".leaf.waiting.failed").waitFor();
	ok(/What came was no picture/.test(await page.locator(".leaf.waiting").innerText()), "the tree says why");
	await page.getByRole("button", { name: "Try again: the refinement" }).click();
	await page.getByRole("heading", { name: "Refinement 1" }).waitFor();
	ok(true, "then it comes");
});

test("when no picture comes the use is given back", async () => {
	await stack.restart({ provider_script: "1:failed,2:failed,*:ok:200" });
	await page.reload();
	await page.getByRole("button", { name: "New", exact: true }).click();
	const left = await usesLeft();
	await describe(page, "Ring of which nothing comes", 2);
	await page.locator(".words-input").press("Control+Enter");
	await page.getByRole("button", { name: "Try again: Picture 1" }).waitFor();
	await page.waitForFunction((n) => document.querySelector(".uses-left").innerText.startsWith(n + " "), left);
	ok(true, "the uses that are left are as before");
	await page.getByRole("button", { name: "Leave out Picture 1" }).click();
	ok((await page.locator(".tile[data-state]").count()) < 2, "what failed can be left out");
});

test("making is cancelled, and gone on with", async () => {
	await stack.restart({ provider_script: "1:ok:200,2:hang,*:ok:200" });
	await page.reload();
	await page.getByRole("button", { name: "New", exact: true }).click();
	await describe(page, "Ring that hangs", 3);
	await page.locator(".words-input").press("Control+Enter");
	await waitFilled(page, 1);
	await page.locator(".tile.running").waitFor();
	await page.getByRole("button", { name: "Cancel" }).click();
	await page.locator(".tile.cancelled").first().waitFor();
	await page.locator(".progress").waitFor({ state: "detached" });
	is(await states(page), ["succeeded", "cancelled", "cancelled"], "what was there stays, the others are stopped");
	ok(/You stopped it/.test(await page.locator(".tile.cancelled").first().innerText()), "it says who stopped it");
	await page.getByRole("button", { name: "Try again: Picture 2" }).click();
	await waitFilled(page, 3);
	ok(true, "and they are made after all");
});

test("cancelled by keys while it waits in line", async () => {
	await stack.restart({ provider_script: "1:hang,2:hang,*:ok:200" });
	await page.reload();
	await page.getByRole("button", { name: "New", exact: true }).click();
	await describe(page, "Ring that is first in line", 2);
	await page.locator(".words-input").press("Control+Enter");
	await page.locator(".tile.running").waitFor();
	const first = designId(page);
	await page.getByRole("button", { name: "New", exact: true }).click();
	await describe(page, "Ring that waits in line", 2);
	await page.locator(".words-input").press("Control+Enter");
	await page.locator(".tile.queued").first().waitFor();
	ok(/Next in line|before it/.test(await page.locator(".tile.queued").first().innerText()), "its place in the line is shown");
	await page.locator(".panel.pictures").focus();
	await page.keyboard.press("Shift+X");
	await page.locator(".tile.cancelled").first().waitFor();
	ok(true, "Shift+X cancels");
	const second = designId(page);
	await page.locator(`.entry[data-design="${first}"] a`).click();
	await page.getByRole("button", { name: "Cancel" }).click();
	await page.locator(".tile.cancelled").first().waitFor();
	ok(true, "the one before it is cancelled too");
	await page.locator(`.entry[data-design="${second}"] a`).click();
	await page.locator(".tile.cancelled").first().waitFor();
	is(await states(page), ["cancelled", "cancelled"], "and both have stopped");
});

test("bad input is shown at its field", async () => {
	await stack.restart({ provider_script: "*:ok:200" });
	await page.reload();
	await page.getByRole("button", { name: "New", exact: true }).click();
	await page.locator(".words-input").fill("");
	await page.getByRole("combobox", { name: "Stone" }).selectOption("Another stone…");
	await page.getByRole("radio", { name: "Measured" }).check();
	await page.getByRole("textbox", { name: "Length" }).fill("9000");
	await page.getByRole("textbox", { name: "Weight" }).fill("0");
	for (const metal of await page.locator(".metal input:checked").all())
		await metal.uncheck();
	await page.getByRole("button", { name: /Make . pictures/ }).click();
	await page.locator(".summary").waitFor();
	const at = (pointer) => page.locator(`[data-pointer="${pointer}"] .fault`).first().innerText();
	is(await at("/original_prompt"), "Describe the piece in a few words.", "the words");
	is(await at("/gem_data/type"), "Name the stone.", "the stone");
	is(await at("/gem_data/size/dimensions/length_mm"), "At most 500.", "the length");
	is(await at("/gem_data/size/carat_weight"), "At least 0.001.", "the weight");
	is(await at("/material_preferences/metals"), "Choose at least one metal.", "the metals");
	ok(await settled(() => page.locator(".words-input").evaluate((e) => e === document.activeElement), Boolean), "the first field at fault has the focus");
	is(await page.locator(".words-input").getAttribute("aria-invalid"), "true", "it is marked for readers");
	const described = await page.locator(".words-input").evaluate((e) =>
		e.getAttribute("aria-describedby").split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join(" "));
	ok(described.includes("Describe the piece in a few words."), "and described by the sentence", described);
	ok(/the description, the stone.*the metals/.test((await page.locator(".summary").innerText()).replace(/\n/g, " "))
		|| (await page.locator(".summary").innerText()).includes("entries need a change"), "a summary names them");
	await page.getByRole("textbox", { name: "Length" }).fill("eight");
	await page.getByRole("button", { name: /Make . pictures/ }).click();
	await page.getByText("This must be a number.").waitFor();
	ok(true, "what is no number is said so");
	await page.locator(".words-input").fill("Ring with a loose stone of eight by six");
	is(await page.locator("[data-pointer='/original_prompt'] .fault").count(), 0, "a field that is changed is not at fault any more");
	await page.getByRole("combobox", { name: "Stone" }).selectOption("Sapphire");
	await page.getByRole("textbox", { name: "Length" }).fill("8,0");
	await page.getByRole("textbox", { name: "Width" }).fill("6");
	await page.getByRole("textbox", { name: "Weight" }).fill("3");
	await page.getByRole("checkbox", { name: "Platinum" }).check();
	await page.locator(".words-input").press("Control+Enter");
	await page.locator(".tile.filled").first().waitFor();
	const design = await ask(page, `/v1/designs/${designId(page)}`);
	is([design.gem_data.size.dimensions.length_mm, design.gem_data.size.carat_weight], [8, 3], "a comma is a point");
	await page.getByText(/of this size usually weighs/).waitFor();
	ok(true, "advice about the weight is shown, and stops nobody");
	await page.locator(".tile a").first().click();
	await page.locator(".refine").getByRole("button", { name: "Refine" }).click();
	await page.getByText("Say what should change.").waitFor();
	ok(await page.locator(".refine-input").evaluate((e) => e === document.activeElement), "a refinement without words is shown at its field");
});

test("a file that is no picture", async () => {
	const input = page.locator(".reference input[type=file]");
	await input.setInputFiles({ name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("hello") });
	await page.locator(".reference .fault", { hasText: "That is not a picture." }).waitFor();
	await input.setInputFiles({ name: "a.png", mimeType: "image/png", buffer: Buffer.from("hello") });
	await page.locator(".reference .fault", { hasNotText: "That is not a picture." }).waitFor();
	ok(!/That is not a picture/.test(await page.locator(".reference .fault").innerText()), "what only pretends is refused by the service, at the field");
	await input.setInputFiles({ name: "a.png", mimeType: "image/png", buffer: Buffer.alloc(11 * 1024 * 1024) });
	await page.locator(".reference .fault", { hasText: "That picture is larger than 10 MB." }).waitFor();
	ok(true, "too large");
});

test("a busy service is asked again with the same key", async () => {
	const keys = [];
	await page.route("**/v1/designs", async (route) => {
		if (route.request().method() !== "POST")
			return route.continue();
		keys.push(await route.request().headerValue("idempotency-key"));
		if (keys.length === 1)
			return route.fulfill({ status: 503, headers: { "Retry-After": "1" }, contentType: "application/problem+json",
				body: JSON.stringify({ type: "x", title: "The service cannot answer now", status: 503, code: "unavailable" }) });
		if (keys.length === 2) {
			/* It arrives, but its answer is lost. */
			await route.fetch();
			return route.abort("connectionreset");
		}
		return route.continue();
	});
	await page.getByRole("button", { name: "New", exact: true }).click();
	const before = (await ask(page, "/v1/designs?limit=100")).items.length;
	await describe(page, "Ring for a busy day", 2);
	await page.locator(".words-input").press("Control+Enter");
	await page.locator(".banner.fault").waitFor();
	ok(true, "the page says that it is busy");
	await waitFilled(page, 2);
	is(keys.length, 3, "three requests");
	ok(keys[0] && new Set(keys).size === 1, "with one key", keys);
	is((await ask(page, "/v1/designs?limit=100")).items.length, before + 1, "one design was made");
	await page.unroute("**/v1/designs");
});

test("offline and back", async () => {
	await page.getByRole("button", { name: "New", exact: true }).click();
	await describe(page, "Ring in a tunnel", 2);
	await browser.context.setOffline(true);
	await page.locator(".words-input").press("Control+Enter");
	await page.getByText("You seem to be offline.").waitFor();
	ok(true, "it says so");
	await browser.context.setOffline(false);
	await waitFilled(page, 2);
	ok(true, "and goes on when it is back");
	is(await page.locator(".banner.fault").count(), 0, "the notice goes away");
});

test("the uses of the day are used up", async () => {
	await stack.restart({ guest_daily: 1 });
	await browser.context.clearCookies();
	page = await openStudio(browser, stack.url);
	await page.getByText("Your earlier guest session has ended").waitFor();
	ok(true, "the end of a session is told");
	await make(page, "Ring of the day", 2);
	await page.getByText("Today’s designs and refinements are used up.").first().waitFor();
	await page.locator(".words-input").press("Control+Enter");
	await page.locator(".send .summary").waitFor();
	ok(/There are new ones in \d+ (h|min|s)/.test(await page.locator(".send .summary").innerText()), "and when there are new ones",
		await page.locator(".send .summary").innerText());
});

test("addresses that lead nowhere", async () => {
	await page.goto(stack.url + "/d/019a0000-0000-7000-8000-000000000001");
	await page.getByText("This design is not here").waitFor();
	await page.getByRole("main").getByRole("button", { name: "New piece" }).click();
	await page.getByText("Describe a piece, see it made").waitFor();
	ok(true, "a design of nobody is told kindly");
});

test("the page has nothing else to complain about", async () => {
	is(browser.complaints, [], "no exceptions, no CSP violations, no dialogs");
});

await main();
