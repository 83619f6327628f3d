"use strict";

/** The lanes of a story: which are folded, pinned to the top, or shown although empty. */

const LANE_HEIGHT = 30;
const FOLDED_HEIGHT = 18;
const NAMED = 6;

function noChoice() {
  return { folded: [], pinned: [], all: false };
}

/** What somebody has chosen, from the address and into it. */
function readLanes(address) {
  return { folded: address.getAll("fold"), pinned: address.getAll("pin"), all: address.get("lanes") === "all" };
}

function addLanes(address, { folded, pinned, all }) {
  for (const lane of folded) address.append("fold", lane);
  for (const lane of pinned) address.append("pin", lane);
  if (all) address.set("lanes", "all");
}

function laneTitle(lane) {
  if (lane === "main") return "chief (main)";
  if (lane === "ps_health") return "health thread";
  if (lane.startsWith("ps_health#")) return `health ${lane.slice(9)}`;
  return lane.replace("worker-", "worker ").replace("concurrently-", "at once, step ").replace("background-", "background ");
}

/** The lanes from top to bottom, each with its height and its distance from the top. */
function layOutLanes(story, choice) {
  const pinned = choice.pinned.filter((lane) => story.lanes.includes(lane));
  const empty = new Set(choice.all ? [] : emptyLanes(story));
  const others = story.lanes.filter((lane) => !pinned.includes(lane) && !empty.has(lane));
  let top = 0;
  return [...pinned, ...others].map((lane) => {
    const folded = choice.folded.includes(lane);
    const height = folded ? FOLDED_HEIGHT : LANE_HEIGHT;
    top += height;
    return { lane, folded, pinned: pinned.includes(lane), height, top: top - height };
  });
}

/** Lanes on which neither side shows anything. */
function emptyLanes(story) {
  const busy = new Set(story.faults.map((fault) => fault.lane));
  for (const { events, spans } of sidesOf(story)) {
    for (const event of events) for (const lane of [event.lane, ...touchedBy(event)]) busy.add(lane);
    for (const span of spans) busy.add(span.lane);
  }
  return story.lanes.filter((lane) => !busy.has(lane));
}

/** What an event touches beside its own lane: the controller of a call, the PS of a report. */
function touchedBy(event) {
  if (event.kind === "rpc") return ["controller"];
  return event.kind === "report" ? event.results.map((each) => `PS ${each.ps}`) : [];
}

/** How many lanes are hidden as nothing is on them, and a button that shows them. */
function hiddenLanes(story, choice, onChange) {
  const empty = emptyLanes(story).filter((lane) => !choice.pinned.includes(lane));
  if (!empty.length) return null;
  const names = empty.slice(0, NAMED).map(laneTitle).join(", ");
  const more = empty.length > NAMED ? ` and ${empty.length - NAMED} more` : "";
  const count = empty.length === 1 ? "1 empty lane" : `${empty.length} empty lanes`;
  return el("p", { class: "hidden-lanes" }, `${count}${choice.all ? "" : empty.length === 1 ? " is hidden" : " are hidden"}: ${names}${more}. `,
    el("button", { type: "button", class: "link", id: "all-lanes", onclick: () => onChange({ ...choice, all: !choice.all }) }, choice.all ? "Hide" : "Show"));
}

/**
 * The names of the lanes, which stay in sight while the picture scrolls, with a button each that
 * folds and one that pins. Both sides show the same lanes, so only the first side's are in the
 * order of tabs, one lane at a time; arrows go to the others.
 */
function laneLabels(sides, lanes, choice, onChange) {
  return el("div", { class: "lane-labels" }, sides.map((side, i) =>
    el("div", i === 0 ? { role: "group", "aria-label": "Lanes" } : { "aria-hidden": "true" },
      el("b", {}, `${side.name} · ${side.role}`),
      lanes.map((lane, j) => laneLabel(lane, choice, onChange, i === 0 && j === 0)))));
}

function laneLabel({ lane, folded, pinned, height }, choice, onChange, isFirst) {
  const title = laneTitle(lane);
  const switched = (lanes) => lanes.includes(lane) ? lanes.filter((each) => each !== lane) : [...lanes, lane];
  const shared = { type: "button", "data-lane": lane, tabindex: isFirst ? 0 : -1 };
  return el("span", { class: folded ? "folded" : "", style: `height: ${height}px` },
    el("button", { ...shared, class: "fold", "aria-expanded": String(!folded), title: `${title}: ${folded ? "unfold" : "fold"}`, onclick: () => onChange({ ...choice, folded: switched(choice.folded) }) },
      el("i", { "aria-hidden": "true" }, folded ? "▸" : "▾"), title),
    el("button", { ...shared, class: "pin", "aria-pressed": String(pinned), "aria-label": `Pin ${title} to the top`, title: pinned ? "Unpin" : "Pin to the top", onclick: () => onChange({ ...choice, pinned: switched(choice.pinned) }) }, "↥"));
}

/** Moves from a lane's button to the same one of another lane, which then is in the order of tabs. */
function moveToLane(button, by) {
  const kind = button.classList.contains("pin") ? "pin" : "fold";
  const buttons = [...button.closest(".lane-labels > div").querySelectorAll(`.${kind}`)];
  focusLane(buttons[buttons.indexOf(button) + by]);
}

function focusLane(button) {
  if (!button) return;
  for (const each of button.closest(".lane-labels > [role=group]")?.querySelectorAll("button") ?? []) {
    each.tabIndex = each.dataset.lane === button.dataset.lane ? 0 : -1;
  }
  button.focus();
}
