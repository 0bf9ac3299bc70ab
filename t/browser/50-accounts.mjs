// The whole life of an account: a guest signs up and keeps the designs, settings, use, sessions, passwords, and out again.
// BEZEL_TEST_SHOTS=FOLDER keeps a picture of each page, light, dark and 360 px wide.
import { join } from "node:path";
import {
	faultAt, field, fillSignIn, hasFocus, heading, look, onPhone, openAccount, requests, signIn, stored, tabTo,
} from "./lib/accounts.mjs";
import { Browser } from "./lib/browser.mjs";
import { waitLink } from "./lib/mail.mjs";
import { Stack } from "./lib/stack.mjs";
import { ask, designId, focusOn, make, openStudio } from "./lib/studio.mjs";
import { becomes, is, main, ok, test, whenEnded, whenFailed } from "./lib/tap.mjs";

const MAIL = "anna.goldsmith@example.net";
const FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:141.0) Gecko/20100101 Firefox/141.0";
let password = "a stone of 7 carats";

const stack = new Stack({ provider_script: "*:ok:60", login_failures: 4, mail_address_hourly: 30 });
const browser = new Browser();
const other = new Browser();
whenEnded(() => stack.close());
whenEnded(() => browser.close());
whenEnded(() => other.close());
whenFailed(() => stack.showLogs());
whenFailed(async (name) => {
	if (process.env.BEZEL_TEST_SHOTS)
		await page.screenshot({ path: join(process.env.BEZEL_TEST_SHOTS, `failed-${name.replace(/\W+/g, "-")}.png`) });
});
await stack.start();
await browser.open();
await other.open({ userAgent: FIREFOX });
for (const each of [browser, other])
	/* Chromium writes each answer of 400 and more to the console by itself. */
	each.expected.push(/Failed to load resource: the server responded with a status of (401|409|410|422|429)/);
let page = await openStudio(browser, stack.url);
let there = await openStudio(other, stack.url);
let first = null;

/* --- signing up --------------------------------------------------------------------- */

test("a start asks for one thing only", async () => {
	const seen = await requests(page, async () => {
		await page.reload();
		await page.locator(".time-left").waitFor();
		await page.locator(".history .empty, .entry").first().waitFor();
	});
	ok(seen.includes("POST /v1/guest-session 200"), "a guest's session goes on", seen);
	ok(!seen.some((r) => / \/v1\/me/.test(r) || / [45]\d\d$/.test(r)), "and nothing was asked in vain", seen);
});

test("a guest is told what signing up keeps", async () => {
	first = await make(page, "Ring of a guest", 2);
	await onPhone(page, "a guest's studio");
	await page.getByRole("link", { name: "Sign up" }).click();
	await heading(page, "Sign up");
	ok(await page.getByText("Your design comes along and keeps its address.").isVisible(), "the design comes along");
	is(new URL(page.url()).pathname, "/sign-up", "the address is the page's");
	is(await page.locator("main form input").evaluateAll((all) => all.map((e) => [e.name, e.type, e.autocomplete])),
		[["email", "email", "username"], ["password", "password", "new-password"], ["full_name", "text", "name"]],
		"a password manager knows the fields");
	await look(page, "sign up");
});

test("faults of signing up stand where they were typed", async () => {
	await page.getByRole("button", { name: "Make an account" }).click();
	is(await faultAt(page, "E-mail"), "Enter your e-mail address.", "an empty address");
	ok(await hasFocus(page, "E-mail"), "has the focus");
	is(await field(page, "E-mail").getAttribute("aria-invalid"), "true", "and is marked");
	await field(page, "E-mail").fill("anna at home");
	await field(page, "Password").fill("pass");
	is(await page.getByText("4 more characters.").count(), 1, "how much is missing is said while one types");
	await page.getByRole("button", { name: "Make an account" }).click();
	await page.locator(".entry-field.bad").first().waitFor();
	is(await faultAt(page, "Password"), "At least 8 characters; a short sentence is easy to remember.", "a short password");
	await field(page, "Password").fill("password1");
	is(await faultAt(page, "Password"), "", "what is changed is not at fault any more");
	await page.getByRole("button", { name: "Make an account" }).click();
	await page.getByText("among those that are tried first").waitFor();
	is(await faultAt(page, "E-mail"), "That is not an e-mail address. It looks like name@example.com.", "no address");
	ok(/among those that are tried first/.test(await faultAt(page, "Password")), "a common password");
	ok(await hasFocus(page, "E-mail"), "the first fault has the focus");
	await field(page, "E-mail").fill(MAIL);
	await field(page, "Password").fill("anna.goldsmith1");
	await page.getByRole("button", { name: "Make an account" }).click();
	await page.getByText("little more than your address").waitFor();
	ok(await hasFocus(page, "Password"), "an easy one: its field has the focus");
	await look(page, "sign up with faults");
	await page.getByRole("button", { name: "Show password" }).click();
	is(await field(page, "Password").getAttribute("type"), "text", "a password can be shown");
	await page.getByRole("button", { name: "Hide password" }).click();
	is(await field(page, "Password").getAttribute("type"), "password", "and hidden");
});

test("signing up by keyboard alone", async () => {
	await page.goto(stack.url);
	await page.locator(".time-left").waitFor();
	ok(await tabTo(page, "Sign up"), "Tab comes to Sign up");
	await page.keyboard.press("Enter");
	await heading(page, "Sign up");
	is(await focusOn(page, "Sign up"), "Sign up", "the page's heading has the focus");
	ok(await tabTo(page, "E-mail"), "Tab comes to the address");
	await page.keyboard.type(MAIL);
	await page.keyboard.press("Tab");
	await page.keyboard.type(password);
	ok(await tabTo(page, "Name"), "and to the name");
	await page.keyboard.type("Anna Goldsmith");
	await page.keyboard.press("Enter");
	await heading(page, "Look into your mail");
	is(await focusOn(page, "Look into your mail"), "Look into your mail", "what comes next has the focus");
	ok(await page.getByText(MAIL).isVisible(), "it says where the mail goes");
	ok((await page.locator(".away[role=status]").textContent()).startsWith("Look into your mail"), "and reads it out");
	is(await page.getByRole("button", { name: /Send it again in \d+ s/ }).getAttribute("aria-disabled"), "true", "again only after a while");
	await look(page, "look into your mail");
});

test("the link in the mail signs in, with the design there", async () => {
	const waiting = page;
	const link = await waitLink(stack, MAIL, "verify");
	page = await browser.page();
	const sent = [];
	page.on("request", (r) => {
		const url = new URL(r.url());
		sent.push(`${r.method()} ${url.pathname}${url.search} ${r.headers().referer ?? ""}`);
	});
	const seen = await requests(page, async () => {
		await page.goto(stack.url + link);
		await page.locator(".member-button").waitFor();
	});
	ok(seen.includes("POST /v1/auth/verify-email 200"), "it was confirmed", seen);
	is(new URL(page.url()).pathname + new URL(page.url()).hash, "/", "the studio is there, the token is nowhere");
	await page.getByText("Your address is confirmed, and you are signed in.").first().waitFor();
	await page.locator(`.entry[data-design="${first}"]`).waitFor();
	is((await ask(page, `/v1/designs/${first}`)).id, first, "the design is the member's, under the same id");
	is(await page.locator(".time-left").count(), 0, "no time runs out any more");
	ok(/Takes 1 of the 20 left today/.test(await page.locator(".send .hint").innerText()), "a member's limit is told",
		await page.locator(".send .hint").innerText());
	await waiting.locator(".member-button").waitFor();
	is(new URL(waiting.url()).pathname, "/", "the tab that waited for the mail is signed in too");
	await waiting.close();
	const token = link.split("#token=")[1];
	ok(sent.length > 3 && !sent.some((text) => text.includes(token)), "the server has not seen the token in an address or a referrer", sent);
	is(await page.evaluate(() => history.length), 2, "nor is it a step of the history");
	await onPhone(page, "a member's studio");
	await page.locator(".member-button").click();
	await look(page, "the member's menu");
	await page.keyboard.press("Escape");
	is(await page.locator(".menu").count(), 0, "Esc closes the menu");
	ok(await page.getByRole("button", { name: "Your account: Anna Goldsmith" }).evaluate((e) => e === document.activeElement), "and its button has the focus");
});

test("a member's start asks for one thing only", async () => {
	const seen = await requests(page, async () => {
		await page.reload();
		await page.locator(".entry").first().waitFor();
	});
	ok(seen.includes("GET /v1/me 200"), "it asks who one is", seen);
	ok(!seen.some((r) => /guest-session/.test(r) || / [45]\d\d$/.test(r)), "and nothing in vain", seen);
	await page.evaluate(() => localStorage.removeItem("bezel.member"));
	await page.reload();
	await page.locator(".member-button").waitFor();
	ok(await stored(page, "member") !== null, "a note that was lost is found again");
});

test("a link that was used", async () => {
	await there.goto(stack.url + await waitLink(stack, MAIL, "verify"));
	await heading(there, "This link is no longer valid");
	await look(there, "a link that is no longer valid");
	await field(there, "E-mail").fill(MAIL);
	await there.getByRole("button", { name: "Send another link" }).click();
	await there.getByText("another link is on its way").first().waitFor();
	ok(true, "another one can be asked for, whoever asks");
	await there.goto(stack.url + "/verify#token=verify_email.nonsense");
	await heading(there, "This link is no longer valid");
	is(new URL(there.url()).hash, "", "nonsense is out of the address too");
});

/* --- the account --------------------------------------------------------------------- */

test("the account page, loaded directly", async () => {
	await openAccount(page, stack.url);
	await becomes(() => page.locator(".part h2").allInnerTexts(), ["Profile", "E-mail address", "Settings", "Plan and usage", "Signed in on", "Ways to sign in", "Password", "API keys"]
		.concat(await page.locator("#leaving").count() ? ["Your data"] : []),
		"its parts");
	await look(page, "account");
	for (const part of ["usage", "sessions", "password"]) {
		await page.setViewportSize({ width: 360, height: 740 });
		await page.locator(`#${part}`).scrollIntoViewIfNeeded();
		await onPhone(page, `account ${part}`);
	}
	await page.getByRole("navigation", { name: "Parts of the account" }).getByRole("link", { name: "Password" }).click();
	is(await focusOn(page, "Password"), "Password", "a part that is gone to has the focus");
	await field(page, "Name (optional)").fill("Anna Stone");
	await page.getByRole("button", { name: "Save the name" }).click();
	await page.locator("#profile").getByText("Saved.").waitFor();
	is(await page.locator(".member-button .long").innerText(), "Anna Stone", "the name changes above too");
});

test("a service that is away", async () => {
	await page.route("**/v1/me", (route) => route.fulfill({ status: 500, contentType: "application/problem+json", body: "{}" }));
	browser.expected.push(/status of 500/);
	await page.reload();
	await heading(page, "The account did not come");
	await page.unroute("**/v1/me");
	await page.getByRole("button", { name: "Try again" }).click();
	await heading(page, "Account");
	ok(true, "is asked again");
	await there.goto(stack.url + "/sign-in");
	await there.route("**/v1/auth/login", (route) => route.abort("connectionreset"));
	other.expected.push(/net::ERR_CONNECTION_RESET/);
	await fillSignIn(there, MAIL, password);
	await there.locator(".summary", { hasText: "cannot reach its service" }).waitFor();
	is(await field(there, "Password").inputValue(), password, "a sign-in that did not arrive says so and keeps what was typed");
	await there.unroute("**/v1/auth/login");
});

test("settings hold, here and in the studio", async () => {
	const back = (p) => p.evaluate(() => getComputedStyle(document.body).backgroundColor);
	const light = await back(page);
	const saved = () => page.waitForResponse((r) => r.request().method() === "PATCH" && r.status() === 200);
	await Promise.all([saved(), page.getByRole("radio", { name: "Dark" }).check()]);
	const dark = await back(page);
	ok(dark !== light, "the page is dark at once");
	await Promise.all([saved(), page.getByRole("radio", { name: "Usually 4 pictures" }).check()]);
	await Promise.all([saved(), page.getByRole("radio", { name: "Bold" }).check()]);
	await Promise.all([saved(), page.getByRole("checkbox", { name: /^Tips/ }).uncheck()]);
	const { preferences } = await ask(page, "/v1/me");
	is([preferences.theme, preferences.default_num_variations, preferences.default_refinement_strength,
		preferences.email_notifications], ["dark", 4, 0.85, { new_features: true, design_tips: false, account_activity: true }],
	"the service has them");
	await page.reload();
	await page.locator(".bars").waitFor();
	ok(await page.getByRole("radio", { name: "Dark" }).isChecked() && await page.getByRole("radio", { name: "Usually 4 pictures" }).isChecked()
		&& await page.getByRole("radio", { name: "Bold" }).isChecked() && !await page.getByRole("checkbox", { name: /^Tips/ }).isChecked(),
	"a reload shows them");
	await page.getByRole("link", { name: "bezel, the studio" }).click();
	await page.getByRole("button", { name: "Start afresh" }).click();
	is(await page.getByRole("button", { name: /^Make/ }).innerText().then((t) => t.split("\n")[0]), "Make 4 pictures", "a new piece has four pictures");
	await page.goto(`${stack.url}/d/${first}`);
	await page.locator(".tile a").first().click();
	await page.locator(".refine-input").waitFor();
	ok(await page.locator(".refine").getByRole("radio", { name: "Bold" }).isChecked(), "a refinement is bold");
	await signIn(there, stack.url, MAIL, password);
	is(await back(there), dark, "another browser follows the look");
	await page.route("**/v1/me", (route) => route.request().method() === "PATCH" ? route.fulfill({ status: 422,
		contentType: "application/problem+json", body: JSON.stringify({ status: 422, code: "invalid", detail: "Not today." }) }) : route.continue());
	await openAccount(page, stack.url);
	await page.getByRole("radio", { name: "Usually 2 pictures" }).click();
	await page.locator(".note.fault", { hasText: "Not today." }).waitFor();
	ok(await page.getByRole("radio", { name: "Usually 4 pictures" }).isChecked(), "what could not be kept goes back");
	await page.unroute("**/v1/me");
	await Promise.all([saved(), page.getByRole("radio", { name: "Light" }).check()]);
});

test("use moves with another design", async () => {
	const used = () => page.locator(".bar-row", { hasText: "Designs today" }).locator(".bar-figure").innerText();
	await openAccount(page, stack.url);
	const before = Number((await used()).split(" ")[0]);
	ok(/left, begins anew in \d+ (h|min)/.test(await page.locator(".bar-row").first().innerText()), "it says what is left and when it begins anew");
	ok(/begins anew (on 1 |in )/.test(await page.locator(".bar-row").nth(1).innerText()), "for the month too", await page.locator(".bar-row").nth(1).innerText());
	await page.getByRole("link", { name: "bezel, the studio" }).click();
	await make(page, "Ring of a member", 2);
	await page.waitForFunction(() => /Takes 1 of the 19 left today/.test(document.querySelector(".send .hint").innerText));
	ok(true, "the composer tells it at once");
	await page.locator(".member-button").click();
	await page.getByRole("link", { name: "Account" }).click();
	await page.waitForFunction((n) => document.querySelector(".bar-figure")?.innerText === `${n} of 20`, before + 1);
	ok(true, `${before + 1} of 20 are used`);
	await page.getByText("2 designs, 0 refinements").waitFor();
	ok(true, "and all that was made so far");
	is(await page.locator(".track > span").first().evaluate((e) => Math.round(e.getBoundingClientRect().width / e.parentElement.clientWidth * 100)),
		Math.round((before + 1) / 20 * 100), "the bar is as long as that");
});

/* --- sessions and passwords -------------------------------------------------------------- */

test("a session elsewhere is ended, and goes on where it was", async () => {
	await there.goto(`${stack.url}/d/${first}`);
	await there.locator(".tile.filled").first().waitFor();
	await there.locator(".words-input").fill("Half a thought about a brooch");
	await openAccount(page, stack.url);
	const row = page.locator(".row[data-session]", { hasText: "Firefox on Windows" });
	is(await row.count(), 1, "the other browser is listed in words");
	is(await page.locator(".row", { hasText: "This browser" }).count(), 1, "this one is marked");
	await row.getByRole("button", { name: /^Sign out Firefox on Windows/ }).click();
	await row.waitFor({ state: "detached" });
	await there.locator(".words-input").press("Control+Enter");
	await heading(there, "Sign in");
	ok(await there.getByText("nothing that you typed is lost").isVisible(), "the other one is led to sign in");
	await look(there, "sign in after an end");
	await fillSignIn(there, MAIL, password);
	await there.locator(".tile.filled").first().waitFor();
	is(new URL(there.url()).pathname, `/d/${first}`, "and then is where it was");
	is(await there.locator(".words-input").inputValue(), "Half a thought about a brooch", "with what was typed");
	await openAccount(there, stack.url);
	await page.reload();
	await page.getByRole("button", { name: "Sign out everywhere else" }).click();
	await page.getByText("All other devices are signed out.").first().waitFor();
	is(await page.locator(".row[data-session]").count(), 1, "all others are ended at once");
	await field(there, "Name (optional)").fill("Anna, half written");
	await there.getByRole("button", { name: "Save the name" }).click();
	await heading(there, "Sign in");
	await fillSignIn(there, MAIL, password);
	await heading(there, "Account");
	is(await field(there, "Name (optional)").inputValue(), "Anna, half written", "a name that could not be saved is still there");
	await page.reload();
	await page.getByRole("button", { name: "Sign out everywhere else" }).click();
	await page.getByText("All other devices are signed out.").first().waitFor();
	await there.reload();
	await heading(there, "Sign in");
	ok(await there.getByText("Your session has ended.").isVisible(), "a start with a session that ended says so");
});

test("a note that is wrong heals", async () => {
	is(await stored(there, "member"), null, "it is gone after one try");
	const seen = await requests(there, async () => {
		await there.getByRole("button", { name: "Go on as a guest" }).click();
		await there.locator(".time-left").waitFor();
		await there.reload();
		await there.locator(".time-left").waitFor();
	});
	ok(!seen.some((r) => / \/v1\/me/.test(r)), "and is not asked for again", seen);
	await there.goto(stack.url + "/account");
	await heading(there, "Sign in");
	await fillSignIn(there, MAIL, password);
	await heading(there, "Account");
	is(new URL(there.url()).pathname, "/account", "who wants the account signs in first, and is led back");
});

test("another password", async () => {
	await openAccount(page, stack.url);
	await page.getByRole("button", { name: "Change the password" }).click();
	ok(await hasFocus(page, "Current password"), "an empty one has the focus");
	is(await page.locator("#password input").evaluateAll((all) => all.map((e) => e.autocomplete)),
		["username", "current-password", "new-password"], "a password manager knows the fields");
	await field(page, "Current password").fill("another stone");
	await field(page, "New password").fill("a brooch with pearls");
	await page.getByRole("button", { name: "Change the password" }).click();
	await page.getByText("This is not your password.").waitFor();
	ok(await hasFocus(page, "Current password"), "a wrong one too");
	await field(page, "Current password").fill(password);
	await page.getByRole("button", { name: "Change the password" }).click();
	await page.getByText("The password is changed.").first().waitFor();
	password = "a brooch with pearls";
	is(await field(page, "Current password").inputValue() + await field(page, "New password").inputValue(), "", "the fields are empty again");
	is((await ask(page, "/v1/me")).email, MAIL, "this browser stays signed in");
	await there.reload();
	await heading(there, "Sign in");
	ok(true, "the other one does not");
});

test("signing out is a fresh start", async () => {
	const tab = await openStudio(browser, stack.url, `/d/${first}`);
	await tab.locator(".tile.filled").first().waitFor();
	await page.goto(stack.url);
	await page.locator(".words-input").fill("Words of a member");
	await page.locator(".member-button").click();
	await page.getByRole("button", { name: "Sign out", exact: true }).click();
	await page.locator(".time-left").waitFor();
	await page.getByText("You are signed out.").first().waitFor();
	is(new URL(page.url()).pathname, "/", "the studio is there");
	await page.getByText("Your designs gather here.").waitFor();
	is(await page.locator(".words-input").inputValue(), "", "nothing of the member is left in it");
	is(await page.evaluate(() => ["member", "jobs", "refine"].map((n) => localStorage.getItem("bezel." + n))), [null, null, null], "nor in the browser");
	await tab.locator(".tile").first().waitFor({ state: "detached" });
	ok(true, "another tab does not show the designs any more");
	await tab.close();
});

test("wrong passwords, and too many", async () => {
	await page.goto(stack.url + "/sign-in");
	await heading(page, "Sign in");
	is(await page.locator("main form input").evaluateAll((all) => all.map((e) => [e.name, e.autocomplete])),
		[["email", "username"], ["password", "current-password"]], "a password manager knows the fields");
	is(await page.getByRole("link", { name: /Continue with/ }).count(), 0, "no other services are offered when there are none");
	await look(page, "sign in");
	await fillSignIn(page, "nobody@example.net", "wrong password");
	await page.getByText("E-mail and password do not belong together").waitFor();
	const wrongly = () => Promise.all([page.waitForResponse((r) => r.url().endsWith("/v1/auth/login")), fillSignIn(page, MAIL, "wrong password")]);
	const known = await page.locator(".summary").innerText();
	await wrongly();
	await page.getByText("E-mail and password do not belong together").waitFor();
	is(await page.locator(".summary").innerText(), known, "an account that exists is not told from one that does not");
	is(await field(page, "E-mail").inputValue(), MAIL, "the address stays");
	for (let i = 0; i < 9 && await page.getByText("Too many wrong passwords").count() === 0; i++)
		await wrongly();
	await page.getByText("Too many wrong passwords").waitFor({ timeout: 3000 });
	ok(/Try again in \d+ (min|s)\./.test(await page.locator(".summary").innerText()), "too many: it says for how long", await page.locator(".summary").innerText());
	await look(page, "too many wrong passwords");
});

test("forgotten, and a new password by mail", async () => {
	await page.getByRole("link", { name: "Forgot the password?" }).click();
	await heading(page, "Forgot the password?");
	await look(page, "forgot");
	await page.getByRole("button", { name: "Send the link" }).click();
	is(await faultAt(page, "E-mail"), "Enter your e-mail address.", "an empty address");
	await field(page, "E-mail").fill(MAIL);
	await page.getByRole("button", { name: "Send the link" }).click();
	await heading(page, "Look into your mail");
	await look(page, "forgot, sent");
	const link = await waitLink(stack, MAIL, "reset");
	await page.goto(stack.url + link);
	await heading(page, "Choose a new password");
	is(page.url(), stack.url + "/reset", "the token is out of the address");
	await look(page, "reset");
	await field(page, "New password").fill("12345678");
	await page.getByRole("button", { name: "Use this password" }).click();
	await page.getByText("among those that are tried first").waitFor();
	ok(await hasFocus(page, "New password"), "a common one is refused at its field, and the link still holds");
	password = "an emerald of the steppe";
	await field(page, "New password").fill(password);
	await page.getByRole("button", { name: "Use this password" }).click();
	await page.locator(".member-button").waitFor();
	await page.locator(`.entry[data-design="${first}"]`).waitFor();
	ok(true, "one is signed in, and the designs are there");
	await page.goto(stack.url + link);
	await heading(page, "Choose a new password");
	await field(page, "New password").fill("something else again");
	await page.getByRole("button", { name: "Use this password" }).click();
	await heading(page, "This link is no longer valid");
	is(await field(page, "E-mail").inputValue(), MAIL, "a used link says so, and offers another");
	await page.goto(stack.url + "/reset");
	await heading(page, "Choose a new password");
	is(await field(page, "E-mail").count(), 1, "without a link one can ask for one");
});

test("confirmed in another browser than the one that signed up", async () => {
	const mail = "berta@example.net";
	await there.goto(stack.url + "/sign-up");
	await field(there, "E-mail").fill(mail);
	await field(there, "Password").fill("topaz and tanzanite");
	await there.getByRole("button", { name: "Make an account" }).click();
	await heading(there, "Look into your mail");
	await there.getByRole("link", { name: "Sign in" }).last().click();
	is(await field(there, "E-mail").inputValue(), mail, "the address need not be typed again");
	await fillSignIn(there, mail, "topaz and tanzanite");
	await there.getByText("or the address is not confirmed yet").waitFor();
	await there.getByRole("button", { name: "Send it again" }).click();
	await there.getByText("another link is on its way").last().waitFor();
	ok(await waitLink(stack, mail, "verify", 2) !== await waitLink(stack, mail, "verify"), "who has not confirmed yet can have the link again");
	const third = await new Browser().open();
	try {
		const elsewhere = await third.page();
		await elsewhere.goto(stack.url + await waitLink(stack, mail, "verify"));
		await heading(elsewhere, "Your address is confirmed");
		await look(elsewhere, "confirmed elsewhere");
		await elsewhere.getByRole("link", { name: "Sign in" }).last().click();
		await fillSignIn(elsewhere, mail, "topaz and tanzanite");
		await elsewhere.locator(".member-button").waitFor();
		ok(true, "and then one signs in");
		is(third.complaints, [], "nothing to complain about there");
	} finally {
		await third.close();
	}
});

/* --- limits -------------------------------------------------------- */

test("a member's limits are told in a member's words", async () => {
	await stack.restart({ free_designs_daily: 2, free_refinements_daily: 1 });
	await page.goto(stack.url);
	await page.getByText(/Takes 1 of the 1 left today|Today’s designs are used up/).first().waitFor();
	if (!await page.getByText("Today’s designs are used up.").count())
		await make(page, "Ring, the last of today", 2);
	await page.getByText("Today’s designs are used up.").first().waitFor();
	await page.locator(".words-input").fill("One more");
	await page.locator(".words-input").press("Control+Enter");
	await page.locator(".send .summary").waitFor();
	ok(/^Today’s designs are used up\. There are new ones in \d+ (h|min)\.$/.test(await page.locator(".send .summary").innerText()),
		"designs", await page.locator(".send .summary").innerText());
	await page.goto(`${stack.url}/d/${first}`);
	await page.locator(".tile a").first().click();
	await page.locator(".refine-input").fill("Matte");
	await page.locator(".refine-input").press("Control+Enter");
	await page.getByRole("heading", { name: "Refinement 1" }).waitFor();
	await page.locator(".refine-input").fill("Hammered");
	await page.locator(".refine-input").press("Control+Enter");
	await page.locator(".refine .summary").waitFor();
	ok(/^Today’s refinements are used up\./.test(await page.locator(".refine .summary").innerText()), "refinements",
		await page.locator(".refine .summary").innerText());
	await openAccount(page, stack.url);
	ok(/Used up, begins anew in/.test(await page.locator(".bar-row").first().innerText()), "the bar says it too");
	await look(page, "account, used up");
});

test("the page has nothing else to complain about", async () => {
	is(browser.complaints, [], "no exceptions, no CSP violations, no dialogs");
	is(other.complaints, [], "nor in the other browser");
});

await main();
