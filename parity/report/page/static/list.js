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
}));
const FILTER = {
  text: document.getElementById("filter-text"),
  folder: document.getElementById("filter-folder"),
  fault: document.getElementById("filter-fault"),
  verdicts: [...document.querySelectorAll(".chip")],
};

function rowOf(scenario) {
  return ROWS.find((row) => row.scenario === scenario)?.element;
}

function shownRows() {
  return ROWS.filter((row) => !row.element.hidden);
}

function linkTo(scenario) {
  return `#scenario=${encodeURIComponent(scenario)}`;
}

function pressedVerdicts() {
  return FILTER.verdicts.filter((chip) => chip.getAttribute("aria-pressed") === "true").map((chip) => chip.dataset.verdict);
}

/** Every word must be found; of verdicts, none pressed means all. */
function applyFilter() {
  const words = FILTER.text.value.toLowerCase().split(/\s+/).filter(Boolean);
  const verdicts = pressedVerdicts();
  const { value: folder } = FILTER.folder;
  const { value: fault } = FILTER.fault;
  let count = 0;
  for (const row of ROWS) {
    const matches = words.every((word) => row.text.includes(word))
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
  for (const verdict of pressedVerdicts()) address.append("verdict", verdict);
  return address.toString();
}

function setFilter(address) {
  FILTER.text.value = address.get("q") ?? "";
  FILTER.folder.value = address.get("folder") ?? "";
  FILTER.fault.value = address.get("fault") ?? "";
  const verdicts = address.getAll("verdict");
  for (const chip of FILTER.verdicts) chip.setAttribute("aria-pressed", verdicts.includes(chip.dataset.verdict));
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
