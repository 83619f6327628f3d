"use strict";

/** The list of scenarios: what is shown, and how the address bar says so. */

const ROWS = [...document.querySelectorAll("#rows tr")].map((row) => ({
  element: row,
  link: row.querySelector("a"),
  scenario: row.querySelector("a").dataset.scenario,
  text: row.dataset.text,
  folder: row.dataset.folder,
  verdict: row.dataset.verdict,
  faults: row.dataset.faults.split(" "),
  channels: row.dataset.channels.split(" "),
  cause: row.dataset.cause,
  seconds: Number(row.dataset.seconds),
  size: Number(row.querySelector(".number").textContent),
  events: null,
}));
const FILTER = {
  text: document.getElementById("filter-text"),
  folder: document.getElementById("filter-folder"),
  fault: document.getElementById("filter-fault"),
  sort: document.getElementById("sort"),
  verdicts: [...document.querySelectorAll(".chip")],
  channels: [...document.querySelectorAll("button[data-channel]")],
  causes: [...document.querySelectorAll("button[data-cause]")],
};
const ORDERS = {
  scenario: (a, b) => (a.scenario < b.scenario ? -1 : 1),
  seconds: (a, b) => b.seconds - a.seconds,
  size: (a, b) => b.size - a.size,
};

function rowOf(scenario) {
  return ROWS.find((row) => row.scenario === scenario)?.element;
}

function shownRows() {
  const rows = ROWS.filter((row) => !row.element.hidden);
  return ORDERS[FILTER.sort.value] ? rows.sort(ORDERS[FILTER.sort.value]) : rows;
}

function linkTo(scenario) {
  return `#scenario=${encodeURIComponent(scenario)}`;
}

/** What the pressed ones of these buttons stand for. */
function pressed(buttons, name) {
  return buttons.filter((button) => button.getAttribute("aria-pressed") === "true").map((button) => button.dataset[name]);
}

/** The values of all events of a scenario, read when somebody first searches. */
function eventsText(row) {
  if (row.events === null) {
    const { reference, peer } = readStory(Number(row.element.dataset.story));
    const events = [...(reference ?? []), ...(Array.isArray(peer) ? peer : [])];
    row.events = events.flatMap((event) => Object.values(event)).map(showValue).join(" ").toLowerCase();
  }
  return row.events;
}

/** Puts the rows into the chosen order; without one, into that of the page as it came. */
function sortRows() {
  const rows = [...ROWS];
  if (ORDERS[FILTER.sort.value]) rows.sort(ORDERS[FILTER.sort.value]);
  document.getElementById("rows").append(...rows.map((row) => row.element));
}

/** Every word must be found; of verdicts, channels and causes, none pressed means all. */
function applyFilter() {
  const words = FILTER.text.value.toLowerCase().split(/\s+/).filter(Boolean);
  const verdicts = pressed(FILTER.verdicts, "verdict");
  const channels = pressed(FILTER.channels, "channel");
  const causes = pressed(FILTER.causes, "cause");
  const { value: folder } = FILTER.folder;
  const { value: fault } = FILTER.fault;
  let count = 0;
  for (const row of ROWS) {
    const matches = words.every((word) => row.text.includes(word) || eventsText(row).includes(word))
      && (!channels.length || channels.some((channel) => row.channels.includes(channel)))
      && (!causes.length || causes.includes(row.cause))
      && (!verdicts.length || verdicts.includes(row.verdict))
      && (!folder || row.folder === folder)
      && (!fault || row.faults.includes(fault));
    if (row.element.hidden === matches) row.element.hidden = !matches;
    count += matches;
  }
  document.getElementById("shown").textContent = count === ROWS.length ? `${count} shown` : `${count} of ${ROWS.length} shown`;
  document.getElementById("nothing").hidden = count > 0;
}

/** The filter as an address, so that a link shows what its sender saw. */
function filterAddress() {
  const address = new URLSearchParams();
  if (FILTER.text.value) address.set("q", FILTER.text.value);
  if (FILTER.folder.value) address.set("folder", FILTER.folder.value);
  if (FILTER.fault.value) address.set("fault", FILTER.fault.value);
  if (FILTER.sort.value) address.set("sort", FILTER.sort.value);
  for (const name of ["verdict", "channel", "cause"]) {
    for (const value of pressed(FILTER[`${name}s`], name)) address.append(name, value);
  }
  return address.toString();
}

function setFilter(address) {
  FILTER.text.value = address.get("q") ?? "";
  FILTER.folder.value = address.get("folder") ?? "";
  FILTER.fault.value = address.get("fault") ?? "";
  for (const name of ["verdict", "channel", "cause"]) {
    const values = address.getAll(name);
    for (const button of FILTER[`${name}s`]) button.setAttribute("aria-pressed", values.includes(button.dataset[name]));
  }
  FILTER.sort.value = address.get("sort") ?? "";
  sortRows();
  applyFilter();
}

function filterChanged() {
  applyFilter();
  history.replaceState(null, "", `#${filterAddress()}`);
}

function resetFilter() {
  setFilter(new URLSearchParams());
  filterChanged();
  FILTER.text.focus();
}
