// Signing in with Google (the OpenID provider of t/oidc) and Facebook (a stand-in): there and back through their own pages,
// an address for who came without one, linking and unlinking, and what is said when something goes wrong.
import { faultAt, field, fillSignIn, hasFocus, heading, look, openAccount, requests, stored } from "./lib/accounts.mjs";
import { Browser } from "./lib/browser.mjs";
import { waitLink } from "./lib/mail.mjs";
import { Services, atGoogle, forgetGoogle, keepOnLoopback } from "./lib/services.mjs";
import { Stack, freePort } from "./lib/stack.mjs";
import { ask, focusOn, make, openStudio } from "./lib/studio.mjs";
import { is, main, ok, test, whenEnded, whenFailed } from "./lib/tap.mjs";

const services = new Services();
const stack = new Stack({ provider_script: "*:ok:60", register_address_daily: 100, mail_address_hourly: 30 });
const browser = new Browser();
const other = new Browser();
whenEnded(() => services.close());
whenEnded(() => stack.close());
whenEnded(() => browser.close());
whenEnded(() => other.close());
whenFailed(() => stack.showLogs());
whenFailed(async () => console.log(`# at ${page.url()}: ${(await page.locator("body").innerText()).slice(0, 300).replace(/\n/g, " | ")}`));
stack.port = await freePort();
await stack.start(await services.open(stack.port));
await browser.open();
await other.open();
for (const each of [browser, other])
	each.expected.push(/Failed to load resource: the server responded with a status of (401|403|409|410|422)/);
const ours = (p) => p.evaluate(() => location.pathname + location.search + location.hash);
const way = (name) => page.locator(`#ways .row[data-way="${name}"]`);
const problem = (code) => page.locator(`[data-problem="${code}"]`);
const atOurs = (p) => p.waitForURL((url) => url.port === String(stack.port));
const page = await openStudio(browser, stack.url);
await keepOnLoopback(page);
let person = 4711;

async function withGoogle(who) {
	await forgetGoogle(page);
	await page.getByRole("link", { name: "Continue with Google" }).click();
	await atGoogle(page, who);
	await atOurs(page);
}

async function signOut() {
	await page.goto(stack.url);
	await page.locator(".member-button").click();
	await page.getByRole("button", { name: "Sign out", exact: true }).click();
	await page.locator(".time-left").waitFor();
}

/* --- there and back --------------------------------------------------------------- */

test("a guest goes to Google, and comes back as a member with the design", async () => {
	const made = await make(page, "Ring of a guest", 2);
	await page.getByRole("button", { name: "Look: as the system" }).click();
	await page.getByRole("button", { name: "Look: light" }).click();
	await page.getByRole("link", { name: "Sign up" }).click();
	await page.getByRole("link", { name: "Continue with Google" }).waitFor();
	is(await page.getByRole("link", { name: /^Continue with/ }).evaluateAll((all) => all.map((a) => a.getAttribute("href"))),
		["/v1/auth/google?return_to=%2F", "/v1/auth/facebook?return_to=%2F"], "both services are offered to who signs up");
	await look(page, "sign up with services");
	const seen = await requests(page, async () => {
		await withGoogle("verified:gina@example.net");
		await page.locator(".member-button").waitFor();
		await page.locator(`.entry[data-design="${made}"]`).waitFor();
	});
	is(await ours(page), "/", "the studio is there, with the design");
	ok(seen.includes("GET /v1/me 200") && !seen.some((r) => /guest-session/.test(r) || / 4\d\d$/.test(r)),
		"it asked who one is, and nothing in vain", seen);
	ok(await stored(page, "member") !== null && await stored(page, "session") === null, "the browser knows of it");
	await page.waitForResponse((r) => r.request().method() === "PATCH" && r.status() === 200, { timeout: 3000 }).catch(() => undefined);
	is([(await ask(page, "/v1/me")).preferences.theme, await page.evaluate(() => document.documentElement.dataset.theme)], ["dark", "dark"],
		"a new account takes over the look of the browser");
	await page.reload();
	await page.locator(".member-button").waitFor();
	is((await ask(page, "/v1/me")).email, "gina@example.net", "a reload stays signed in");
});

test("whoever wanted the account is led back there", async () => {
	await signOut();
	is(await page.evaluate(() => sessionStorage.getItem("bezel.away")), null, "nothing is left of the way there");
	await page.goto(stack.url + "/account#usage");
	await heading(page, "Sign in");
	await look(page, "sign in with services, real ones");
	await withGoogle("verified:gina@example.net");
	await heading(page, "Account");
	is(await ours(page), "/account#usage", "at the very part");
	await page.goto(stack.url + "/sign-in");
	await page.locator(".member-button").waitFor();
	is(await ours(page), "/", "and not again later");
});

test("a browser that lost its note of the way", async () => {
	await signOut();
	await page.goto(stack.url + "/sign-in");
	await page.getByRole("link", { name: "Continue with Google" }).waitFor();
	await forgetGoogle(page);
	await page.getByRole("link", { name: "Continue with Google" }).click();
	await page.locator("input[name=login]").waitFor();
	const tab = await browser.page();
	await keepOnLoopback(tab);
	await tab.goto(page.url());
	await atGoogle(tab, "verified:gina@example.net");
	await atOurs(tab);
	await tab.locator(".member-button").waitFor();
	is(await ours(tab), "/", "in another tab one is signed in all the same");
	await tab.close();
	await page.goto(stack.url);
	await page.locator(".member-button").waitFor();
});

/* --- an address for who came without one ------------------------------------------- */

test("Facebook vouches for no address: one is asked for", async () => {
	await signOut();
	await services.facebook("user_id", ++person);
	await page.getByRole("link", { name: "Sign in" }).click();
	await page.getByRole("link", { name: "Continue with Facebook" }).click();
	await heading(page, "One thing is missing");
	is(await ours(page), "/confirm-email", "an address is asked for");
	await look(page, "confirm email");
	await page.getByRole("button", { name: "Send the link" }).click();
	is(await faultAt(page, "E-mail"), "Enter your e-mail address.", "an empty one");
	ok(await hasFocus(page, "E-mail"), "has the focus");
	await field(page, "E-mail").fill("fanny at home");
	await page.getByRole("button", { name: "Send the link" }).click();
	await page.locator(".entry-field.bad").waitFor();
	is(await faultAt(page, "E-mail"), "That is not an e-mail address. It looks like name@example.com.", "none");
	await field(page, "E-mail").fill("fanny@example.net");
	await page.getByRole("button", { name: "Send the link" }).click();
	await heading(page, "Look into your mail");
	is(await focusOn(page, "Look into your mail"), "Look into your mail", "what comes next has the focus");
	await look(page, "confirm email, sent");
	await page.getByRole("button", { name: "Another address, or once more" }).click();
	is(await field(page, "E-mail").count(), 1, "another address can be given");
});

test("the link of that mail: another browser, no sense, this one, and again", async () => {
	const link = await waitLink(stack, "fanny@example.net", "confirm");
	const there = await other.page();
	await there.goto(stack.url + link);
	await heading(there, "Another browser began this");
	is(await ours(there), "/confirm", "the token is out of the address");
	await look(there, "confirm, another browser");
	await there.close();
	await page.goto(stack.url + "/confirm#token=provider_confirm.nonsense");
	await heading(page, "This link is no longer valid");
	is(await ours(page), "/confirm", "nonsense too");
	const sent = [];
	const note = (r) => sent.push(`${r.url().split("#")[0]} ${r.headers().referer ?? ""}`);
	page.on("request", note);
	await page.goto(stack.url + link);
	await page.locator(".member-button").waitFor();
	page.off("request", note);
	await page.getByText("Your address is confirmed, and you are signed in.").first().waitFor();
	is([await ours(page), (await ask(page, "/v1/me")).email], ["/", "fanny@example.net"], "this one is signed in");
	const token = link.split("#token=")[1];
	ok(sent.length > 3 && !sent.some((text) => text.includes(token)), "no address or referrer had the token", sent);
	await page.goto(stack.url + link);
	await heading(page, "This link is no longer valid");
	await look(page, "confirm, no longer valid");
	await page.getByRole("link", { name: "To the studio" }).click();
	await page.locator(".words-input").waitFor();
	await page.goto(stack.url + "/confirm");
	await heading(page, "This link is no longer valid");
	await page.goto(stack.url + "/confirm-email");
	await field(page, "E-mail").fill("late@example.net");
	await page.getByRole("button", { name: "Send the link" }).click();
	await heading(page, "Nothing waits here");
	await look(page, "confirm email, nothing waits");
	ok(true, "an address that nobody waits for");
});

test("an account with that address came first", async () => {
	await signOut();
	await services.facebook("user_id", ++person);
	await page.goto(stack.url + "/v1/auth/facebook");
	await heading(page, "One thing is missing");
	await field(page, "E-mail").fill("hanna@example.net");
	await page.getByRole("button", { name: "Send the link" }).click();
	await heading(page, "Look into your mail");
	const link = await waitLink(stack, "hanna@example.net", "confirm");
	await page.goto(stack.url + "/sign-in");
	await withGoogle("verified:hanna@example.net");
	await page.locator(".member-button").waitFor();
	await page.goto(stack.url + link);
	await heading(page, "There is an account already");
	await page.getByRole("link", { name: "To your account" }).waitFor();
	await look(page, "confirm, an account exists");
	await signOut();
	await page.goto(stack.url + link);
	await heading(page, "There is an account already");
	await look(page, "confirm, an account exists, signed out");
	await page.getByRole("link", { name: "Sign in" }).last().click();
	await withGoogle("verified:hanna@example.net");
	await page.locator(".member-button").waitFor();
});

/* --- ways to sign in ---------------------------------------------------------------- */

test("an account without a password, and its only way in", async () => {
	await openAccount(page, stack.url);
	await way("Google").getByRole("button", { name: "Unlink Google" }).waitFor();
	is(await page.locator("#ways .row").evaluateAll((all) => all.map((e) => e.dataset.way)), ["Password", "Google", "Facebook"], "all ways are listed");
	ok(/None chosen yet/.test(await way("Password").innerText()) && /hanna@example\.net, linked/.test(await way("Google").innerText()),
		"with what they are", await way("Google").innerText());
	ok(await page.getByText("Google is the only way in.").isVisible(), "the only one is said to be it");
	is(await page.locator("#password").getByRole("textbox").count(), 1, "a first password needs no other one");
	await page.locator("#ways").scrollIntoViewIfNeeded();
	await look(page, "account, one way in");
	await way("Google").getByRole("button").click();
	await page.locator(".note.fault", { hasText: "Without it nobody could sign in to your account. Choose a password first." }).waitFor();
	is(await way("Google").getByRole("button", { name: "Unlink Google" }).count(), 1, "and cannot be unlinked");
});

test("another one is linked, and unlinked", async () => {
	await services.facebook("user_id", ++person);
	await way("Facebook").getByRole("link", { name: "Link Facebook" }).click();
	await way("Facebook").getByRole("button", { name: "Unlink Facebook" }).waitFor();
	is(await ours(page), "/account#ways", "back where one was");
	ok(/fanny@example\.com, linked .*, not used yet/.test(await way("Facebook").innerText()), "it is listed", await way("Facebook").innerText());
	is(await page.getByText("is the only way in").count(), 0, "there are two ways now");
	await page.locator("#ways").scrollIntoViewIfNeeded();
	await look(page, "account, two ways in");
	await way("Google").getByRole("button", { name: "Unlink Google" }).click();
	await way("Google").getByRole("link", { name: "Link Google" }).waitFor();
	is(await focusOn(page, "Ways to sign in"), "Ways to sign in", "the part's title has the focus");
	is((await ask(page, "/v1/me/identities")).items.map((i) => i.provider), ["facebook"], "one is left");
});

test("a first password", async () => {
	await way("Password").getByRole("link", { name: "Choose one…" }).click();
	ok(await hasFocus(page, "New password"), "the link leads to its field");
	await field(page, "New password").fill("a pavé of small stones");
	await page.getByRole("button", { name: "Choose this password" }).click();
	await page.getByText("You have a password now.").first().waitFor();
	ok(/With your e-mail address/.test(await way("Password").innerText()), "it is a way in");
	is(await page.locator("#password").getByRole("textbox").count(), 2, "from now on the current one is asked for");
	await way("Facebook").getByRole("button", { name: "Unlink Facebook" }).click();
	await way("Facebook").getByRole("link", { name: "Link Facebook" }).waitFor();
	is((await ask(page, "/v1/me/identities")), { items: [], has_password: true }, "with it the last service may go");
	await signOut();
	await page.goto(stack.url + "/sign-in");
	await fillSignIn(page, "hanna@example.net", "a pavé of small stones");
	await page.locator(".member-button").waitFor();
	ok(true, "and opens the account");
});

/* --- what goes wrong ------------------------------------------------------------------ */

test("a sign-in that belongs to another account", async () => {
	await page.goto(stack.url + "/account");
	await forgetGoogle(page);
	await way("Google").getByRole("link", { name: "Link Google" }).click();
	await atGoogle(page, "verified:gina@example.net");
	await problem("identity_taken").waitFor();
	is(await ours(page), "/account#ways", "the code is out of the address");
	is(await focusOn(page, "Ways to sign in"), "Ways to sign in", "it is told where one can do something about it");
	await look(page, "account, identity taken");
	await page.reload();
	await way("Google").waitFor();
	is(await page.locator("[data-problem]").count(), 0, "once");
});

test("who turns back at Google", async () => {
	await forgetGoogle(page);
	await way("Google").getByRole("link", { name: "Link Google" }).click();
	await page.getByRole("link", { name: "Cancel" }).click();
	await problem("sign_in_cancelled").waitFor();
	is(await problem("sign_in_cancelled").getAttribute("role"), "status", "has done nothing wrong");
	is((await ask(page, "/v1/me/identities")).items, [], "and nothing is linked");
});

test("a callback that is over, for somebody signed in", async () => {
	await page.goto(stack.url + "/v1/auth/google/callback?state=x&code=y");
	await problem("sign_in_state").waitFor();
	is(await ours(page), "/account#ways", "is told in the account");
});

test("linking needs a fresh sign-in", async () => {
	await stack.restart({ fresh_login_s: 1 });
	await openAccount(page, stack.url);
	await page.waitForTimeout(1100);
	await way("Google").getByRole("link", { name: "Link Google" }).click();
	await problem("fresh_login_required").waitFor();
	await look(page, "account, fresh login");
	await page.getByRole("button", { name: "Sign in again" }).click();
	await heading(page, "Sign in");
	await fillSignIn(page, "hanna@example.net", "a pavé of small stones");
	await way("Password").waitFor();
	is(await ours(page), "/account#ways", "one signs in, and goes on there");
	await stack.restart({ fresh_login_s: null });
});

test("an account with that address is there: link it", async () => {
	await signOut();
	await page.goto(stack.url + "/sign-in");
	await withGoogle("verified:hanna@example.net");
	await problem("account_exists").waitFor();
	is([await ours(page), await stored(page, "member")], ["/sign-in", null], "nobody is signed in");
	await page.getByRole("link", { name: "No password, or forgotten?" }).click();
	await heading(page, "Forgot the password?");
	await page.getByRole("link", { name: "Sign in" }).last().click();
	is(await page.locator("[data-problem]").count(), 0, "it is told once");
	await withGoogle("verified:hanna@example.net");
	await problem("account_exists").waitFor();
	await fillSignIn(page, "hanna@example.net", "a pavé of small stones");
	await way("Google").getByRole("link", { name: "Link Google" }).waitFor();
	is([await ours(page), await page.locator("[data-problem]").count()], ["/account#ways", 0], "with the password one is led to where it is linked");
	await forgetGoogle(page);
	await way("Google").getByRole("link", { name: "Link Google" }).click();
	await atGoogle(page, "verified:hanna@example.net");
	await way("Google").getByRole("button", { name: "Unlink Google" }).waitFor();
	await signOut();
	await page.goto(stack.url + "/sign-in");
	await withGoogle("verified:hanna@example.net");
	await page.locator(".member-button").waitFor();
	is((await ask(page, "/v1/me")).email, "hanna@example.net", "linked, it opens the account");
	await signOut();
});

test("each code in people's words", async () => {
	const codes = ["sign_in_cancelled", "sign_in_state", "sign_in_refused", "sign_in_invalid", "sign_in_unavailable", "account_disabled",
		"account_exists", "identity_taken", "other_browser", "last_way_in", "link_expired", "session_required", "session_expired",
		"fresh_login_required", "rate_limited", "unavailable", "internal", "some_news"];
	const texts = [];
	for (const code of codes) {
		await page.goto(`${stack.url}/sign-in?problem=${code}`);
		await problem(code).waitFor();
		const text = await problem(code).innerText();
		texts.push(text);
		ok(/^[A-Z][^_]{30,}[.?]?$/.test(text) && !text.includes(code), `${code}: a sentence`, text);
		if (await ours(page) !== "/sign-in")
			is(await ours(page), "/sign-in", `${code}: out of the address`);
	}
	is(new Set(texts).size, texts.length - 1, "no two are the same, but for the two of an ended session", texts);
	is(await page.evaluate(() => history.length) > 0 && !(await page.content()).includes("some_news?"), true, "what is not known is said in general");
	await page.goto(`${stack.url}/sign-in?problem=account_exists`);
	await look(page, "sign in, account exists");
	await page.goto(`${stack.url}/sign-in?problem=sign_in_cancelled`);
	await look(page, "sign in, cancelled");
	await page.goto(`${stack.url}/sign-in?problem=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E`);
	await problem("unknown").waitFor();
	is(await page.locator("main img").count(), 0, "what is no code is no page either");
	await page.goto(`${stack.url}/account?problem=session_required`);
	await problem("session_required").waitFor();
	is(await ours(page), "/sign-in", "who is not signed in reads it at the door");
});

test("the page has nothing else to complain about", async () => {
	is(browser.complaints, [], "no exceptions, no CSP violations, no dialogs");
	is(other.complaints, [], "nor in the other browser");
});

await main();
