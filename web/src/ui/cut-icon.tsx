/* A cut seen from above: its outline, its table, and lines between. Drawn, not looked up. */
type Point = [number, number];

const turn = Math.PI * 2;
const around = (n: number, at: (t: number) => Point, offset = 0): Point[] =>
	Array.from({ length: n }, (_, i) => at((i + offset) / n * turn));
const power = (v: number, n: number) => Math.sign(v) * Math.abs(v) ** n;

function corners(w: number, h: number, cut: number): Point[] {
	return [[-w + cut, -h], [w - cut, -h], [w, -h + cut], [w, h - cut], [w - cut, h], [-w + cut, h], [-w, h - cut], [-w, -h + cut]];
}

const pear = (t: number): Point => [6.6 * Math.sin(t) * Math.sin(t / 2) ** 0.9, -9 * Math.cos(t) - 0.2];
const heart = (t: number): Point => [
	9 * Math.sin(t) ** 3,
	-(13 * Math.cos(t) - 5 * Math.cos(2 * t) - 2 * Math.cos(3 * t) - Math.cos(4 * t)) * 0.58 - 0.6,
];
const marquise = (t: number): Point => {
	const y = -9.6 * Math.cos(t);
	return [Math.sign(Math.sin(t)) * 5 * (1 - (y / 9.6) ** 2) ** 0.85, y];
};

interface Shape {
	outline: Point[];
	/* Points of the table, and how many of the outline there are to each. */
	table: number;
	every: number;
	step?: boolean;
	cross?: boolean;
	dome?: boolean;
}

const shapes: Record<string, Shape> = {
	Round: { outline: around(32, (t) => [9 * Math.sin(t), -9 * Math.cos(t)]), table: 0.56, every: 4 },
	Oval: { outline: around(32, (t) => [7 * Math.sin(t), -9.4 * Math.cos(t)]), table: 0.56, every: 4 },
	Cushion: { outline: around(32, (t) => [8.4 * power(Math.sin(t), 0.6), -8.8 * power(Math.cos(t), 0.6)], 0.5), table: 0.58, every: 4 },
	Princess: { outline: [[-8, -8], [0, -8], [8, -8], [8, 0], [8, 8], [0, 8], [-8, 8], [-8, 0]], table: 0.62, every: 1, cross: true },
	Emerald: { outline: corners(6.6, 9, 2.4), table: 0.5, every: 1, step: true },
	Asscher: { outline: corners(8.4, 8.4, 3), table: 0.45, every: 1, step: true },
	Marquise: { outline: around(32, marquise), table: 0.55, every: 4 },
	Pear: { outline: around(32, pear), table: 0.55, every: 4 },
	Heart: { outline: around(32, heart), table: 0.55, every: 4 },
	Radiant: { outline: corners(7.2, 8.8, 2.2), table: 0.6, every: 1, cross: true },
	Trillion: { outline: around(24, (t) => {
		const r = 7.6 + 1.5 * Math.cos(3 * t) ** 1;
		return [r * Math.sin(t), -r * Math.cos(t) + 0.8];
	}), table: 0.5, every: 4 },
	Baguette: { outline: [[-4.2, -9], [4.2, -9], [4.2, 9], [-4.2, 9]], table: 0.5, every: 1, step: true },
	Cabochon: { outline: around(32, (t) => [7.4 * Math.sin(t), -9 * Math.cos(t)]), table: 0, every: 1, dome: true },
};

const path = (points: Point[]) => points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${x.toFixed(2)} ${y.toFixed(2)}`).join("") + "Z";
const line = ([x, y]: Point, [v, w]: Point) => `M${x.toFixed(2)} ${y.toFixed(2)}L${v.toFixed(2)} ${w.toFixed(2)}`;

function facets(shape: Shape): string {
	const scaled = (by: number) => shape.outline.filter((_, i) => i % shape.every === 0).map(([x, y]): Point => [x * by, y * by]);

	if (shape.dome)
		return "M-3.6 -4.6C-4.8 -2.6 -5 -.6 -4.6 1.2";
	const table = scaled(shape.table);
	const outer = scaled(1);
	const n = table.length;
	if (shape.step)
		return path(scaled((1 + shape.table) / 2)) + path(table) + table.map((p, i) => line(p, outer[i] as Point)).join("");
	if (shape.cross)
		return path(table) + table.map((p, i) => line(p, outer[i] as Point)).join("")
			+ table.map((_, i) => line(table[i] as Point, outer[(i + 1) % n] as Point)).join("");
	/* Kites: from each corner of the table to the girdle on both sides. */
	return path(table) + table.map((p, i) => {
		const half = shape.every > 1 ? shape.outline[(i * shape.every + shape.every / 2) % shape.outline.length] as Point
			: outer[i] as Point;
		const next = table[(i + 1) % n] as Point;
		return shape.every > 1 ? line(p, half) + line(next, half) : line(p, half);
	}).join("");
}

export function CutIcon({ name }: { name: string }) {
	const shape = shapes[name];

	return (
		<svg class="cut-icon" viewBox="-11 -11 22 22" aria-hidden="true">
			{shape && <path d={path(shape.outline)} class="outline" />}
			{shape && <path d={facets(shape)} class="facets" />}
		</svg>
	);
}
