"""The check of the session wheel finds what a page would load."""

from __future__ import annotations

import pytest

from tests.wheel.self_contained import FILES, loads, problems


@pytest.mark.parametrize(
    "page",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="http://cdn.example/x.css">',
        '<img src="//cdn.example/x.png">',
        '<img src="beside.png">',
        "<style>@import 'x.css';</style>",
        "<style>b { background: url(https://cdn.example/x.png) }</style>",
        '<p style="background: url(x.png)">',
        "<script>fetch('/x')</script>",
        "<script>new WebSocket(address)</script>",
    ],
)
def test_what_is_loaded_is_found(page):
    assert len(loads(page)) == 1


@pytest.mark.parametrize(
    "page",
    [
        '<a href="https://ui.perfetto.dev">a link is followed, not loaded</a>',
        '<link rel="icon" href="data:,">',
        '<svg xmlns="http://www.w3.org/2000/svg"><use href="#shape"></svg>',
        '<script type="application/jsonl">{"yaml": "fetch(x)"}</script>',
    ],
)
def test_what_is_not_loaded_is_left_alone(page):
    assert loads(page) == []


def test_a_report_without_its_page_is_found(tmp_path):
    for name in FILES:
        (tmp_path / name).write_text("text")
    assert problems(tmp_path) == []
    (tmp_path / "index.html").unlink()
    (tmp_path / "summary.md").write_text("![badge](https://img.example/x.svg)")
    assert problems(tmp_path) == [
        "index.html: missing or empty",
        "summary.md: shows ![badge](https://img.example/x.svg)",
    ]
