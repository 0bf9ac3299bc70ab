// Other services to sign in with, on loopback: services.py starts them. Their pages are used as people use them.
import { spawn } from "node:child_process";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export class Services {
	// The settings of a bezel on this port that offers them.
	async open(port) {
		this.folder = await mkdtemp((process.env.BEZEL_TEST_TMP ?? "/tmp") + "/bezel-services-");
		await chmod(this.folder, 0o755);
		this.program = spawn("/usr/bin/python3", ["-B", join(dirname(fileURLToPath(import.meta.url)), "services.py"), String(port), this.folder],
			{ stdio: ["pipe", "pipe", "inherit"] });
		this.lines = createInterface({ input: this.program.stdout })[Symbol.asyncIterator]();
		const { value } = await this.lines.next();
		if (value === undefined)
			throw new Error("the services did not start");
		return JSON.parse(value);
	}

	// Who signs in at Facebook next, and how it goes there (t/lib/facebook.py).
	async facebook(name, value) {
		this.program.stdin.write(`${name} ${value}\n`);
		if ((await this.lines.next()).value !== "ok")
			throw new Error("the services have ended");
	}

	async close() {
		if (this.program) {
			const ended = new Promise((done) => this.program.on("exit", done));
			this.program.stdin.end();
			await ended;
		}
		if (this.folder)
			await rm(this.folder, { recursive: true, force: true });
	}
}

// The provider's own pages: who one is, then the consent. Its typeface would come from elsewhere.
export async function atGoogle(page, person) {
	await page.locator("input[name=login]").fill(person);
	await page.locator("input[name=password]").fill("x");
	await page.locator("button[type=submit]").click();
	await page.getByRole("button", { name: "Continue" }).click();
}

export async function keepOnLoopback(page) {
	await page.route((url) => url.protocol.startsWith("http") && url.hostname !== "127.0.0.1", (route) => route.fulfill({ status: 200, contentType: "text/css", body: "" }));
}

// Else it would know who one is: cookies know no ports.
export async function forgetGoogle(page) {
	await page.context().clearCookies({ name: /^_(session|interaction|grant)/ });
}
