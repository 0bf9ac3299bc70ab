// Parts of the account page: API keys, as they are; and a picture, export, deletion and the names of other services, with
// an interface that is played here, so that each of its answers comes when it shall.
import { becomeMember, field, fillSignIn, heading, look, openAccount } from "./lib/accounts.mjs";
import { begin } from "./lib/begin.mjs";
import { ask, focusOn, png } from "./lib/studio.mjs";
import { is, main, ok, test } from "./lib/tap.mjs";

const { stack, browser } = await begin();
browser.expected.push(/Failed to load resource: the server responded with a status of (404|409|422)/);
const page = await browser.page();
const password = "an emerald of the steppe";

/* --- the interface, as far as it is played ---------------------------------------- */

const now = new Date().toISOString();
const json = (body, status = 200) => ({ status, contentType: "application/json", body: JSON.stringify(body) });
const problem = (status, code, errors) => ({ status, contentType: "application/problem+json", body: JSON.stringify({ status, code, errors }) });

/* The studio was built with what the interface describes; here it is told of more. */
await page.route("**/assets/studio-*.js", async (route) => {
	const reply = await route.fetch();
	const all = ["GET /v1/me/usage", "POST /v1/me/export", "GET /v1/me/export", "DELETE /v1/me", "POST /v1/me/photo"].map((r) => `"${r}"`).join();
	await route.fulfill({ response: reply, body: (await reply.text()).replaceAll('"GET /v1/me/usage"', all) });
});
await page.route("**/v1/me/export", (route) => route.fulfill({ status: 204 }));

test("nothing was asked for yet", async () => {
	await becomeMember(page, stack, "carla@example.net", password);
	await openAccount(page, stack.url);
	is(await page.locator(".part h2").allInnerTexts(),
		["Profile", "E-mail address", "Settings", "Plan and usage", "Signed in on", "Ways to sign in", "Password", "API keys", "Your data"], "all parts are there");
	ok(await page.getByRole("button", { name: "Pack my designs" }).isVisible(), "an export that is not there is no fault");
	is(await page.locator(".page .fault").count(), 0, "nothing is at fault");
});

test("a picture of oneself", async () => {
	const picture = await png(page);
	const me = await ask(page, "/v1/me");
	const chosen = page.locator(".photo input[type=file]");
	let tries = 0;
	await page.route("**/media/photo.webp", (route) => route.fulfill({ status: 200, contentType: "image/png", body: picture }));
	await page.route("**/v1/me/photo", (route) => route.request().method() === "DELETE" ? route.fulfill({ status: 204 })
		: ++tries === 1 ? route.fulfill(problem(422, "invalid", [{ pointer: "/file", code: "bad_image", detail: "This is no picture that can be read." }]))
		: route.fulfill(json({ ...me, profile_photo_url: "/media/photo.webp" })));
	await chosen.setInputFiles({ name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("hello") });
	await page.locator(".photo .fault", { hasText: "That is not a picture." }).waitFor();
	is(tries, 0, "what is no picture is not sent");
	await chosen.setInputFiles({ name: "a.png", mimeType: "image/png", buffer: picture });
	await page.locator(".photo .fault", { hasText: "This is no picture that can be read." }).waitFor();
	ok(true, "what only pretends is told");
	await chosen.setInputFiles({ name: "a.png", mimeType: "image/png", buffer: picture });
	await page.locator(".member-button img").waitFor();
	is(await page.locator(".photo img").evaluate((e) => [e.clientWidth, e.clientHeight]), [64, 64], "it is round, here and above");
	is(await page.locator(".photo .fault").count(), 0, "and the fault is gone");
	await look(page, "account with a photo");
	await page.getByRole("button", { name: "Take it away" }).click();
	await page.locator(".member-button img").waitFor({ state: "detached" });
	ok(await page.getByRole("button", { name: "Add a picture" }).isVisible(), "it goes");
});

/* --- API keys, with the interface as it is ------------------------------------------ */

const byKey = (key, path, options = {}) => fetch(stack.url + path, { ...options, headers: { Authorization: `Bearer ${key}`, ...options.headers } });
const makeKey = () => page.getByRole("button", { name: "Make a key" }).click();
const keyName = page.locator("#api-keys input[name=name]");
const keyRow = (name) => page.locator("#api-keys .row", { hasText: name });

test("an API key is made, and shown once", async () => {
	await openAccount(page, stack.url);
	await page.locator("#api-keys").getByText("No keys yet.").waitFor();
	await page.getByRole("button", { name: "New key…" }).click();
	const hasIt = () => keyName.evaluate((e) => e === document.activeElement);
	ok(await hasIt(), "the first field has the focus");
	await makeKey();
	ok((await page.locator("#api-keys .fault").innerText()).startsWith("Name it") && await hasIt(), "a key needs a name");
	await keyName.fill("Workshop");
	const usual = page.locator("#api-keys input[name=scopes]:checked");
	is(await usual.count(), 3, "what most programs need is chosen");
	while (await usual.count() > 0)
		await usual.first().uncheck();
	await makeKey();
	await page.locator("#api-keys [data-pointer='/scopes'] .fault").waitFor();
	is([await page.locator("#api-keys [data-pointer='/scopes'] .fault").innerText(), await keyName.inputValue()],
		["Choose at least one.", "Workshop"], "a fault stands at its group, and what was typed stays");
	await page.getByRole("checkbox", { name: "See designs" }).check();
	is(await page.locator("#api-keys .fault").count(), 0, "what is changed is not at fault any more");
	await page.getByRole("checkbox", { name: "See profile, plan and usage" }).check();
	await page.locator("#api-keys").getByRole("radio", { name: "Live" }).check();
	await page.locator("#api-keys form").scrollIntoViewIfNeeded();
	await look(page, "account with a new key");
	await makeKey();
	await page.getByText("Copy the key now.").waitFor();
	is(await focusOn(page, "Copy"), "Copy", "the button to copy it has the focus");
	await look(page, "account with a secret");
});

test("an API key opens what it may, until it ends", async () => {
	const key = await page.locator(".secret").innerText();
	await page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: stack.url });
	await page.getByRole("button", { name: "Copy", exact: true }).click();
	await page.getByRole("button", { name: "Copied" }).waitFor();
	is(await page.evaluate(() => navigator.clipboard.readText()), key, "it is copied");
	const me = await byKey(key, "/v1/me");
	is([me.status, (await me.json()).email], [200, "carla@example.net"], "a program with it is the account");
	is((await byKey(key, "/v1/folders")).status, 403, "for what it may, and no more");
	await page.getByRole("button", { name: "I have it" }).click();
	is(await page.locator(".secret").count(), 0, "the key is not shown again");
	ok(!(await page.content()).includes(key), "nor is it in the page any more");
	await page.reload();
	await keyRow("Workshop").waitFor();
	const text = await keyRow("Workshop").innerText();
	ok(/Live/.test(text) && /See designs, see profile, plan and usage/.test(text) && text.includes(key.slice(0, 13)), "it is listed by its beginning", text);
	const end = /ends (\d+ \w+)/.exec(text)?.[1];
	is(end, new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long" }).format(Date.now() + 90 * 864e5), "with its end in 90 days");
	const made = /made (\S+),/.exec(text)?.[1];
	ok(made !== undefined && text.includes(`last used about ${made}`), "and its last use, which is told to the hour", text);
	await page.locator("#api-keys").scrollIntoViewIfNeeded();
	await look(page, "account with a key");
	await page.getByRole("button", { name: "End the key Workshop" }).click();
	await page.locator("#api-keys .row.ended", { hasText: "Workshop" }).waitFor();
	is(await focusOn(page, "API keys"), "API keys", "it ends; the part's title has the focus");
	const gone = await byKey(key, "/v1/me");
	is([gone.status, (await gone.json()).code], [401, "invalid_api_key"], "from now on it is refused");
	await page.reload();
	await page.locator("#api-keys .row.ended", { hasText: "Workshop" }).waitFor();
	is(await page.getByRole("button", { name: /^End the key/ }).count(), 0, "it stays in the list as one that has ended");
});

test("a test key without an end", async () => {
	await page.getByRole("button", { name: "New key…" }).click();
	await keyName.fill("Trial");
	await page.locator("#api-keys").getByRole("radio", { name: "No end" }).check();
	await makeKey();
	const key = await page.locator(".secret").innerText();
	ok(key.startsWith("bzl_test_"), "says so in its first letters");
	is((await byKey(key, "/v1/designs")).status, 200, "it sees designs");
	await page.getByRole("button", { name: "I have it" }).click();
	ok(/no end, never used/.test(await keyRow("Trial").innerText()), "and has no end");
});

test("the answer with a key gets lost", async () => {
	let lost = 0;
	browser.expected.push(/net::ERR_CONNECTION_RESET/);
	await page.route("**/v1/api-keys", async (route) => {
		if (route.request().method() !== "POST" || lost++ > 0) {
			await route.continue();
			return;
		}
		await route.fetch();
		await route.abort("connectionreset");
	});
	await page.getByRole("button", { name: "New key…" }).click();
	await keyName.fill("Shop window");
	await makeKey();
	await page.getByText("The key was made, but did not arrive here.").waitFor();
	await page.unroute("**/v1/api-keys");
	await keyRow("Shop window").waitFor();
	is(await keyRow("Shop window").count(), 1, "it is asked for again, made once, and told");
	await page.getByRole("button", { name: "End the key Shop window" }).click();
	await page.locator("#api-keys .row.ended", { hasText: "Shop window" }).waitFor();
	await makeKey();
	await page.locator(".secret").waitFor();
	is(await page.getByRole("button", { name: "End the key Shop window" }).count(), 1, "ended, another one can be made by the same form");
	await page.getByRole("button", { name: "I have it" }).click();
});

test("an API key needs a fresh sign-in", async () => {
	browser.expected.push(/Failed to load resource: the server responded with a status of 403/);
	await stack.restart({ fresh_login_s: 1 });
	await openAccount(page, stack.url);
	await page.getByRole("button", { name: "New key…" }).click();
	await keyName.fill("Counter");
	await page.locator("#api-keys").getByRole("radio", { name: "Live" }).check();
	await page.getByRole("checkbox", { name: "See folders" }).check();
	await page.locator("#api-keys").getByRole("radio", { name: "A year" }).check();
	await page.waitForTimeout(1100);
	await makeKey();
	await page.getByText("A key needs a sign-in of the last minutes").waitFor();
	await look(page, "account, a key needs a fresh sign-in");
	await page.locator("#api-keys").getByRole("button", { name: "Sign in again" }).click();
	await heading(page, "Sign in");
	await stack.restart({ fresh_login_s: null });
	/* As it is after a way through another service. */
	await page.reload();
	await fillSignIn(page, "carla@example.net", password);
	await keyName.waitFor();
	is(new URL(page.url()).pathname + new URL(page.url()).hash, "/account#api-keys", "one signs in, and goes on there");
	is([await keyName.inputValue(), await page.locator("#api-keys input[name=scopes]:checked").count()], ["Counter", 4], "with what was chosen");
	await makeKey();
	ok((await page.locator(".secret").innerText()).startsWith("bzl_live_"), "and the key is made");
	await page.getByRole("button", { name: "I have it" }).click();
	ok(/ends .* 20\d\d/.test(await keyRow("Counter").innerText()), "for a year");
	await page.reload();
	await keyRow("Counter").waitFor();
	is(await page.locator("#api-keys form").count(), 0, "what was chosen is gone then");
});

test("an export", async () => {
	let packed = null;
	await page.route("**/v1/me/export", (route) => {
		if (route.request().method() === "POST")
			packed = { status: "running", files_done: 3, files_total: 7, bytes: 0, created_at: now, expires_at: now, url: null };
		else if (packed !== null)
			packed = { ...packed, status: "ready", bytes: 1234567, url: "/media/nothing.zip" };
		return route.fulfill(packed === null ? { status: 204 } : json(packed, route.request().method() === "POST" ? 202 : 200));
	});
	await page.getByRole("button", { name: "Pack my designs" }).click();
	await page.getByText("Packing: 3 of 7.").waitFor();
	is(await page.getByRole("button", { name: "Pack my designs" }).getAttribute("aria-disabled"), "true", "it is packed, and not twice");
	const link = page.getByRole("link", { name: "Fetch it (1.2 MB)" });
	await link.waitFor();
	is(await link.getAttribute("href"), "/media/nothing.zip", "then it can be fetched");
	await look(page, "account with an export");
});

test("deletion", async () => {
	await page.route("**/v1/me", (route) => route.request().method() !== "DELETE" ? route.continue()
		: route.fulfill(route.request().postDataJSON().password === password ? { status: 204 }
			: problem(422, "invalid", [{ pointer: "/password", code: "wrong_password", detail: "no" }])));
	const word = page.getByRole("dialog").getByRole("textbox", { name: "Password" });
	await page.getByRole("button", { name: "Delete my account…" }).click();
	await page.getByRole("button", { name: "Delete for good" }).click();
	ok(await word.evaluate((e) => e === document.activeElement), "it wants the password");
	await word.fill("wrong");
	await page.getByRole("button", { name: "Delete for good" }).click();
	await page.getByRole("dialog").getByText("This is not your password.").waitFor();
	await look(page, "deleting the account");
	await page.keyboard.press("Escape");
	await page.getByRole("dialog").waitFor({ state: "detached" });
	is(await focusOn(page, "Delete my account…"), "Delete my account…", "one can keep it, and is where one was");
	await page.getByRole("button", { name: "Delete my account…" }).click();
	await word.fill(password);
	await page.getByRole("button", { name: "Delete for good" }).click();
	await page.getByText("Your account is deleted.").first().waitFor();
	is(new URL(page.url()).pathname, "/", "deleted: a fresh start");
});

test("other services to sign in with", async () => {
	/* The account is there in truth, and was asked about. */
	await page.locator(".member-button").waitFor();
	await page.waitForLoadState("networkidle");
	await page.context().clearCookies();
	await page.evaluate(() => localStorage.clear());
	await page.route("**/v1/auth/providers", (route) => route.fulfill(json({ providers: ["google", "facebook", "other"] })));
	await page.goto(stack.url + "/sign-in");
	await page.getByRole("link", { name: "Continue with Facebook" }).waitFor();
	is(await page.getByRole("link", { name: /Continue with/ }).evaluateAll((all) => all.map((a) => a.getAttribute("href"))),
		["/v1/auth/google?return_to=%2F", "/v1/auth/facebook?return_to=%2F"], "those that the page knows");
	await look(page, "sign in with services");
	await page.unroute("**/v1/auth/providers");
	await page.route("**/v1/auth/providers", (route) => route.fulfill(problem(404, "not_found")));
	await page.reload();
	await heading(page, "Sign in");
	await field(page, "E-mail").waitFor();
	is(await page.getByRole("link", { name: /Continue with/ }).count(), 0, "none when the interface knows none");
});

test("the page has nothing to complain about", async () => {
	is(browser.complaints, [], "no exceptions, no CSP violations, no dialogs");
});

await main();
