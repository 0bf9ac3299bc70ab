// Another e-mail address: asking in the account, the link where one is signed in and where not, and taking it back.
import { becomeMember, field, fillSignIn, hasFocus, heading, look, openAccount } from "./lib/accounts.mjs";
import { begin } from "./lib/begin.mjs";
import { waitLink } from "./lib/mail.mjs";
import { ask, focusOn } from "./lib/studio.mjs";
import { is, main, ok, test } from "./lib/tap.mjs";

const { stack, browser } = await begin();
browser.expected.push(/Failed to load resource: the server responded with a status of (401|403|404|409|410|422|507)/);
const page = await browser.page();
const password = "an emerald of the steppe";
const old = "wilhelmina.of.the.long.address@workshop.example.net", wanted = "w@new.example.net", third = "third@new.example.net";
const part = page.locator("#email");
const button = (name) => page.getByRole("button", { name, exact: true });
const another = part.getByRole("button", { name: "Another address…" });
const problem = (status, code) => ({ status, contentType: "application/problem+json", body: JSON.stringify({ status, code }) });

async function askFor(address) {
	await openAccount(page, stack.url);
	await another.click();
	await field(page, "New e-mail address").fill(address);
	await button("Send the link").click();
	await part.getByText(`A link was sent to ${address}.`).waitFor();
}

test("another address is asked for", async () => {
	await becomeMember(page, stack, old, password);
	await openAccount(page, stack.url);
	is(await part.locator("p.address").innerText(), old, "the address that one has");
	await look(page, "account, address");
	await another.click();
	ok(await hasFocus(page, "New e-mail address"), "the field has the focus");
	await button("Send the link").click();
	await part.locator(".fault", { hasText: "Enter the new address." }).waitFor();
	await field(page, "New e-mail address").fill("no address");
	await button("Send the link").click();
	await part.locator(".fault", { hasText: "That is not an e-mail address." }).waitFor();
	await part.scrollIntoViewIfNeeded();
	await look(page, "account, another address");
	await part.getByRole("button", { name: "Cancel" }).click();
	is(await focusOn(page, "Another address…"), "Another address…", "cancelled, one is where one was");
	await another.click();
	is(await field(page, "New e-mail address").inputValue(), "", "and nothing is left of it");
	await field(page, "New e-mail address").fill(old.toUpperCase());
	await button("Send the link").click();
	await page.getByText("That is your address already. It stays.").first().waitFor();
	ok(await another.isVisible(), "one's own changes nothing");
});

test("an hour after signing in", async () => {
	await page.route("**/v1/me/email", (route) => route.fulfill(problem(403, "fresh_login_required")));
	await openAccount(page, stack.url);
	await another.click();
	await field(page, "New e-mail address").fill(wanted);
	await button("Send the link").click();
	await part.getByText("Another address needs a sign-in of the last minutes").waitFor();
	await part.scrollIntoViewIfNeeded();
	await look(page, "account, not lately signed in");
	await page.unroute("**/v1/me/email");
	await part.getByRole("button", { name: "Sign in again" }).click();
	await heading(page, "Sign in");
	await fillSignIn(page, old, password);
	await heading(page, "Account");
	await another.click();
	is(await field(page, "New e-mail address").inputValue(), wanted, "signed in again, what was typed is still there");
	await part.getByRole("button", { name: "Cancel" }).click();
});

test("it waits, is sent again, and taken back", async () => {
	await askFor(wanted);
	await part.scrollIntoViewIfNeeded();
	await look(page, "account, address waits");
	await page.reload();
	await part.getByText(`A link was sent to ${wanted}.`).waitFor();
	ok(true, "after a reload too");
	await button("Send another link").click();
	await part.getByText(`Another link is on its way to ${wanted}.`).waitFor();
	const links = [await waitLink(stack, wanted, "email"), await waitLink(stack, wanted, "email", 2)];
	ok(links[0] !== links[1], "another one");
	await page.goto(stack.url + links[0]);
	await button("Use this address").click();
	await heading(page, "This link is no longer valid");
	await look(page, "a link that is void");
	await page.getByRole("link", { name: "To your account" }).click();
	await heading(page, "Account");
	await button("Keep the present address").click();
	await another.waitFor();
	is(await focusOn(page, "Another address…"), "Another address…", "taken back, one is where one was");
	is((await ask(page, "/v1/me")).pending_email, null, "nothing is pending");
});

test("the link, where one is signed in", async () => {
	await askFor(wanted);
	const link = await waitLink(stack, wanted, "email", 3);
	await page.goto(stack.url + link);
	await heading(page, "Your new address");
	is(new URL(page.url()).hash, "", "its token is out of the address bar");
	const lead = await page.locator(".card .facts").innerText();
	ok(lead.includes(wanted) && lead.includes(old), "it says which becomes which", lead);
	is((await ask(page, "/v1/me")).email, old, "opening it changes nothing");
	await look(page, "new address");
	await page.getByRole("link", { name: "Not now" }).click();
	await heading(page, "Account");
	await page.goto(stack.url + link);
	await button("Use this address").click();
	await page.getByText(`${wanted} is your address now. All other devices are signed out.`).first().waitFor();
	await heading(page, "Account");
	is(await part.locator("p.address").innerText(), wanted, "the account shows it");
	is((await ask(page, "/v1/me")).email, wanted, "and has it");
});

test("the link, where one is not", async () => {
	await askFor(third);
	const link = await waitLink(stack, third, "email");
	await page.locator(".member-button").click();
	await page.getByRole("menuitem", { name: "Sign out" }).or(button("Sign out")).first().click();
	await page.getByText("You are signed out.").first().waitFor();
	await page.goto(stack.url + link);
	await heading(page, "Sign in to go on");
	await look(page, "new address, not signed in");
	await page.reload();
	await page.goto(stack.url + link);
	await button("Sign in").click();
	await heading(page, "Sign in");
	/* As a way by another service does. */
	await page.reload();
	await fillSignIn(page, wanted, password);
	await heading(page, "Your new address");
	await button("Use this address").click();
	await page.getByText(`${third} is your address now.`).first().waitFor();
	is((await ask(page, "/v1/me")).email, third, "signed in, one goes on where one was");
	is(await page.evaluate(() => sessionStorage.getItem("bezel.email_link")), null, "and no link is left in the browser");
});

test("somebody else's link", async () => {
	await askFor("fourth@new.example.net");
	const link = await waitLink(stack, "fourth@new.example.net", "email");
	await button("Keep the present address").click();
	await another.waitFor();
	await page.route("**/v1/me/email/confirm", (route) => route.fulfill(problem(404, "not_found")));
	await page.goto(stack.url + link);
	await button("Use this address").click();
	await heading(page, "This link belongs to another account");
	await page.unroute("**/v1/me/email/confirm");
	await page.route("**/v1/me/email/confirm", (route) => route.fulfill(problem(409, "account_exists")));
	await page.goto(stack.url + link);
	await button("Use this address").click();
	await heading(page, "The address is taken");
	await look(page, "address taken");
	await page.unroute("**/v1/me/email/confirm");
});

test("a fault on the way is no end", async () => {
	await page.goto(stack.url + "/email#token=email_change.x.y");
	await heading(page, "Your new address");
	await page.route("**/v1/me/email/confirm", (route) => route.fulfill(problem(507, "storage_full")));
	await button("Use this address").click();
	await page.locator(".card .fault").waitFor();
	ok(await button("Use this address").isVisible(), "one can try again");
	await page.unroute("**/v1/me/email/confirm");
	await page.goto(stack.url + "/email");
	await page.reload();
	await page.evaluate(() => sessionStorage.removeItem("bezel.email_link"));
	await page.goto(stack.url + "/email");
	await page.reload();
	await heading(page, "This link is no longer valid");
	ok(true, "without a link there is none");
});

test("taking it back", async () => {
	const link = await waitLink(stack, wanted, "email-undo");
	await page.goto(stack.url + link);
	await heading(page, "Take the change back?");
	is(new URL(page.url()).hash, "", "its token is out of the address bar");
	is((await ask(page, "/v1/me")).email, third, "opening it changes nothing");
	await look(page, "take it back");
	await button("Take it back").click();
	await heading(page, "Look into your mail");
	await look(page, "taken back");
	await page.goto(stack.url + await waitLink(stack, wanted, "reset"));
	await heading(page, "Choose a new password");
	await field(page, "New password").fill("a garnet of the valley");
	await button("Use this password").click();
	await page.getByText("You have a new password and are signed in.").first().waitFor();
	is((await ask(page, "/v1/me")).email, wanted, "a new password, and the address of before");
	await page.goto(stack.url + link);
	await button("Take it back").click();
	await heading(page, "This link is no longer valid");
	await look(page, "a way back that is none");
});

test("another password takes it back", async () => {
	await askFor("fourth@new.example.net");
	await field(page, "Current password").fill("a garnet of the valley");
	await field(page, "New password").fill("a topaz of the mountain");
	await button("Change the password").click();
	await page.getByText("The password is changed.").first().waitFor();
	await another.waitFor();
	is((await ask(page, "/v1/me")).pending_email, null, "nothing is pending, and the page says so");
});

test("the page has nothing to complain about", async () => {
	is(browser.complaints, [], "no exceptions, no CSP violations, no dialogs");
});

await main();
