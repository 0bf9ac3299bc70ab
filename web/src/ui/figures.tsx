import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { components } from "../api";
import { get, sentenceOf } from "../client";
import { pathOfShare, takeTotal } from "../state/shares";
import { count, day } from "../words";
import { Choice } from "./field";

/* Who has looked: visitors a day, countries, devices. A visitor counts once a day; robots are apart. */
type Figures = components["schemas"]["ShareAnalytics"];
type Days = 7 | 30 | 90;

const spans: { value: Days; label: string }[] = [{ value: 7, label: "7 days" }, { value: 30, label: "30 days" }, { value: 90, label: "90 days" }];

const deviceNames: Record<string, string> = {
	phone: "Phone", tablet: "Tablet", desktop: "Computer", other: "Another",
};

function countryName(code: string | null): string {
	if (code === null)
		return "Not known";
	try {
		return new Intl.DisplayNames("en-GB", { type: "region" }).of(code) ?? code;
	} catch {
		return code;
	}
}

const deviceName = (device: string | null) => device === null ? "Not known" : deviceNames[device] ?? device;

/* Days are those of UTC, as the interface counts them. */
const dayWords = (date: string) => new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" }).format(new Date(date));

/* The next number that is good to read at an axis. */
function top(most: number): number {
	const scale = 10 ** Math.floor(Math.log10(Math.max(1, most)));

	return [1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10].map((s) => s * scale).find((n) => n >= most && Number.isInteger(n)) ?? 10 * scale;
}

const HEIGHT = 168;
const LEFT = 30;
const BOTTOM = 22;
const TOP = 8;

/* Drawn as wide as there is room, so that its words keep their size. */
function Bars({ days }: { days: Figures["days"] }) {
	const id = useId();
	const box = useRef<HTMLDivElement>(null);
	const [width, setWidth] = useState(560);
	const most = days.reduce((m, d) => Math.max(m, d.visitors), 0);
	const high = top(most);
	const step = (width - LEFT) / Math.max(1, days.length);
	const wide = Math.max(1.5, Math.min(34, step * 0.72));
	const y = (n: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - n / high);
	const sum = days.reduce((n, d) => n + d.visitors, 0);
	const best = days.find((d) => d.visitors === most);
	const marks = days.length === 0 ? [] : [...new Set([0, Math.floor((days.length - 1) / 2), days.length - 1])];

	useLayoutEffect(() => {
		const fit = () => setWidth(Math.max(220, box.current?.clientWidth ?? 560));
		const watch = new ResizeObserver(fit);
		fit();
		if (box.current)
			watch.observe(box.current);
		return () => watch.disconnect();
	}, []);
	return (
		<div ref={box}>
			<svg class="chart" viewBox={`0 0 ${width} ${HEIGHT}`} height={HEIGHT} role="img" aria-labelledby={id}>
				<title id={id}>{`${count(sum, "visitor")} in ${count(days.length, "day")}${most > 0 && best !== undefined ? `, most on ${dayWords(best.day)}: ${most}` : ""}`}</title>
				{[...new Set([0, high / 2, high])].filter((n) => Number.isInteger(n)).map((n) => (
					<g key={n}>
						<line x1={LEFT} x2={width} y1={y(n)} y2={y(n)} class={n === 0 ? "base" : "grid"} />
						<text x={LEFT - 7} y={y(n) + 4} text-anchor="end">{n}</text>
					</g>
				))}
				{days.map((d, i) => d.visitors > 0 && (
					<rect key={d.day} x={LEFT + step * (i + 0.5) - wide / 2} y={y(d.visitors)} width={wide} height={y(0) - y(d.visitors)} rx={Math.min(3, wide / 4)}>
						<title>{`${dayWords(d.day)}: ${d.visitors}`}</title>
					</rect>
				))}
				{marks.map((i) => (
					<text key={i} x={i === 0 && days.length > 10 ? LEFT : i === days.length - 1 && days.length > 10 ? width : LEFT + step * (i + 0.5)} y={HEIGHT - 4}
						text-anchor={days.length <= 10 ? "middle" : i === 0 ? "start" : i === days.length - 1 ? "end" : "middle"}>{dayWords(days[i]?.day ?? "")}</text>
				))}
			</svg>
			<div class="away">
				<table>
					<caption>Visitors a day</caption>
					<thead><tr><th scope="col">Day</th><th scope="col">Visitors</th></tr></thead>
					<tbody>{days.map((d) => <tr key={d.day}><th scope="row">{day(d.day)}</th><td>{d.visitors}</td></tr>)}</tbody>
				</table>
			</div>
		</div>
	);
}

/* The five with most, and the rest as one. */
function Shares({ title, rows }: { title: string; rows: { name: string; visitors: number }[] }) {
	const sum = rows.reduce((n, r) => n + r.visitors, 0);
	const sorted = [...rows].filter((r) => r.visitors > 0).sort((a, b) => b.visitors - a.visitors);
	const rest = sorted.slice(5).reduce((n, r) => n + r.visitors, 0);
	const shown = rest > 0 ? [...sorted.slice(0, 5), { name: "Others", visitors: rest }] : sorted;

	return shown.length === 0 ? null : (
		<div class="parts-of">
			<h3>{title}</h3>
			<ul>
				{shown.map((r) => (
					<li key={r.name}>
						<span class="bar-label">{r.name}</span>
						<span class="figures hint">{r.visitors}</span>
						<span class="track" aria-hidden="true"><span style={{ "--share": r.visitors / sum }} /></span>
					</li>
				))}
			</ul>
		</div>
	);
}

export function FiguresOf({ id }: { id: string }) {
	const [days, setDays] = useState<Days>(30);
	const [found, setFound] = useState<Figures | null>(null);
	const [fault, setFault] = useState<string | null>(null);
	const name = useId();

	async function read(): Promise<void> {
		setFault(null);
		try {
			const { data } = await get<Figures>(`${pathOfShare(id)}/analytics?days=${days}`, { tries: 3 });
			setFound(data);
			takeTotal(id, data.total);
		} catch (error) {
			setFault(sentenceOf(error));
		}
	}
	useEffect(() => {
		void read();
	}, [id, days]);
	const visitors = found?.days.reduce((n, d) => n + d.visitors, 0) ?? 0;
	return (
		<div class="stack visitors" aria-busy={found === null && fault === null}>
			<div class="visitors-head">
				<p role="status" class="figures">{found === null ? "" : found.total === 0 && visitors === 0 ? "Nobody has looked yet." : <><strong>{count(visitors, "visitor")}</strong> in {found.days.length} days</>}</p>
				<div role="group" aria-label="How far back"><Choice name={`days-${name}`} value={days} options={spans} onChange={setDays} class="small" /></div>
			</div>
			{fault !== null && <p class="fault" role="alert">{fault} <button type="button" class="link" onClick={() => void read()}>Try again</button></p>}
			{found !== null && <>
				<Bars days={found.days} />
				<div class="parts-all">
					<Shares title="Countries" rows={found.countries.map((c) => ({ name: countryName(c.country), visitors: c.visitors }))} />
					<Shares title="Devices" rows={found.devices.map((d) => ({ name: deviceName(d.device), visitors: d.visitors }))} />
				</div>
				<p class="hint">A visitor counts once a day, you yourself do not; days are those of UTC.
					{found.robots > 0 && ` Search engines and chats fetched it ${found.robots === 1 ? "once" : `${found.robots} times`} besides.`}</p>
			</>}
		</div>
	);
}
