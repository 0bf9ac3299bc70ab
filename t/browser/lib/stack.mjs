// A whole bezel for a test: scripts/run with its own mongod and nginx on a free port, ended by scripts/stop.
import { execFile } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { diag } from "./tap.mjs";

const run = promisify(execFile);
const top = join(dirname(fileURLToPath(import.meta.url)), "../../..");

// Not of those that the kernel gives to whoever connects: one of them may take it before we listen, or while we restart.
export async function freePort() {
	const [low, high] = (await readFile("/proc/sys/net/ipv4/ip_local_port_range", "ascii")).split(/\s+/).map(Number);
	const [first, last] = low > 15000 ? [10000, low - 1] : high < 60000 ? [high + 1, 65535] : [0, 0];

	for (;;) {
		const port = await new Promise((resolve) => {
			const probe = createServer();
			probe.on("error", () => resolve(null));
			probe.listen(randomInt(first, last + 1), "127.0.0.1", () => {
				const { port: ours } = probe.address();
				probe.close(() => resolve(ours));
			});
		});
		if (port !== null)
			return port;
	}
}

export class Stack {
	settings = {};

	constructor(settings) {
		this.settings = {
			provider: "mem", job_workers: 1, job_slots: 1, web_workers: 2, guest_daily: 500, guest_address_daily: 5000, ...settings,
		};
	}

	// Settings given here hold from now on; the data stay from start to start.
	async start(settings = {}) {
		Object.assign(this.settings, settings);
		this.folder ??= await mkdtemp((process.env.BEZEL_TEST_TMP ?? "/tmp") + "/bezel-b-");
		await run("chmod", ["0755", this.folder]);
		const fresh = this.port === undefined;
		this.port ??= await freePort();
		const options = Object.entries(this.settings).filter(([, value]) => value !== null)
			.flatMap(([name, value]) => ["--set", `${name}=${value}`]);
		for (let tries = 3;; tries--) {
			try {
				await run(join(top, "scripts/run"), ["--no-build", "--detach", "--flood", "off", "--state", join(this.folder, "state"),
					"--port", String(this.port), "--mongod-cache", "0.25", ...options], { timeout: 120000 });
				break;
			} catch (error) {
				// Somebody took the port between our look and nginx's (who says so in other words than scripts/run); pages know it later on.
				if (!fresh || tries === 1 || !String(error.stderr).includes("in use"))
					throw error;
				this.port = await freePort();
			}
		}
		this.running = true;
		return this;
	}

	async stop() {
		if (!this.running)
			return;
		this.running = false;
		await run(join(top, "scripts/stop"), ["--state", join(this.folder, "state")], { timeout: 120000 });
	}

	async restart(settings) {
		await this.stop();
		await this.start(settings);
	}

	async close() {
		await this.stop();
		if (!process.env.BEZEL_TEST_KEEP && this.folder)
			await rm(this.folder, { recursive: true, force: true });
	}

	async showLogs() {
		for (const name of ["run", "bezel"]) {
			const text = await readFile(join(this.folder, "state/logs", name + ".log"), "utf8").catch(() => "");
			diag(`--- ${name}.log`);
			diag(text.split("\n").slice(-12).join("\n"));
		}
	}

	get url() {
		return `http://127.0.0.1:${this.port}`;
	}
}
