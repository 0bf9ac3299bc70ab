// Builds the studio into dist/: scripts, styles and fonts with a hash of their content in their names under
// dist/assets/, and the index.html that names them. Whatever compresses well also lies there as .gz.
import { build } from "esbuild";
import { copyFile, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const made = join(here, "dist.new");
const place = join(here, "dist");

// What the interface offers, so that the studio shows nothing that is not there.
const { paths } = JSON.parse(await readFile(join(here, "../etc/openapi.json"), "utf8"));
const routes = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods)
	.filter((method) => /^(get|post|put|patch|delete)$/.test(method)).map((method) => `${method.toUpperCase()} ${path}`))
	.filter((route) => /^\S+ \/v1\/(me|auth|api-keys|designs\/\{id\}\/share)(\/|$)/.test(route));

await rm(made, { recursive: true, force: true });
const result = await build({
	absWorkingDir: here,
	entryPoints: { studio: "src/main.tsx", style: "src/style/index.css", theme: "src/theme-early.ts" },
	outdir: "dist.new/assets",
	entryNames: "[name]-[hash]",
	assetNames: "[name]-[hash]",
	loader: { ".woff2": "file", ".svg": "file" },
	publicPath: "/assets/",
	define: { ROUTES: JSON.stringify(routes) },
	bundle: true,
	minify: true,
	format: "esm",
	target: ["es2022", "chrome110", "firefox115", "safari16.4"],
	jsx: "automatic",
	jsxImportSource: "preact",
	legalComments: "none",
	metafile: true,
	logLevel: "warning",
});

const nameOf = (source) => {
	for (const [path, output] of Object.entries(result.metafile.outputs))
		if (output.entryPoint === source)
			return path.replace("dist.new/", "/");
	throw new Error(`nothing was built from ${source}`);
};
// Icons are named by their content too.
await mkdir(join(made, "assets"), { recursive: true });
const icon = await build({
	absWorkingDir: here,
	entryPoints: ["src/icon.svg"],
	loader: { ".svg": "copy" },
	outdir: "dist.new/assets",
	entryNames: "[name]-[hash]",
	metafile: true,
	logLevel: "warning",
});
const iconName = Object.keys(icon.metafile.outputs)[0].replace("dist.new/", "/");

// Pages that are not the studio's, of links for one, know no hash.
await copyFile(join(here, "src/icon.svg"), join(made, "icon.svg"));

const page = (await readFile(join(here, "src/index.html"), "utf8"))
	.replaceAll("@THEME@", nameOf("src/theme-early.ts"))
	.replaceAll("@STYLE@", nameOf("src/style/index.css"))
	.replaceAll("@SCRIPT@", nameOf("src/main.tsx"))
	.replaceAll("@ICON@", iconName);
await writeFile(join(made, "index.html"), page);
// The typeface's licence goes along with it.
await copyFile(join(here, "node_modules/@fontsource-variable/inter/LICENSE"), join(made, "assets/inter-LICENSE.txt"));
await writeFile(join(made, "robots.txt"), "User-agent: *\n" + ["/d/", "/v1/", "/account", "/shares", "/verify", "/forgot", "/reset", "/confirm"].map((p) => `Disallow: ${p}\n`).join(""));

for (const name of await readdir(made, { recursive: true })) {
	if (!/\.(js|css|html|svg|txt)$/.test(name))
		continue;
	const bytes = await readFile(join(made, name));
	const packed = gzipSync(bytes, { level: 9 });
	if (packed.length < bytes.length)
		await writeFile(join(made, name + ".gz"), packed);
}

await rm(place, { recursive: true, force: true });
await rename(made, place);
for (const [path, output] of Object.entries(result.metafile.outputs))
	console.log(`${path.replace("dist.new/", "dist/")} ${output.bytes} bytes`);
