"use strict";

/** The YAML of a scenario, with the lines that events belong to. */

function yamlOf(story, select) {
  const { record } = story;
  const flags = flagsOf(story, select);
  const rows = firstRows(story);
  const marked = placeOf(story, firstDifference(story));
  const lines = record.yaml.trimEnd().split("\n").map((text, i) => {
    const number = i + 1;
    const classes = ["line", marked && within(number, marked) && (marked.exact ? "marked" : "maybe")].filter(Boolean);
    return el("span", { class: classes.join(" "), "data-line": number },
      lineNumber(number, rows.get(number), select), el("span", { class: "code" }, colourYaml(text), "\n"), flags.get(number) ?? null);
  });
  return el("section", { class: "yaml", "aria-labelledby": "yaml-title" },
    el("h3", { id: "yaml-title" }, record.file),
    el("p", { class: "hint" }, rows.size ? "A number leads to the first event of its step; the lines of the selected event are shaded." : null),
    el("pre", { tabindex: 0 }, el("code", {}, lines)));
}

/** The place of a row in the YAML, or null where it isn't known. */
function placeOf(story, row) {
  return story.places[story.rows[row]?.place] ?? null;
}

function within(number, place) {
  return number >= place.first && number <= place.last;
}

/** The first row of each place that is known exactly, by the first line of it; closing has none. */
function firstRows(story) {
  const rows = new Map();
  story.rows.forEach((row, i) => {
    const place = placeOf(story, i);
    if (place?.exact && place.label !== "closing" && !rows.has(place.first)) rows.set(place.first, { row: i, place });
  });
  return rows;
}

function lineNumber(number, found, select) {
  if (!found) return el("span", { class: "number" }, String(number));
  return el("button", { type: "button", class: "number", "aria-label": `Line ${number}, ${found.place.words}: to its first event`, onclick: () => visit(found.row, select) }, String(number));
}

/** What is said beside a line: the first difference, and expectations that were broken. */
function flagsOf(story, select) {
  const flags = new Map();
  const add = (line, flag) => flags.set(line, [...(flags.get(line) ?? []), flag]);
  const first = firstDifference(story);
  const place = placeOf(story, first);
  if (place) {
    const words = place.exact ? place.words : `in one of these, ${place.words}`;
    add(place.first, el("button", { type: "button", class: "flag", onclick: () => visit(first, select) }, `◀ first difference, ${words}`));
  }
  for (const { player, unmet, line } of story.record.broken) {
    if (line) add(line, el("span", { class: "flag" }, `✕ ${player} has ${unmet.got}`));
  }
  return flags;
}

/** Selects a row, and brings the timeline into sight if it isn't. */
function visit(row, select) {
  select(row);
  const picture = document.querySelector("#story .picture");
  if (picture.getBoundingClientRect().bottom < 80) picture.scrollIntoView();
}

/** Shades the lines of the selected row. */
function shadeLines(story, row) {
  const place = placeOf(story, row);
  for (const line of document.querySelectorAll("#story .yaml .line")) {
    line.classList.toggle("selected", place !== null && within(Number(line.dataset.line), place));
  }
}

/** Leads from an event to its lines. */
function inYaml(story, row) {
  const place = placeOf(story, row);
  if (!place) return [];
  return [", in the YAML: ", el("button", { type: "button", class: "link", onclick: () => {
    document.querySelector(`#story .yaml [data-line="${place.first}"]`)?.scrollIntoView({ block: "center" });
    selectRow(row);
  } }, place.label.startsWith("line") ? `${place.words}, ${place.label}` : place.words)];
}

const YAML_TOKEN = /(?<comment>(?:^|\s)#.*$)|(?<string>"(?:[^"\\]|\\.)*"|'[^']*')|(?<key>[\w#.-]+(?=\s*:(?:\s|$)))|(?<number>\b\d+(?:\.\d+)?(?:ms|s|m|h|B|[KMGT]iB)?\b)|(?<word>\b(?:null|true|false)\b)/g;

/** A line with its keys, values and comments told apart; enough for scenarios. */
function colourYaml(line) {
  const parts = [];
  let end = 0;
  for (const match of line.matchAll(YAML_TOKEN)) {
    const [kind] = Object.entries(match.groups).find(([, value]) => value !== undefined);
    parts.push(line.slice(end, match.index), el("span", { class: `yaml-${kind}` }, match[0]));
    end = match.index + match[0].length;
  }
  return [...parts, line.slice(end)];
}
