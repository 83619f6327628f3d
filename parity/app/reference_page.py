"""The scenario reference as a page of Markdown: docs/scenario-reference.md."""

from __future__ import annotations

from collections.abc import Iterator

from parity.app.reference import Entry, entries, options_of

_INTRODUCTION = """\
# Scenario reference

Everything that can stand in a scenario, made from the models' own descriptions by
`nox -s generated`: change those, not this page. `monolith-parity explain KEY` prints
the same in the terminal. How it all plays together is in
[scenarios](scenario-format.md).
"""

_SECTIONS = {
    "hooks": "A bare name takes the defaults; with options it is a mapping with one key.",
    "faults": "In `faults`, or in a `fault` step. A later fault of the same kind on the same PS "
    "replaces the earlier one.",
    "steps": "After each step every other lane goes on to where it waits, at the same instant.",
    "expect": "At least one key; what is given is compared with each player's trace on its own.",
}
"""The lists that have a section of their own, with the section's introduction."""


def scenario_reference() -> str:
    """Return the whole page."""
    return "\n".join(_page(entries()))


def _page(among: tuple[Entry, ...]) -> Iterator[str]:
    yield _INTRODUCTION
    yield from ("## Top level", "")
    top = tuple(each for each in among if "." not in each.path)
    yield from _table(top, "key")
    for each in top:
        if each.path in _SECTIONS:
            continue
        options = options_of(each, among)
        if options:
            yield from (f"## {each.path}", "")
            yield from _table(options, "key")
    for path, head in _SECTIONS.items():
        yield from (f"## {path}", "", head, "")
        kinds = options_of(next(each for each in top if each.path == path), among)
        if path == "expect":
            yield from _table(kinds, "key")
        else:
            for kind in kinds:
                yield from _kind(kind, among)
    yield from ("## Verdicts", "", "| verdict | meaning |", "| --- | --- |")
    verdicts = (each for each in among if each.kind == "verdict")
    yield from (f"| `{each.name}` | {each.says} |" for each in verdicts)
    yield ""


def _kind(kind: Entry, among: tuple[Entry, ...]) -> Iterator[str]:
    yield from (f"### {kind.name}", "", kind.says, "")
    if kind.accepts != "a mapping":
        yield from (f"Value: {kind.accepts}.", "")
    if kind.example:
        yield from ("```yaml", f"- {kind.example}", "```", "")
        if kind.canonical:
            yield from (f"Canonical JSON: `{kind.canonical}`", "")
    yield from _table(tuple(_below(kind, among)), "option", kind.path)


def _below(entry: Entry, among: tuple[Entry, ...]) -> Iterator[Entry]:
    for option in options_of(entry, among):
        yield option
        yield from _below(option, among)


def _table(rows: tuple[Entry, ...], what: str, under: str = "") -> Iterator[str]:
    if not rows:
        return
    yield from (f"| {what} | accepts | default | meaning |", "| --- | --- | --- | --- |")
    for row in rows:
        name = row.path.removeprefix(f"{under}.") if under else row.name
        default = "required" if row.default is None else f"`{row.default}`"
        says = " ".join(row.says.split()).replace("|", "\\|")
        yield f"| `{name}` | {row.accepts} | {default} | {says} |"
    yield ""
