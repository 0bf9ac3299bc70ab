/* Small drawings of one weight; always beside words or with a label on their button. */
const drawings = {
	star: "M12 3.6l2.6 5.3 5.8.8-4.2 4.1 1 5.8-5.2-2.7-5.2 2.7 1-5.8-4.2-4.1 5.8-.8z",
	trash: "M4.5 6.5h15M9.5 6V4h5v2M6.5 6.5l.8 13h9.4l.8-13M10 10v6M14 10v6",
	back: "M14.5 5.5L8 12l6.5 6.5",
	next: "M9.5 5.5L16 12l-6.5 6.5",
	close: "M6 6l12 12M18 6L6 18",
	restore: "M4 5v5h5M4.6 10a8 8 0 1 1-.4 4",
	again: "M20 5v5h-5M19.4 10a8 8 0 1 0 .4 4",
	check: "M5 12.5l4.5 4.5L19 7.5",
	plus: "M12 5v14M5 12h14",
	picture: "M4 5h16v14H4zM4 16l4.5-4.5 4 4 3-3L20 17M9 9.4a.9.9 0 1 0-.01 0",
	sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4",
	moon: "M19.5 14.2A8 8 0 0 1 9.8 4.5a8 8 0 1 0 9.7 9.7z",
	half: "M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16",
	stop: "M7 7h10v10H7z",
	branch: "M7 4v16M7 12h7a3 3 0 0 0 3-3V7M17 7a1.5 1.5 0 1 0-.01 0",
	download: "M12 4v11M7.5 11L12 15.5 16.5 11M5 19.5h14",
	wand: "M5 19L15 9M13.5 5.5v3M12 7h3M18.5 10.5v3M17 12h3M17.5 4.5v2M16.5 5.5h2",
	grid: "M4.5 4.5h6v6h-6zM13.5 4.5h6v6h-6zM4.5 13.5h6v6h-6zM13.5 13.5h6v6h-6z",
	down: "M7 10l5 5 5-5",
	leave: "M10 4.5H5.5v15H10M14 8l4 4-4 4M18 12H9.5",
	person: "M12 4.2a3.8 3.8 0 1 0 0 7.6 3.8 3.8 0 0 0 0-7.6zM4.8 20c.6-3.7 3.4-5.8 7.2-5.8s6.6 2.1 7.2 5.8",
	mail: "M3.5 6h17v12.5h-17zM4 6.8l8 6 8-6",
	share: "M17.5 8.5a2.5 2.5 0 1 0-.01 0M6.5 14.5a2.5 2.5 0 1 0-.01 0M17.5 20.5a2.5 2.5 0 1 0-.01 0M8.8 10.8l6.4-3.5M8.8 13.2l6.4 3.5",
	lock: "M6 11h12v8.5H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
	copy: "M9 9h10.5v10.5H9zM15 9V4.5H4.5V15H9",
	link: "M9.8 14.2l4.4-4.4M8.6 11.4l-2.7 2.7a3 3 0 0 0 4.2 4.2l2.7-2.7M15.4 12.6l2.7-2.7a3 3 0 0 0-4.2-4.2l-2.7 2.7",
	out: "M13.5 4.5h6v6M19.5 4.5L11 13M17.5 14v5.5h-13v-13H10",
	chart: "M5 19.5v-6M12 19.5v-15M19 19.5v-9",
	clock: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 7.5V12l3 2",
} as const;

export type IconName = keyof typeof drawings;

export function Icon({ name, filled }: { name: IconName; filled?: boolean }) {
	return (
		<svg class={filled ? "icon filled" : "icon"} viewBox="0 0 24 24" aria-hidden="true">
			<path d={drawings[name]} />
		</svg>
	);
}
