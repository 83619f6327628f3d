"use strict";

/** The events of a story as a list: one line a row of the timeline, with its fields in words. */

function listEvents(story, onSelect) {
  const sides = sidesOf(story);
  const marked = new Set(story.marks.map((mark) => mark.row));
  const first = firstDifference(story);
  const items = story.rows.map((row, i) => {
    const lone = isLone(row, sides);
    const classes = [lone && "lone", marked.has(i) && "marked", row.fault !== undefined && "fault"].filter(Boolean);
    return el("li", {},
      el("button", { type: "button", class: classes.join(" "), "data-row": i, tabindex: i === (first ?? 0) ? 0 : -1, onclick: () => onSelect(i) },
        el("span", { class: "time" }, formatTime(row.ms), lineOf(story, i)),
        row.fault === undefined ? describeEvent(row, sides, lone, i === first) : describeFault(story.faults[row.fault])));
  });
  return el("ol", { class: "events" }, items);
}

/** The line of the YAML that a row belongs to. */
function lineOf(story, row) {
  const place = placeOf(story, row);
  return place && el("small", { title: place.words }, place.label);
}

function describeEvent(row, sides, lone, isFirst) {
  const side = sides.find((each) => row[each.key] !== undefined);
  const { kind, lane, ms, ...fields } = eventAt(side, row);
  return el("span", { class: "said" },
    isFirst ? el("span", { class: "flag" }, "▼ first difference") : null,
    lone ? el("span", { class: "only" }, `only ${side.name}`) : null,
    el("span", { class: `kind ${kindOf({ kind }).family}` }, kind), " ",
    el("span", { class: "lane" }, laneTitle(lane)),
    el("span", { class: "fields" }, Object.entries(fields).filter(([, value]) => saysSomething(value)).map(([key, value]) => showField(key, value))));
}

function saysSomething(value) {
  return value !== null && JSON.stringify(value) !== "{}";
}

function describeFault(fault) {
  const fates = [["reference", fault.struck_reference], ["peer", fault.struck_peer]]
    .filter(([, struck]) => struck === false).map(([role]) => role);
  const idle = fates.length ? `never struck on ${fates.join(" and ")}` : null;
  return el("span", { class: "said" },
    el("span", { class: "kind fault" }, `ϟ ${fault.kind}`), " ",
    el("span", { class: "lane" }, laneTitle(fault.lane)),
    el("span", { class: "fields" }, [fault.text, idle].filter(Boolean).map((text) => el("span", {}, text))));
}

function showField(key, value) {
  return el("span", {}, el("i", {}, key), " ", fieldText(key, value));
}

function fieldText(key, value) {
  return key === "results" ? value.map(showResult).join("; ") : showValue(value);
}

function showResult({ ps, status, message }) {
  return `PS ${ps} ${status ?? "without a status"}: ${message || "(no message)"}`;
}

function showValue(value) {
  if (Array.isArray(value)) return value.length ? value.map(showValue).join(", ") : "none";
  if (value !== null && typeof value === "object") return Object.entries(value).map(([key, each]) => `${key}: ${showValue(each)}`).join("; ");
  return typeof value === "string" ? value : JSON.stringify(value);
}
