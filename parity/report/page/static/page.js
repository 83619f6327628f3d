"use strict";

/** Which view is shown, by the address, and the keys. */

let storyLines = null;
let openScenario = null;

/** A story is parsed when it is opened, not before. */
function readStory(number) {
  storyLines ??= document.getElementById("stories").textContent.trim().split("\n");
  return JSON.parse(storyLines[number]);
}

function route() {
  const address = new URLSearchParams(location.hash.slice(1));
  const scenario = address.get("scenario");
  const dead = document.getElementById("dead");
  dead.hidden = scenario === null || rowOf(scenario) !== undefined;
  if (!dead.hidden) dead.textContent = `There is no scenario ${scenario} in this report.`;
  if (dead.hidden && scenario !== null) return openStory(scenario, address.get("event"), readLanes(address));
  if (openScenario !== null) return closeStory();
  const isAnchor = location.hash.length > 1 && !location.hash.includes("=");
  if (!isAnchor) setFilter(address);
}

function openStory(scenario, event, lanes = noChoice()) {
  const row = rowOf(scenario);
  const listed = shownRows().map((each) => each.scenario);
  const at = listed.indexOf(scenario);
  openScenario = scenario;
  document.getElementById("overview").hidden = true;
  document.getElementById("story").hidden = false;
  showStory(readStory(Number(row.dataset.story)), {
    previous: at > 0 ? listed[at - 1] : null,
    next: at >= 0 ? listed[at + 1] : null,
    position: at < 0 ? "" : `${at + 1} of ${listed.length}`,
  }, lanes);
  if (event !== null) selectRow(Number(event));
  scrollTo(0, 0);
  document.getElementById("story-title").focus({ preventScroll: true });
}

function closeStory() {
  const came = openScenario;
  openScenario = null;
  document.getElementById("story").hidden = true;
  document.getElementById("story").replaceChildren();
  document.getElementById("overview").hidden = false;
  history.replaceState(null, "", `#${filterAddress()}`);
  const link = rowOf(came).querySelector("a");
  link.scrollIntoView({ block: "center" });
  link.focus({ preventScroll: true });
}

/** Moves the focus by one among elements; from outside them, to the first or last. */
function moveFocus(elements, by) {
  const at = elements.indexOf(document.activeElement);
  const to = at < 0 ? (by > 0 ? 0 : elements.length - 1) : at + by;
  elements[to]?.focus();
  return elements[to];
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches("input, select, textarea");
  if (event.key === "Escape" && openScenario !== null) {
    location.hash = "#";
  } else if (event.key === "/" && !typing) {
    event.preventDefault();
    if (openScenario !== null) closeStory();
    FILTER.text.focus();
    FILTER.text.select();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    onArrow(event, event.key === "ArrowDown" ? 1 : -1);
  } else if ((event.key === "ArrowRight" || event.key === "ArrowLeft") && event.target.matches(".timeline")) {
    event.preventDefault();
    const buttons = [...document.querySelectorAll(".events button")];
    const at = buttons.findIndex((button) => button.classList.contains("selected"));
    const to = at + (event.key === "ArrowRight" ? 1 : -1);
    if (buttons[to]) selectRow(to);
  }
}

function onArrow(event, by) {
  if (event.target.matches(".lane-labels button")) {
    event.preventDefault();
    moveToLane(event.target, by);
  } else if (openScenario !== null) {
    if (!event.target.matches(".events button")) return;
    event.preventDefault();
    const button = moveFocus([...document.querySelectorAll(".events button")], by);
    if (button) selectRow(Number(button.dataset.row));
  } else if (event.target === FILTER.text || event.target === document.body || event.target.closest("#rows")) {
    event.preventDefault();
    moveFocus(shownRows().map((row) => row.link), by);
  }
}

FILTER.text.addEventListener("input", filterChanged);
FILTER.folder.addEventListener("change", filterChanged);
FILTER.fault.addEventListener("change", filterChanged);
FILTER.sort.addEventListener("change", () => {
  sortRows();
  filterChanged();
});
for (const button of [...FILTER.verdicts, ...FILTER.channels, ...FILTER.causes]) {
  button.addEventListener("click", () => {
    button.setAttribute("aria-pressed", button.getAttribute("aria-pressed") !== "true");
    filterChanged();
    if (!button.matches(".chip")) document.getElementById("scenarios").scrollIntoView();
  });
}
document.getElementById("filter-reset").addEventListener("click", resetFilter);
document.getElementById("nothing-reset").addEventListener("click", resetFilter);
document.getElementById("rows").addEventListener("click", (event) => {
  const row = event.target.closest("tr");
  if (row && !event.target.closest("a") && !getSelection().toString()) row.querySelector("a").click();
});
document.addEventListener("keydown", onKey);
addEventListener("hashchange", route);
route();
