"""A history as a picture: who did what when, one lane each, as an HTML page."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from typing import Final
from xml.etree import ElementTree as ET

from parity.campaign.history import History
from parity.campaign.plan import PROCESSES

_LANE: Final = 26
_LEFT: Final = 120
_WIDTH: Final = 1000
_COLOURS: Final = {
    "ok": "#2e7d32",
    "refused": "#8d6e63",
    "failed": "#9e9e9e",
    "unknown": "#f9a825",
    "fault": "#c62828",
    "event": "#1565c0",
    "step": "#90a4ae",
}
_STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; max-width: 72rem; }
svg { width: 100%; height: auto; } text { font: 12px system-ui, sans-serif; }
"""


def page(history: History, breaches: Sequence[str]) -> str:
    """Return the page of a history, with what was found wrong above the picture."""
    plan = history.plan
    title = html.escape(f"Seed {plan.seed}, {plan.setup}")
    wrong = "".join(f"<li>{html.escape(breach)}</li>" for breach in breaches)
    picture = ET.tostring(_picture(history), encoding="unicode")
    legend = " ".join(
        f'<b style="color:{colour}">■ {word}</b>' for word, colour in _COLOURS.items()
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style><h1>{title}</h1><ul>{wrong or '<li>Every promise held.</li>'}</ul>"
        f"<p>{legend}</p>{picture}</html>\n"
    )


def _picture(history: History) -> ET.Element:
    lanes = [*history.plan.calls, *PROCESSES, "links"]
    end = max(history.aftermath.ended, 1)
    height = _LANE * (len(lanes) + 2)
    svg = ET.Element(
        "svg",
        {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {_LEFT + _WIDTH} {height}"},
    )
    for row, lane in enumerate(lanes):
        _text(svg, 0, row, lane)
        line = {"x1": _LEFT, "x2": _LEFT + _WIDTH, "y1": _LANE * (row + 1), "y2": _LANE * (row + 1)}
        ET.SubElement(svg, "line", {"stroke": "#ddd", **{key: str(at) for key, at in line.items()}})
    for lane, since, until, colour, words in _marks(history):
        _box(svg, lanes.index(lane), since / end, until / end, colour, words)
    for second in range(end // 1_000_000 + 1):
        _text(svg, _LEFT + _WIDTH * second * 1_000_000 / end, len(lanes), f"{second} s")
    return svg


def _marks(history: History) -> Iterator[tuple[str, int, int, str, str]]:
    """Yield lane, beginning, end, colour and words of everything."""
    for step in history.steps:
        lane = "chief" if step.worker == 0 else f"worker-{step.worker}"
        yield lane, step.at, step.at, "step", f"step {step.step}"
    for fault in history.faults:
        target = fault.fault.target
        lane = target if target in PROCESSES else "links"
        yield lane, fault.began, fault.ended, "fault", f"{fault.fault.trouble} {target}"
    for each in history.happened:
        words = f"{each.what} {each.ps or ''}{'' if each.step is None else each.step}"
        yield (each.of if each.of in PROCESSES else "chief"), each.at, each.at, "event", words
    for call in history.calls:
        seen = "" if call.blocked is None else f" {list(call.blocked)}"
        words = f"{call.call}{seen}: {call.outcome} {call.said}"
        yield call.operator, call.invoked, call.returned, call.outcome, words


def _text(svg: ET.Element, x: float, row: int, words: str) -> None:
    ET.SubElement(svg, "text", {"x": f"{x:.1f}", "y": str(_LANE * row + 18)}).text = words


def _box(svg: ET.Element, row: int, since: float, until: float, colour: str, words: str) -> None:
    place = {
        "x": f"{_LEFT + _WIDTH * since:.1f}",
        "y": str(_LANE * row + 4),
        "width": f"{max(2, _WIDTH * (until - since)):.1f}",
        "height": str(_LANE - 8),
        "fill": _COLOURS[colour],
        "fill-opacity": "0.3" if colour == "fault" else "0.8",
    }
    box = ET.SubElement(svg, "rect", place)
    ET.SubElement(box, "title").text = f"{words.strip()}, {since:.3f} to {until:.3f} of the run"
