// Makes docs/studio-light.png, -dark.png and -share.png anew, with the built-in renderer: node t/browser/lib/docs-pictures.mjs
// (after t/browser/run has fetched what the tests need; some minutes). What comes out is for people to look at;
// pngquant makes it a third as large.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { becomeMember } from "./accounts.mjs";
import { Browser } from "./browser.mjs";
import { Stack } from "./stack.mjs";
import { openStudio, twoFrames, waitFilled } from "./studio.mjs";

const docs = join(dirname(fileURLToPath(import.meta.url)), "../../../docs");
const minutes = 300000;
const stack = new Stack({ provider: "render", job_workers: 1, job_slots: 2, guest_daily: 100 });
const browser = new Browser();

async function piece(page, { words, stone, cut, color, metals, pictures }) {
	const before = page.url();

	await page.getByRole("button", { name: "Start afresh" }).click();
	await page.locator(".words-input").fill(words);
	await page.getByLabel("Stone", { exact: true }).selectOption(stone);
	await page.getByRole("radio", { name: cut, exact: true }).check();
	await page.getByRole("radio", { name: color, exact: true }).check();
	for (const each of await page.locator("[data-pointer='/material_preferences/metals'] input:checked").all())
		await each.uncheck();
	for (const metal of metals)
		await page.getByRole("checkbox", { name: metal, exact: true }).check();
	await page.getByRole("radio", { name: `${pictures} pictures`, exact: true }).check();
	await page.locator(".words-input").press("Control+Enter");
	await page.waitForURL((url) => url.href !== before);
	await waitFilled(page, pictures, minutes);
}

async function refine(page, words, number) {
	await page.locator(".refine-input").waitFor();
	await page.locator(".refine-input").fill(words);
	await page.locator(".refine-input").press("Control+Enter");
	await page.getByRole("heading", { name: `Refinement ${number}` }).waitFor({ timeout: minutes });
	await page.waitForLoadState("networkidle");
}

async function shoot(page, name) {
	await page.evaluate(() => document.activeElement?.blur());
	await page.mouse.move(720, 840);
	await page.locator(".note").first().waitFor({ state: "detached", timeout: 30000 });
	await page.evaluate(() => Promise.all([...document.images].map((image) => image.decode())));
	await twoFrames(page);
	await page.screenshot({ path: join(docs, name) });
}

try {
	await stack.start();
	await browser.open();
	const page = await openStudio(browser, stack.url);
	await piece(page, { words: "Drop earrings", stone: "Tanzanite", cut: "Pear", color: "Violet-blue", metals: ["White Gold"], pictures: 2 });
	await piece(page, { words: "Pendant, bezel setting", stone: "Opal", cut: "Cabochon", color: "White", metals: ["Yellow Gold"], pictures: 2 });
	await piece(page, { words: "Bracelet with a slim band", stone: "Emerald", cut: "Emerald", color: "Green", metals: ["Yellow Gold"], pictures: 2 });
	await page.locator(".entry").first().getByRole("button", { name: /star/i }).click();
	await piece(page, { words: "Engagement ring with a fine halo", stone: "Sapphire", cut: "Oval", color: "Blue", metals: ["Platinum", "Rose Gold"], pictures: 4 });
	await shoot(page, "studio-light.png");
	await page.locator(".tile a").nth(2).click();
	await refine(page, "Hammered, matte", 1);
	await page.getByText("All pictures").click();
	await page.locator(".tile a").nth(1).click();
	await refine(page, "All in rose gold, a slimmer band", 2);
	const pick = page.getByRole("button", { name: "Pick this one" });
	if (await pick.count() > 0)
		await pick.click();
	await page.getByRole("button", { name: "Picked" }).waitFor();
	await page.emulateMedia({ colorScheme: "dark" });
	await shoot(page, "studio-dark.png");
	/* A piece that is shared: links are a member's. The server's own address would tell nothing. */
	const design = new URL(page.url()).pathname.split("/v/")[0];
	await page.emulateMedia({ colorScheme: "light" });
	await becomeMember(page, stack, "mira@example.net", "an emerald of the steppe");
	await page.goto(stack.url + design);
	await page.locator(".head").getByRole("button", { name: "Share", exact: true }).click();
	await page.getByRole("textbox", { name: "Title" }).fill("A halo for Otto and Ada");
	await page.locator(".share-state", { hasText: "Saved" }).waitFor();
	await page.locator(".share-picture img.ready").waitFor();
	await shoot(page, "studio-share.png");
} finally {
	await browser.close();
	await stack.close();
}
