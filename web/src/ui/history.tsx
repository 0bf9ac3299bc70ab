import {
	filter, list, listFault, listNext, listState, purge, readList, restore, show, star, thumbnailOf, titleOf, trash,
} from "../state/designs";
import type { Filter } from "../state/designs";
import { isOpen, jobsOf } from "../state/jobs";
import { tab } from "../state/prefs";
import { go, route } from "../state/route";
import { canShare, share, whyNot } from "../state/shares";
import type { Design } from "../types";
import { when } from "../words";
import { Choice } from "./field";
import { Icon } from "./icons";

const filters: { value: Filter; label: string }[] = [
	{ value: "all", label: "All" }, { value: "starred", label: "Starred" }, { value: "trash", label: "Trash" },
];

const emptyWords: Record<Filter, string> = {
	all: "Your designs gather here.",
	starred: "Star a design to find it here.",
	trash: "The trash is empty.",
};

function Entry({ design }: { design: Design }) {
	const title = titleOf(design);
	const thumbnail = thumbnailOf(design);
	const running = jobsOf(design.id).some(isOpen);
	const here = route.value.design === design.id;
	const count = design.generated_images.length + design.refinements.length;

	return (
		<li class={here ? "entry here" : "entry"} data-design={design.id}>
			<a href={`/d/${design.id}`} aria-current={here ? "page" : undefined} onClick={(e) => {
				if (!e.ctrlKey && !e.metaKey && !e.shiftKey) {
					e.preventDefault();
					go(design.id);
					tab.value = "pictures";
				}
			}}>
				<span class="thumb">
					{thumbnail ? <img src={thumbnail} alt="" loading="lazy" decoding="async" /> : <Icon name="picture" />}
					{running && <span class="spark" aria-hidden="true" />}
				</span>
				<span class="about">
					<strong>{title}</strong>
					<span class="words">{design.original_prompt}</span>
					<span class="hint">{running ? "Being made" : count === 0 ? "No pictures" : count === 1 ? "1 picture" : `${count} pictures`}
						{" · "}{when(design.created_at)}</span>
				</span>
			</a>
			<span class="acts">
				{design.is_deleted ? <>
					<button type="button" class="plain square" aria-label={`Restore ${title}`} title="Restore"
						onClick={() => void restore(design)}><Icon name="restore" /></button>
					<button type="button" class="plain square" aria-label={`Delete ${title} for good`} title="Delete for good"
						onClick={() => void purge(design)}><Icon name="close" /></button>
				</> : <>
					{canShare && whyNot(design) === null && <button type="button" class={design.share_settings.is_shared ? "plain square share-it on" : "plain square share-it"}
						title={design.share_settings.is_shared ? "Shared" : "Share"} aria-label={`Share ${title}`} aria-haspopup="dialog"
						onClick={() => share(design)}><Icon name="share" /></button>}
					<button type="button" class="plain square" aria-pressed={design.is_favorite} title="Star"
						aria-label={design.is_favorite ? `Take the star of ${title} away` : `Star ${title}`}
						onClick={() => void star(design)}><Icon name="star" filled={design.is_favorite} /></button>
					<button type="button" class="plain square" aria-label={`Move ${title} to the trash`} title="To the trash"
						onClick={() => void trash(design)}><Icon name="trash" /></button>
				</>}
			</span>
		</li>
	);
}

export function History() {
	return (
		<div class="history">
			<header class="bar">
				<h2 id="designs-title">Designs</h2>
				<button type="button" class="plain" onClick={() => { go(null); tab.value = "compose"; }}><Icon name="plus" /> New</button>
			</header>
			<div role="group" aria-label="Which designs"><Choice name="filter" value={filter.value} options={filters} onChange={show} class="small" /></div>
			{listState.value === "fault" ? (
				<div class="empty" role="alert">
					<p>{listFault.value}</p>
					<button type="button" class="plain" onClick={() => void readList()}>Try again</button>
				</div>
			) : list.value.length === 0 ? (
				<p class="empty" aria-busy={listState.value === "loading"}>{listState.value === "loading" ? "Fetching…" : emptyWords[filter.value]}</p>
			) : (
				<ul class="entries" aria-labelledby="designs-title">{list.value.map((d) => <Entry key={d.id} design={d} />)}</ul>
			)}
			{listNext.value !== null && listState.value === "there" && (
				<button type="button" class="plain" onClick={() => void readList(true)}>Show earlier ones</button>
			)}
		</div>
	);
}
