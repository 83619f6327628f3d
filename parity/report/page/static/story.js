"use strict";

/** One scenario: why it is as it is, how to replay it, its timeline, events and YAML. */

/** The story on the page, its selected row, and the choice of its lanes. */
let current = null;

function showStory(story, neighbours, lanes) {
  const record = story.record;
  current = { story, row: null, lanes };
  const select = (row) => selectRow(row);
  const failed = record.verdict === "failed";
  const log = logOf(record, failed);
  const view = document.getElementById("story");
  view.replaceChildren();
  fill(view, {}, [
    navigation(neighbours),
    el("header", { class: "about-scenario" },
      el("h2", { tabindex: -1, id: "story-title" }, record.scenario),
      verdictOf(record.scenario),
      el("p", {}, record.about),
      record.covers.length ? el("div", { class: "covers" }, "covers", record.covers.map((each) => coveredBy(each, story.clauses[each]))) : null),
    reasonsOf(story, select),
    replayOf(record),
    el("div", { class: "play" },
      el("section", { class: "picture", "aria-labelledby": "timeline-title" },
        el("h3", { id: "timeline-title" }, "Timeline"),
        story.rows.length && story.reference ? [
          el("p", { class: "hint" }, "Virtual time runs to the right, compressed: each event has a column of its own, and a dashed line is where time moves on."),
          el("div", { class: "timeline", tabindex: 0, role: "region", "aria-label": "Timeline, scrolls sideways" }),
          el("div", { id: "lanes" }),
          legend(story),
        ] : el("p", {}, "Nothing was played, so there is nothing to draw.")),
      el("section", { class: "list", "aria-labelledby": "events-title" },
        el("h3", { id: "events-title" }, "Events"), listEvents(story, select)),
      el("div", { class: "below" }, differencesOf(story), failed ? log : null, yamlOf(story, select),
        implementationsOf(record), failed ? null : log, provenanceOf(record))),
  ]);
  redraw();
  const first = firstDifference(story);
  if (first !== null) selectRow(first);
}

/** Draws the timeline, as often as lanes are chosen; what was in sight and in focus stays so. */
function redraw() {
  const frame = document.querySelector("#story .timeline");
  if (!frame) return;
  const { scrollLeft } = frame;
  const { lane } = document.activeElement.dataset;
  const kind = document.activeElement.className;
  const { story, lanes, row } = current;
  const onChange = (choice) => {
    current.lanes = choice;
    redraw();
    keepAddress();
  };
  drawTimeline(frame, story, lanes, selectRow, onChange);
  frame.scrollLeft = scrollLeft;
  const line = hiddenLanes(story, lanes, onChange);
  const toggled = document.activeElement.id === "all-lanes";
  document.getElementById("lanes").replaceChildren(...(line ? [line] : []));
  if (toggled) document.getElementById("all-lanes")?.focus();
  if (lane !== undefined) focusLane([...frame.querySelectorAll(`.${kind}`)].find((each) => each.dataset.lane === lane));
  if (row !== null) columnOf(row)?.classList.add("selected");
}

function columnOf(row) {
  return document.querySelector(`#story .hits [data-row="${row}"]`);
}

/** The story, its lanes and its selected row, so that a copied link shows them. */
function keepAddress() {
  const address = new URLSearchParams();
  addLanes(address, current.lanes);
  if (current.row !== null) address.set("event", current.row);
  const rest = address.toString();
  history.replaceState(null, "", linkTo(openScenario) + (rest && `&${rest}`));
}

/** Marks one row in the timeline and in the list, and brings it into sight in both. */
function selectRow(row) {
  const view = document.getElementById("story");
  const item = view.querySelector(`.events [data-row="${row}"]`);
  if (!item) return say("There is no such event in this report.");
  current.row = row;
  keepAddress();
  shadeLines(current.story, row);
  for (const old of view.querySelectorAll("[data-row].selected")) {
    old.classList.remove("selected");
    old.removeAttribute("aria-current");
    if (old.localName === "button") old.tabIndex = -1;
  }
  const column = columnOf(row);
  column?.classList.add("selected");
  item.classList.add("selected");
  item.setAttribute("aria-current", "true");
  item.tabIndex = 0;
  const list = view.querySelector(".events");
  if (item.offsetTop < list.scrollTop || item.offsetTop + item.offsetHeight > list.scrollTop + list.clientHeight) {
    list.scrollTop = item.offsetTop - list.clientHeight / 3;
  }
  if (!column) return;
  const frame = view.querySelector(".timeline");
  const x = Number(column.getAttribute("x"));
  const names = labelsWidth(frame);
  const hidden = x < frame.scrollLeft + names || x + Number(column.getAttribute("width")) > frame.scrollLeft + frame.clientWidth;
  if (hidden) frame.scrollLeft = x - names - (frame.clientWidth - names) / 4;
}

function navigation({ previous, next, position }) {
  const link = (scenario, words) => scenario
    ? el("a", { href: linkTo(scenario), title: scenario }, words)
    : el("span", { class: "none", "aria-hidden": "true" }, words);
  return el("nav", { class: "story-nav", "aria-label": "Scenarios" },
    el("a", { href: "#", class: "back", id: "back" }, "← All scenarios"),
    el("span", { class: "position" }, position),
    link(previous, "‹ Previous"), link(next, "Next ›"));
}

/** The verdict as the list shows it. */
function verdictOf(scenario) {
  return rowOf(scenario).querySelector(".verdict").cloneNode(true);
}

/** Why the verdict is as it is; a difference in short, as its table says the rest. */
function reasonsOf(story, select) {
  const record = story.record;
  const differing = record.differences.map((difference, i) => {
    const mark = story.marks.find((each) => each.difference === i);
    const where = `at ${formatTime(difference.ms)} on ${laneTitle(difference.lane)}`;
    return el("li", {}, el("b", {}, `≠ ${difference.channel}`), ` ${where} `,
      mark ? [el("button", { type: "button", class: "link", onclick: () => select(mark.row) }, "show"), ...inYaml(story, mark.row)] : null);
  });
  const others = record.reasons.filter((reason) => !reason.includes(": first difference at "));
  if (record.not_compared.length) others.push(`not compared: ${record.not_compared.join(", ")}`);
  const items = [...differing, ...others.map((reason) => el("li", {}, reason))];
  return items.length ? el("ul", { class: "reasons" }, items) : null;
}

function replayOf(record) {
  const command = el("code", { id: "replay" }, record.replay);
  const button = el("button", { type: "button", id: "copy" }, "Copy");
  button.addEventListener("click", () => copy(command, button));
  return el("div", { class: "replay" }, el("span", {}, "Replay"), command, button);
}

async function copy(source, button) {
  let done = "Copied";
  try {
    await navigator.clipboard.writeText(source.textContent);
  } catch {
    getSelection().selectAllChildren(source);
    done = "Press Ctrl+C";
  }
  button.textContent = done;
  say(done);
}

/** Each difference, field by field. */
function differencesOf(story) {
  const { differences } = story.record;
  if (!differences.length) return null;
  return el("section", { class: "differences" }, el("h3", {}, "First difference of each channel"),
    differences.map((difference) => el("div", { class: "difference" },
      el("h4", {}, difference.channel, el("span", {}, ` at ${formatTime(difference.ms)} on ${laneTitle(difference.lane)}`)),
      difference.channel === "order" ? compareOrder(difference, story) : compareFields(difference, story))));
}

/** Two events that each side has, in the order in which it has them. */
function compareOrder(difference, story) {
  const { reference: first, peer: second } = difference;
  const cell = ({ kind, lane, ms, ...fields }) => el("td", {}, el("mark", {}, kind), ` on ${laneTitle(lane)} at ${formatTime(ms)}`,
    Object.entries(fields).filter(([, value]) => saysSomething(value)).flatMap(([key, value]) => [" ", showField(key, value)]));
  return el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "order, event by event" }, el("table", {},
    el("thead", {}, el("tr", {}, el("td"), el("th", { scope: "col" }, story.reference_name), el("th", { scope: "col" }, story.peer_name))),
    el("tbody", {},
      el("tr", {}, el("th", { scope: "row" }, "first"), cell(first), cell(second)),
      el("tr", {}, el("th", { scope: "row" }, "then"), cell(second), cell(first)))));
}

function compareFields(difference, story) {
  const ours = difference.reference;
  const theirs = difference.peer;
  const keys = [...new Set([...Object.keys(ours ?? {}), ...Object.keys(theirs ?? {})])];
  const rows = keys.map((key, i) => {
    const alike = JSON.stringify(ours?.[key]) === JSON.stringify(theirs?.[key]);
    return el("tr", {}, el("th", { scope: "row" }, key),
      [ours, theirs].map((event) => event === null ? nothingMore(i, keys.length) : fieldCell(event, key, alike || !ours || !theirs)));
  });
  return el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `${difference.channel}, field by field` }, el("table", {},
    el("thead", {}, el("tr", {}, el("td"), el("th", { scope: "col" }, story.reference_name), el("th", { scope: "col" }, story.peer_name))),
    el("tbody", {}, rows)));
}

/** A side that has no further event says so once, beside all fields of the other. */
function nothingMore(row, rows) {
  return row === 0 ? el("td", { rowspan: rows }, el("mark", {}, "nothing more")) : null;
}

function fieldCell(event, key, alike) {
  const text = event[key] === undefined ? "not there" : fieldText(key, event[key]);
  return el("td", {}, alike ? text : el("mark", {}, text));
}

/** What a driver logged; folded unless it failed, as the log then has the reason. */
function logOf(record, failed) {
  if (!record.log_tail) return null;
  const lines = record.log_tail.split("\n").length;
  return el("details", { class: "log", open: failed },
    el("summary", {}, "The driver's log ", el("small", {}, lines === 1 ? "1 line" : `its last ${lines} lines`)),
    el("pre", { tabindex: 0 }, record.log_tail));
}

function provenanceOf(record) {
  const maker = (by) => by ? `${by.implementation} ${by.version}, ${by.language}` : "not known";
  const facts = [
    ["reference", `${record.reference || "not asked"}: ${maker(record.reference_by)}`],
    ["peer", `${record.peer || "not asked"}: ${maker(record.peer_by)}`],
    ["scenario digest", record.digest],
    ["took", `${record.seconds} s of real time`],
  ];
  return el("section", {}, el("h3", {}, "Provenance"),
    el("dl", { class: "facts" }, facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))));
}

/** What the shapes mean; only those that this story has. */
function legend(story) {
  const families = new Set(sidesOf(story).flatMap((side) => side.events.map((event) => kindOf(event).family)));
  const names = { work: "training step", call: "controller call", barrier: "barrier", alarm: "report, log or error", save: "checkpoint", life: "session, hook, thread", file: "file", other: "other" };
  const entries = Object.entries(names).filter(([family]) => families.has(family));
  if (story.faults.length) entries.push(["fault", "fault, as long as it lasts"]);
  if (sidesOf(story).some((side) => side.spans.some((span) => span.kind === "barrier"))) entries.push(["held", "barrier placed, or worker blocked"]);
  return el("ul", { class: "legend" }, entries.map(([family, words]) => el("li", { class: family }, words)));
}
