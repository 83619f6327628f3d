"use strict";

/**
 * The timeline of a story: both players one above the other, a lane for each thread and
 * each PS, and a column for each event, so that virtual time is compressed: what is at one
 * instant stands side by side, and a dashed line is where time moves on.
 */

const HEAD_HEIGHT = 44;
const BAND_HEIGHT = 26;
const BREAK_WIDTH = 26;
const PILL_HEIGHT = 20;
const DOT = 9;
const MISSING = "nothing";

/** How events are labelled, and of which family each is; what isn't here is labelled by its kind. */
const KINDS = {
  session: { family: "life", label: (event) => event.state },
  hook: { family: "life", label: (event) => `${event.hook}.${event.phase}` },
  step: { family: "work", label: (event) => String(event.global_step) },
  element: { family: "work", label: (event) => `takes ${event.value}` },
  report: { family: "alarm", label: (event) => `report PS ${event.results.map((each) => each.ps).join(", ")}` },
  barrier: { family: "barrier", label: (event) => `{${event.blocked.join(", ")}}` },
  rpc: { family: "call", label: (event) => `${shortMethod(event)} ${event.code}` },
  client_error: { family: "alarm", label: (event) => `${shortMethod(event)} ${event.error}` },
  callback: { family: "barrier", label: (event) => `callback ${event.callback}` },
  save: { family: "save", label: (event) => `save ${event.step}` },
  save_failed: { family: "alarm", label: (event) => `save ${event.step} fails` },
  listener: { family: "life", label: (event) => `${event.listener}.${event.method}` },
  log: { family: "alarm", label: (event) => `log ${event.level}` },
  raised: { family: "alarm", label: (event) => event.error },
  thread: { family: "life", label: (event) => `thread ${event.fate}` },
  current_session: { family: "life", label: (event) => `session: ${event.session}` },
  files: { family: "file", label: (event) => `left ${event.left.length} ${event.left.length === 1 ? "file" : "files"}` },
  address: { family: "file", label: (event) => event.text },
  state_file: { family: "file", label: (event) => `${event.file}: ${event.checkpoints.join(" ")}` },
  slot_counts: { family: "file", label: (event) => `slots at ${event.step}` },
  file_error: { family: "alarm", label: (event) => `${event.operation} ${event.file} fails` },
  action_response: { family: "file", label: (event) => `response: ${event.response}` },
};

function shortMethod(event) {
  return event.method.replace(/Training$|^Get/, "");
}

function kindOf(event) {
  return KINDS[event.kind] ?? { family: "other", label: () => event.kind };
}

/** The players of a story that showed something, each with its events. */
function sidesOf(story) {
  const same = story.peer === "same";
  const sides = [
    { key: "reference", role: "reference", name: story.reference_name, events: story.reference, spans: story.spans_reference },
    { key: "peer", role: "peer", name: story.peer_name, events: same ? story.reference : story.peer, spans: same ? story.spans_reference : story.spans_peer },
  ];
  return sides.filter((side) => side.events);
}

function eventAt(side, row) {
  return row[side.key] === undefined ? null : side.events[row[side.key]];
}

/** Whether a row is on one side only although both sides played. */
function isLone(row, sides) {
  return sides.length === 2 && row.fault === undefined && sides.some((side) => row[side.key] === undefined);
}

/** Fills a frame, which must be on the page already: how wide it is decides how far lanes go. */
function drawTimeline(frame, story, choice, onSelect, onChange) {
  const sides = sidesOf(story);
  const lanes = layOutLanes(story, choice);
  const columns = layOut(story, sides, new Set(choice.folded), labelsWidth(frame));
  const sideHeight = BAND_HEIGHT + lanes.reduce((sum, lane) => sum + lane.height, 0);
  const width = Math.max(columns.at(-1).end + 30, frame.clientWidth);
  const height = HEAD_HEIGHT + sides.length * sideHeight + 8;
  const picture = svg("svg", {
    viewBox: `0 0 ${width} ${height}`, width, height, role: "img",
    "aria-label": `Timeline of ${sides.map((side) => side.name).join(" and ")}; the list of events has the same in words`,
  });
  picture.append(drawBreaks(columns, height), drawMarks(story, columns, height));
  sides.forEach((side, i) => {
    const top = HEAD_HEIGHT + i * sideHeight;
    picture.append(drawSide(story, side, sides, columns, lanes, top, width));
  });
  picture.append(drawHits(story, columns, height, onSelect));
  frame.style.setProperty("--labels", `${labelsWidth(frame)}px`);
  frame.replaceChildren(laneLabels(sides, lanes, choice, onChange), picture);
}

/** The width of the names of lanes; on a phone there is more to see than names. */
function labelsWidth(frame) {
  return frame.clientWidth < 500 ? 132 : 166;
}

/** Where each row's column begins and ends; wide enough for its longest label, if that is shown. */
function layOut(story, sides, folded, labels) {
  let x = labels + 8;
  let ms = null;
  return story.rows.map((row) => {
    const labels = folded.has(laneOf(story, sides, row)) ? [""] : row.fault === undefined
      ? sides.map((side) => eventAt(side, row)).map((event) => event ? kindOf(event).label(event) : MISSING)
      : sides.map((side) => faultLabel(story.faults[row.fault], side));
    const moved = row.ms !== ms;
    if (moved && ms !== null) x += BREAK_WIDTH;
    ms = row.ms;
    const begin = x;
    x += Math.max(26, pillWidth(labels) + 6);
    return { begin, end: x, middle: (begin + x) / 2, ms, moved };
  });
}

function laneOf(story, sides, row) {
  if (row.fault !== undefined) return story.faults[row.fault].lane;
  return sides.map((side) => eventAt(side, row)).find((event) => event).lane;
}

function pillWidth(labels) {
  return Math.max(...labels.map((label) => label.length)) * 6.4 + 12;
}

function faultLabel(fault, side) {
  const idle = fault[`struck_${side.key}`] === false ? "(never strikes)" : "";
  return `ϟ ${fault.kind} ${fault.text} ${idle}`.trim();
}

/** Times along the top, and a dashed line wherever time moves on. */
function drawBreaks(columns, height) {
  const group = svg("g", { class: "breaks" });
  let last = -Infinity;
  for (const column of columns.filter((each) => each.moved)) {
    const x = column.begin - BREAK_WIDTH / 2;
    if (column !== columns[0]) group.append(svg("line", { x1: x, x2: x, y1: 26, y2: height }));
    const at = Math.max(column.begin, last + 6);
    const text = formatTime(column.ms);
    group.append(svg("text", { x: at, y: 36 }, text));
    last = at + text.length * 7;
  }
  return group;
}

/** The rows where the sides differ: the first is named, the others are shaded. */
function drawMarks(story, columns, height) {
  const group = svg("g", { class: "marks" });
  const rows = story.marks.map((mark) => mark.row);
  const first = firstDifference(story);
  for (const row of rows) {
    const column = columns[row];
    const box = { x: column.begin - 2, y: 18, width: column.end - column.begin + 4, height: height - 20, rx: 4 };
    group.append(svg("rect", { ...box, class: row === first ? "first" : "later" }));
  }
  if (first !== null) group.append(svg("text", { x: columns[first].begin, y: 13, class: "first-label" }, "▼ first difference"));
  return group;
}

function firstDifference(story) {
  return story.marks.length ? Math.min(...story.marks.map((mark) => mark.row)) : null;
}

function drawSide(story, side, sides, columns, lanes, top, width) {
  const group = svg("g", { class: "side" });
  group.append(svg("rect", { class: "band", x: 0, y: top, width, height: BAND_HEIGHT }));
  group.append(svg("text", { class: "band-name", x: 8, y: top + 17 }, `${side.name} · ${side.role}`));
  const places = new Map(lanes.map((lane) => [lane.lane, { ...lane, y: top + BAND_HEIGHT + lane.top }]));
  for (const { lane, y, height } of places.values()) {
    group.append(svg("line", { class: "lane", x1: 0, x2: width, y1: y + height, y2: y + height }));
    group.append(svg("text", { class: "lane-name", x: 8, y: y + height / 2 + 4 }, laneTitle(lane)));
  }
  for (const span of side.spans) group.append(drawSpan(span, columns, places.get(span.lane)));
  story.rows.forEach((row, i) => {
    const column = columns[i];
    const event = eventAt(side, row);
    if (row.fault !== undefined) {
      const fault = story.faults[row.fault];
      group.append(drawPill(faultLabel(fault, side), column, places.get(fault.lane), "event fault"));
    } else if (event) {
      group.append(...drawReach(event, column, places));
      group.append(drawPill(kindOf(event).label(event), column, places.get(event.lane),
        `event ${kindOf(event).family}${isLone(row, sides) ? " lone" : ""}`));
    } else if (sides.length === 2) {
      const other = sides.find((each) => each !== side);
      group.append(drawPill(MISSING, column, places.get(eventAt(other, row).lane), "event missing"));
    }
  });
  return group;
}

function drawSpan(span, columns, { y, height }) {
  const begin = columns[span.begin].middle;
  const end = span.end === undefined ? columns.at(-1).end + 10 : columns[span.end].middle;
  const box = span.kind === "barrier" ? { y: y + 2, height: height - 4 } : { y: y + height - 5, height: 4 };
  return svg("rect", { class: `span ${span.kind}`, x: begin, ...box, width: Math.max(end - begin, 4) });
}

/** An event with its label; on a folded lane a dot, whose title has the label. */
function drawPill(label, column, { y, height, folded }, classes) {
  const middle = y + height / 2;
  if (folded) {
    return svg("g", { class: `${classes} dot` }, svg("title", {}, label),
      svg("rect", { x: column.middle - DOT / 2, y: middle - DOT / 2, width: DOT, height: DOT, rx: DOT / 2 }));
  }
  const width = Math.min(pillWidth([label]), column.end - column.begin - 2);
  return svg("g", { class: classes },
    svg("rect", { x: column.middle - width / 2, y: middle - PILL_HEIGHT / 2, width, height: PILL_HEIGHT, rx: PILL_HEIGHT / 2 }),
    svg("text", { x: column.middle, y: middle + 4 }, label));
}

function drawReach(event, column, places) {
  const own = places.get(event.lane);
  return touchedBy(event).filter((lane) => places.has(lane) && lane !== event.lane).flatMap((lane) => {
    const [from, to] = [own, places.get(lane)].map(({ y, height }) => y + height / 2);
    const family = kindOf(event).family;
    return [
      svg("line", { class: `reach ${family}`, x1: column.middle, x2: column.middle, y1: from, y2: to }),
      svg("circle", { class: `reach ${family}`, cx: column.middle, cy: to, r: 4 }),
    ];
  });
}

/** Invisible columns on top that take the clicks. */
function drawHits(story, columns, height, onSelect) {
  const group = svg("g", { class: "hits" });
  columns.forEach((column, i) => {
    group.append(svg("rect", {
      x: column.begin, y: 22, width: column.end - column.begin, height: height - 28, rx: 4,
      "data-row": i, onclick: () => onSelect(i),
    }));
  });
  return group;
}
