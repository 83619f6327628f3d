"""``monolith-parity explain``: the reference of one word or fact, in the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding

from parity.app.explain_fact import FACT, explain_fact
from parity.app.reference import Entry, entries, options_of
from parity.base.problems import UsageError, did_you_mean
from parity.base.terminal_text import shortened
from parity.spec.facts import fact_range


def explain(word: str | None, console: Console) -> None:
    """Print everything of this name or path; without one, what there is to ask for.

    Raises:
        UsageError: there is nothing of that name.
    """
    among = entries()
    if word is None:
        _print_names(among, console)
        return
    if FACT.fullmatch(word):
        explain_fact(word, console)
        return
    found = [each for each in among if word in (each.path, each.name)]
    if not found:
        known = [name for each in among for name in (each.name, each.path)]
        raise UsageError(
            f"{shortened(word)}: no such key or kind{did_you_mean(word, known)}; "
            "`monolith-parity explain` lists them"
        )
    for i, entry in enumerate(found):
        if i:
            console.print()
        _print_entry(entry, among, console)


def _print_names(among: tuple[Entry, ...], console: Console) -> None:
    groups: dict[str, list[str]] = {}
    for each in among:
        if each.kind != "option":
            name = each.path if each.kind == "key" else each.name
            groups.setdefault(each.kind, []).append(name)
    for kind, names in groups.items():
        console.print(f"{kind}s:", markup=False)
        _indented(", ".join(names), console)
    console.print("facts:", markup=False)
    _indented(fact_range(), console)


def _print_entry(entry: Entry, among: tuple[Entry, ...], console: Console) -> None:
    console.print(f"{entry.path} ({entry.kind})", style="bold", markup=False)
    _indented(_plain(entry.says), console)
    if entry.accepts not in ("", "a mapping"):
        _indented(_value(entry), console)
    if entry.example:
        _indented(f"in YAML: {entry.example}", console)
        _indented(f"in canonical JSON: {entry.canonical}", console)
    for option in options_of(entry, among):
        _indented(f"{option.name}: {_value(option)}", console)
        _indented(_plain(option.says), console, by=4)


def _value(entry: Entry) -> str:
    words = [_plain(entry.accepts)]
    if entry.kind in ("key", "option"):
        words.append("required" if entry.default is None else f"default {entry.default}")
    return "; ".join(words)


def _plain(markdown: str) -> str:
    paragraphs = markdown.replace("`", "").split("\n\n")
    return "\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _indented(text: str, console: Console, by: int = 2) -> None:
    console.print(Padding(text, (0, 0, 0, by)), markup=False)
