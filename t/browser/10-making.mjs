// From words to pictures: tiles fill one by one, one is picked and refined, nothing is lost.
import { begin } from "./lib/begin.mjs";
import { ask, describe, designId, openStudio, png, seenTiles, states, waitFilled, waitSome, watchTiles } from "./lib/studio.mjs";
import { is, main, ok, test } from "./lib/tap.mjs";

const { stack, browser } = await begin({ provider_script: "*:ok:1100" });
let page = await openStudio(browser, stack.url);
let id = null;

test("a guest begins without doing anything", async () => {
	await page.locator(".time-left").waitFor();
	is(await page.locator(".time-left").innerText(), "23 h 59 min", "the time that is left is shown");
	ok(/^500 of 500/.test(await page.locator(".uses-left").innerText()), "the uses that are left are shown");
	await page.getByText("Your designs gather here.").waitFor();
	ok(true, "an empty list says so");
	ok(await page.getByText("Describe a piece, see it made").isVisible(), "an empty stage says what to do");
});

test("four tiles fill one by one", async () => {
	await watchTiles(page);
	await describe(page, "Engagement ring with a twisted band", 4);
	await page.getByRole("combobox", { name: "Stone" }).selectOption("Tourmaline");
	await page.getByRole("radio", { name: "Pear" }).check();
	await page.locator(".swatches input").nth(1).check();
	await page.getByRole("checkbox", { name: "Rose Gold" }).check();
	await page.getByRole("radio", { name: "Rose Gold is the main metal" }).check();
	await page.getByRole("radio", { name: "Hammered" }).check();
	await page.getByRole("button", { name: /Make 4 pictures/ }).click();
	await page.locator(".tile").first().waitFor();
	id = designId(page);
	ok(id !== null, "the address names the design");
	is((await states(page)).length, 4, "four tiles are there before the first picture");
	await waitFilled(page, 4);
	const seen = await seenTiles(page);
	const partly = seen.filter((s) => s.includes("picture") && /queued|running/.test(s));
	const counts = new Set(partly.map((s) => s.split(" ").filter((w) => w === "picture").length));
	ok(counts.size >= 2, `the page was seen with ${[...counts].join(", ")} of 4 pictures while others were on their way`, seen);
	ok(seen.some((s) => s.includes("running")), "one was seen being made");
	ok(/^499 of 500/.test(await page.locator(".uses-left").innerText()), "one use was taken");
	is(await page.locator(".tile .caption", { hasText: "Preview render" }).count(), 4, "preview renders say that they are");
	const design = await ask(page, `/v1/designs/${id}`);
	is([design.gem_data.type, design.gem_data.cut, design.material_preferences, design.num_variations_requested],
		["Tourmaline", "Pear", { metals: ["Rose Gold", "Yellow Gold"], finish: "Hammered" }, 4], "what was chosen is what was sent");
	const order = await page.locator(".tile a").evaluateAll((all) => all.map((a) => a.pathname.split("/").at(-1)));
	is(new Set(order).size, 4, "four different pictures");
	await page.locator("progress").waitFor({ state: "detached" });
	ok(true, "the progress goes away");
});

test("a picture is looked at closely and picked", async () => {
	await page.getByRole("link", { name: /Look at Picture 2/ }).click();
	await page.getByRole("heading", { name: "Picture 2" }).waitFor();
	ok(/\/v\/[0-9a-f-]{36}$/.test(page.url()), "the address names the picture");
	await page.getByRole("button", { name: "Pick this one" }).click();
	await page.getByRole("button", { name: "Picked" }).waitFor();
	const design = await ask(page, `/v1/designs/${id}`);
	is(design.selected_image_id, page.url().split("/v/")[1], "the service knows it");
	await page.keyboard.press("ArrowRight");
	await page.getByRole("heading", { name: "Picture 3" }).waitFor();
	await page.keyboard.press("ArrowLeft");
	await page.getByRole("heading", { name: "Picture 2" }).waitFor();
	await page.keyboard.press("Escape");
	await page.locator(".tile.picked").waitFor();
	ok(true, "arrows and Escape work");
	await page.goBack();
	await page.getByRole("heading", { name: "Picture 2" }).waitFor();
	ok(true, "back brings the large view");
});

let firstRefinement = null;

test("a picture is refined; nothing is overwritten", async () => {
	await page.locator(".refine-input").fill("A slimmer band and a halo");
	await page.getByRole("radio", { name: "Bold" }).check();
	await page.getByRole("button", { name: "Stone", exact: true }).click();
	await page.locator(".refine-input").press("Control+Enter");
	await page.locator(".opened", { has: page.locator(".leaf.waiting") }).getByText("Refining…").waitFor();
	ok(true, "it says that it refines");
	await page.getByRole("heading", { name: "Refinement 1" }).waitFor();
	ok(true, "the new version takes the place of its base on show");
	firstRefinement = page.url().split("/v/")[1];
	const design = await ask(page, `/v1/designs/${id}`);
	is(design.generated_images.length, 4, "the four pictures are still there");
	is(design.refinements.map((r) => [r.prompt, r.refinement_strength, r.preserve_elements]),
		[["A slimmer band and a halo", 0.85, ["stone"]]], "words, strength and what to keep");
	is(await page.locator(".leaf").count(), 5, "the tree has five versions");
});

test("it can be refined from any version", async () => {
	await page.locator(".leaf", { hasText: "Picture 4" }).click();
	await page.getByRole("heading", { name: "Picture 4" }).waitFor();
	await page.locator(".refine-input").fill("Yellow gold");
	await page.locator(".refine").getByRole("button", { name: "Refine" }).click();
	await page.getByRole("heading", { name: "Refinement 2" }).waitFor();
	await page.locator(`.leaf[data-version="${firstRefinement}"]`).click();
	await page.getByRole("heading", { name: "Refinement 1" }).waitFor();
	await page.locator(".refine-input").fill("Matte");
	await page.locator(".refine-input").press("Control+Enter");
	await page.getByRole("heading", { name: "Refinement 3" }).waitFor();
	const { versions } = await ask(page, `/v1/designs/${id}/versions`);
	is(versions.filter((v) => v.type === "refinement").length, 3, "three refinements of two branches");
	is(versions.at(-1).base_id, firstRefinement, "the last hangs on the first");
	const inTree = await page.locator(`li:has(> [data-version="${firstRefinement}"]) > ol > li`).count();
	is(inTree, 1, "and is shown there");
});

test("words that were not sent stay", async () => {
	await page.locator(".refine-input").fill("Half a thought");
	await page.getByRole("button", { name: "All pictures" }).click();
	await page.locator(".words-input").fill("A thought for another piece");
	await page.close();
	await browser.reopen();
	page = await openStudio(browser, stack.url, `/d/${id}`);
	await waitFilled(page, 4);
	ok(true, "after the browser was closed the design is there again");
	is(await page.locator(".words-input").inputValue(), "A thought for another piece", "and the draft");
	await page.locator(".entry").first().waitFor();
	is(await page.locator(".entry").count(), 1, "and the list");
	is(await page.locator(".leaf").count(), 7, "and the versions");
	await page.locator(".leaf").last().click();
	await page.locator(".refine-input").waitFor();
	const all = await page.locator(".leaf").evaluateAll((l) => l.map((a) => a.dataset.version));
	let found = false;
	for (const version of all) {
		await page.locator(`.leaf[data-version="${version}"]`).click();
		await page.waitForURL(new RegExp(version));
		found ||= await page.locator(".refine-input").inputValue() === "Half a thought";
	}
	ok(found, "and the words of the refinement");
});

test("the browser is closed while pictures are made", async () => {
	await page.getByRole("button", { name: "New", exact: true }).click();
	await describe(page, "Pendant, closed in the midst of it", 4);
	await page.locator(".words-input").press("Control+Enter");
	await waitSome(page, 1);
	const second = designId(page);
	await page.close();
	await browser.reopen();
	page = await openStudio(browser, stack.url);
	await page.locator(".entry").first().waitFor();
	is(await page.locator(".entry").count(), 2, "the list has it");
	await page.locator(".entry").first().locator("a").click();
	await page.waitForURL(/\/d\//);
	is(designId(page), second, "the newest is first");
	await waitFilled(page, 4);
	ok(true, "all pictures came");
});

test("the service is restarted while pictures are made", async () => {
	browser.expected.push(/Failed to load resource/);
	await page.getByRole("button", { name: "New", exact: true }).click();
	await describe(page, "Earrings, through a restart", 4);
	await page.locator(".words-input").press("Control+Enter");
	await waitSome(page, 1);
	await stack.stop();
	await page.locator(".banner.fault").waitFor();
	ok(/Nothing is lost/.test(await page.locator(".banner.fault").innerText()), "the page says that the service is away");
	await stack.start();
	await waitFilled(page, 4, 60000);
	is(await page.locator(".banner.fault").count(), 0, "and it says no more when it is back");
	ok(true, "all pictures came");
	browser.expected.pop();
});

test("more pictures like these", async () => {
	await page.getByRole("button", { name: "More like these" }).first().click();
	await page.locator(".tile.queued, .tile.running").first().waitFor();
	await waitFilled(page, 8);
	ok(true, "four more came, the first ones stay");
});

test("a reference picture by choosing, dropping and pasting", async () => {
	await page.getByRole("button", { name: "New", exact: true }).click();
	const picture = await png(page);
	await page.locator(".reference input[type=file]").setInputFiles({ name: "ring.png", mimeType: "image/png", buffer: picture });
	await page.getByRole("img", { name: "Reference: ring.png" }).waitFor();
	ok(true, "chosen");
	await page.getByRole("button", { name: "Take away" }).click();
	const give = (kind) => page.evaluate(async ([event, base64]) => {
		const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
		const data = new DataTransfer();
		data.items.add(new File([bytes], event + ".png", { type: "image/png" }));
		const target = document.querySelector(".words-input");
		target.dispatchEvent(event === "drop" ? new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
			: new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
	}, [kind, picture.toString("base64")]);
	await give("drop");
	await page.getByRole("img", { name: "Reference: drop.png" }).waitFor();
	ok(true, "dropped");
	await page.getByRole("button", { name: "Take away" }).click();
	await give("paste");
	await page.getByRole("img", { name: "Reference: paste.png" }).waitFor();
	ok(true, "pasted");
	await describe(page, "Ring like the reference", 2);
	await page.locator(".words-input").press("Control+Enter");
	await waitFilled(page, 2);
	const design = await ask(page, `/v1/designs/${designId(page)}`);
	ok(/^\/media\//.test(design.gem_data.uploaded_image_url ?? ""), "the design has it", design.gem_data);
});

test("the page has nothing to complain about", async () => {
	is(browser.complaints, [], "no console errors, no CSP violations, no dialogs");
});

await main();
