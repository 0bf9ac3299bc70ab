// What tests of the studio do again and again.
import { settled, slower } from "./tap.mjs";

export async function openStudio(browser, url, path = "/") {
	const page = await browser.page();

	await page.goto(url + path);
	await page.locator(".words-input").waitFor({ state: "attached" });
	return page;
}

// A picture of `side` pixels as PNG, drawn by the browser.
export async function png(page, side = 40) {
	const base64 = await page.evaluate((n) => {
		const canvas = document.createElement("canvas");
		canvas.width = canvas.height = n;
		const paint = canvas.getContext("2d");
		paint.fillStyle = "#2244cc";
		paint.fillRect(0, 0, n, n);
		return canvas.toDataURL("image/png").split(",")[1];
	}, side);

	return Buffer.from(base64, "base64");
}

export async function describe(page, words, pictures = 3) {
	await page.locator(".words-input").fill(words);
	await page.getByRole("radio", { name: `${pictures} pictures` }).check();
}

export const states = (page) => page.locator(".tile[data-state]").evaluateAll((all) => all.map((t) => t.dataset.state));
export const filled = (page) => page.locator(".tile.filled .picture.ready").count();

// Notes every state of the tiles that was on the screen, and the busiest widths.
export async function watchTiles(page) {
	await page.evaluate(() => {
		window.seen = [];
		const look = () => {
			const tiles = [...document.querySelectorAll(".tile[data-state]")];
			const now = tiles.map((t) => t.dataset.state === "succeeded"
				? (t.querySelector("img.ready") ? "picture" : "loading") : t.dataset.state).join(" ");
			if (now !== "" && window.seen.at(-1) !== now)
				window.seen.push(now);
		};
		setInterval(look, 20);
	});
}

// At least so many; more may have come meanwhile.
export async function waitSome(page, n) {
	await page.waitForFunction((count) => document.querySelectorAll(".tile.filled .picture.ready").length >= count, n);
}

export const seenTiles = (page) => page.evaluate(() => window.seen);

export async function waitFilled(page, n, timeout = 30000 * slower) {
	await page.waitForFunction((count) => document.querySelectorAll(".tile.filled .picture.ready").length === count, n, { timeout });
}

export async function make(page, words, pictures = 2) {
	const before = page.url();

	await describe(page, words, pictures);
	await page.locator(".words-input").press("Control+Enter");
	await page.waitForURL((url) => url.href !== before && /\/d\/[0-9a-f-]{36}$/.test(url.pathname));
	await waitFilled(page, pictures);
	return /\/d\/([0-9a-f-]{36})/.exec(page.url())[1];
}

// Keys as fast as they can come: none waits for what the one before it does. A page that heeds a key only after
// a frame or an event loses one of them.
export async function burst(page, ...keys) {
	await Promise.all(keys.flatMap((key) => {
		const parts = key.split("+");
		return [...parts.map((k) => page.keyboard.down(k)), ...parts.reverse().map((k) => page.keyboard.up(k))];
	}));
}

// Until what was put off to the next frames has happened.
export const twoFrames = (page) => page.evaluate(() =>
	new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50)))));

// The page works so many times slower while `run` does.
export async function slowly(page, times, run) {
	const tools = await page.context().newCDPSession(page);

	await tools.send("Emulation.setCPUThrottlingRate", { rate: times });
	try {
		await run();
	} finally {
		await tools.detach();
	}
}

export const designId = (page) => /\/d\/([0-9a-f-]{36})/.exec(page.url())?.[1] ?? null;

// What the interface says about it, asked with the page's own session.
export const ask = (page, path) => page.evaluate(async (p) => (await fetch(p)).json(), path);

export const focusName = (page) => page.evaluate(() => {
	const e = document.activeElement;
	return e === null || e === document.body ? "" : e.getAttribute("aria-label") ?? e.labels?.[0]?.textContent ?? e.textContent ?? "";
});

// The name of what has the focus, once it is the wanted one: the focus follows the frame in which its place is there.
export const focusOn = (page, wanted) => settled(() => focusName(page), (name) => wanted instanceof RegExp ? wanted.test(name) : name === wanted);
