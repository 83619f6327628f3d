"use strict";

/** Where covered facts are written down, and implemented on both sides; links if a checkout is there. */

const SOURCES = JSON.parse(document.getElementById("sources").textContent);
const BEHAVIOUR = "docs/behaviour.md";

/** A file by its path from the checkout, which is a link where the page lies in it. */
function fileOf(path, line) {
  const text = el("code", {}, line ? `${path}:${line}` : path);
  const linked = SOURCES.root !== undefined && location.protocol === "file:";
  return linked ? el("a", { href: `${SOURCES.root}/${path}` }, text) : text;
}

function factOf(clause) {
  return clause.replace(/[a-z]+$/, "");
}

/** What a scenario is evidence for; a clause of the behaviour with its text and where it stands. */
function coveredBy(name, text) {
  if (text === undefined) return el("code", {}, name);
  const line = SOURCES.facts[factOf(name)];
  return el("details", {}, el("summary", {}, el("code", {}, name)), el("p", {}, text),
    line ? el("p", {}, fileOf(BEHAVIOUR, line)) : null);
}

/** The files of both sides that implement what a scenario covers. */
function implementationsOf(record) {
  const numbers = new Set(record.covers.map((name) => SOURCES.implemented[factOf(name)]).filter((number) => number !== undefined));
  if (!numbers.size) return null;
  const rows = [...numbers].map((number) => SOURCES.implementations[number]).map(({ name, python, python_line, rust, rust_line }) =>
    el("div", {}, el("dt", {}, name), el("dd", {}, fileOf(python, python_line), fileOf(rust, rust_line))));
  return el("section", { class: "sources" }, el("h3", {}, "Where it is implemented"), el("dl", { class: "facts" }, rows));
}
