import { useEffect, useRef, useState } from "preact/hooks";
import { change, draft, faults, upload, uploading } from "../state/draft";
import { Group } from "./field";
import { Icon } from "./icons";

const POINTER = "/gem_data/uploaded_image_url";

function pictureIn(data: DataTransfer | null): File | null {
	return [...(data?.files ?? [])][0] ?? null;
}

/* A reference picture: chosen, dropped anywhere on the page, or pasted. */
export function Reference() {
	const input = useRef<HTMLInputElement>(null);
	const [over, setOver] = useState(false);
	const { reference } = draft.value;

	useEffect(() => {
		const hasFiles = (e: DragEvent) => e.dataTransfer?.types.includes("Files") ?? false;
		const on = (e: DragEvent) => {
			if (hasFiles(e)) {
				e.preventDefault();
				setOver(true);
			}
		};
		const off = (e: DragEvent) => {
			if (e.relatedTarget === null)
				setOver(false);
		};
		const drop = (e: DragEvent) => {
			setOver(false);
			const file = pictureIn(e.dataTransfer);
			if (file) {
				e.preventDefault();
				void upload(file);
			}
		};
		const paste = (e: ClipboardEvent) => {
			const file = pictureIn(e.clipboardData);
			if (file) {
				e.preventDefault();
				void upload(file);
			}
		};
		document.addEventListener("dragover", on);
		document.addEventListener("dragleave", off);
		document.addEventListener("drop", drop);
		document.addEventListener("paste", paste);
		return () => {
			document.removeEventListener("dragover", on);
			document.removeEventListener("dragleave", off);
			document.removeEventListener("drop", drop);
			document.removeEventListener("paste", paste);
		};
	}, []);

	return (
		<Group label="Reference picture" pointer={POINTER} faults={faults.value} class={over ? "reference over" : "reference"}>
			<input ref={input} type="file" class="away" accept="image/jpeg,image/png,image/webp" tabIndex={-1}
				aria-label="Reference picture" onChange={(e) => {
					const file = e.currentTarget.files?.[0];
					e.currentTarget.value = "";
					if (file)
						void upload(file);
				}} />
			{reference
				? <div class="there">
					<img src={reference.thumbnail} alt={`Reference: ${reference.name}`}
						onError={() => change({ reference: null })} />
					<span class="name">{reference.name}</span>
					<button type="button" class="plain" onClick={() => change({ reference: null }, POINTER)}>Take away</button>
				</div>
				: <div class="drop">
					<button type="button" class="plain" onClick={() => input.current?.click()} disabled={uploading.value !== null}>
						<Icon name="picture" /> {uploading.value === null ? "Choose a picture" : "Uploading…"}
					</button>
					<span class="hint">{over ? "Let go to use it" : "or drop or paste one"}</span>
				</div>}
		</Group>
	);
}
