// How most files begin: a bezel with these settings and a browser, both ended behind the last test.
import { Browser } from "./browser.mjs";
import { Stack } from "./stack.mjs";
import { whenEnded, whenFailed } from "./tap.mjs";

export async function begin(settings = {}) {
	const stack = new Stack(settings);
	const browser = new Browser();

	whenEnded(() => stack.close());
	whenEnded(() => browser.close());
	whenFailed(() => stack.showLogs());
	await stack.start();
	await browser.open();
	return { stack, browser };
}
