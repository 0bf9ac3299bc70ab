// Debian's chromium by playwright-core: a fresh folder for its data, and everything that a page complains about.
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { slower } from "./tap.mjs";

const program = process.env.CHROMIUM ?? "/usr/bin/chromium";
const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
	"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"];

export class Browser {
	// What pages complained about; `expected` patterns are left out.
	complaints = [];
	expected = [];

	async open(options = {}) {
		if (!this.folder) {
			this.folder = await mkdtemp((process.env.BEZEL_TEST_TMP ?? "/tmp") + "/bezel-chromium-");
			await mkdir(join(this.folder, "home"));
		}
		this.context = await chromium.launchPersistentContext(join(this.folder, "data"), {
			executablePath: program, args: flags, chromiumSandbox: false, timeout: 60000,
			env: { PATH: process.env.PATH, HOME: join(this.folder, "home"), LANG: "C.UTF-8" },
			viewport: { width: 1440, height: 900 }, colorScheme: "light", reducedMotion: "reduce", ...options,
		});
		this.context.setDefaultTimeout(20000 * slower);
		for (const page of this.context.pages())
			await page.close();
		return this;
	}

	async page() {
		const page = await this.context.newPage();
		const say = (text) => {
			if (!this.expected.some((pattern) => pattern.test(text)))
				this.complaints.push(text);
		};

		page.on("console", (message) => {
			if (["error", "warning"].includes(message.type()))
				say(`${message.type()}: ${message.text()} (${message.location().url})`);
		});
		page.on("pageerror", (error) => say(`exception: ${error.stack ?? error}`));
		page.on("dialog", (dialog) => {
			say(`dialog: ${dialog.message()}`);
			dialog.dismiss().catch(() => undefined);
		});
		await page.addInitScript(() => {
			document.addEventListener("securitypolicyviolation", (e) => {
				console.error(`CSP violation: ${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`);
			});
		});
		return page;
	}

	// The whole browser is closed and comes back with what it had stored.
	async reopen(options = {}) {
		await this.context.close();
		return this.open(options);
	}

	async close() {
		await this.context?.close();
		if (this.folder)
			await rm(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
	}
}
