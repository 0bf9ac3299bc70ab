// What lies in the outbox of a test's bezel.
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { slower } from "./tap.mjs";

// Quoted-printable or base64 by the part's own header; the first text part is the plain one.
function plainText(raw) {
	const part = /^Content-Type: text\/plain[\s\S]*?\r?\n\r?\n([\s\S]*?)(?=\r?\n--|$(?![\s\S]))/im.exec(raw);
	const head = part === null ? "" : part[0].slice(0, part[0].length - part[1].length);
	const body = part?.[1] ?? "";

	if (/base64/i.test(head))
		return Buffer.from(body, "base64").toString();
	if (/quoted-printable/i.test(head))
		return Buffer.from(body.replace(/=\r?\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16))),
			"latin1").toString();
	return body;
}

async function mails(stack, to) {
	const folder = join(stack.folder, "state/var/outbox");
	const names = (await readdir(folder).catch(() => [])).filter((n) => n.endsWith(".eml"));
	const all = await Promise.all(names.map(async (name) => ({
		at: (await stat(join(folder, name))).mtimeMs, raw: await readFile(join(folder, name), "utf8"),
	})));

	return all.sort((a, b) => a.at - b.at).filter(({ raw }) => new RegExp(`^To:.*${to.replace(/[.+]/g, "\\$&")}`, "im").test(raw))
		.map(({ raw }) => ({ subject: /^Subject: (.*(?:\r?\n .*)*)/im.exec(raw)?.[1] ?? "", text: plainText(raw) }));
}

// The count-th message to an address whose link leads to this page: the path with its token.
export async function waitLink(stack, to, page, count = 1) {
	for (const until = Date.now() + 15000 * slower; Date.now() < until; await new Promise((done) => setTimeout(done, 100))) {
		const links = (await mails(stack, to)).map(({ text }) => new RegExp(`/${page}#token=[A-Za-z0-9._-]+`).exec(text)?.[0])
			.filter((link) => link !== undefined);
		if (links.length >= count)
			return links[count - 1];
	}
	throw new Error(`no mail to ${to} with a link to /${page} (${count})`);
}
