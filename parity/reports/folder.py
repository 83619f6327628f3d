"""The folder of a report: report.jsonl, and all that is rendered from it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from parity.problems import UsageError
from parity.report import FILE_NAME, Report, read_report
from parity.reports.badge import render_badge
from parity.reports.beside import matrices_beside
from parity.reports.html import render_html
from parity.reports.markdown import render_markdown
from parity.whole_files import write_whole

PAGE: Final = "index.html"
_RENDERERS: Final[dict[str, Callable[[Report, Path], str]]] = {
    PAGE: lambda report, folder: render_html(report, matrices_beside(folder)),
    "summary.md": lambda report, _: render_markdown(report),
    "badge.svg": lambda report, _: render_badge(report),
}


def write_rendered(report: Report, folder: Path) -> None:
    """Write every rendering; each file is replaced whole."""
    for name, render in _RENDERERS.items():
        write_whole(folder / name, render(report, folder))


def render_again(folder: Path) -> None:
    """Render a report once more, if there is a whole one, for what has come beside it."""
    if (folder / FILE_NAME).is_file():
        with contextlib.suppress(UsageError):  # A truncated one has no page to renew.
            write_rendered(read_report(folder / FILE_NAME), folder)


def remove_rendered(folder: Path) -> None:
    """Remove what an earlier run rendered, so that it isn't taken for this one's."""
    for name in _RENDERERS:
        with contextlib.suppress(FileNotFoundError):
            (folder / name).unlink()


def report_file(path: Path) -> Path:
    """The report.jsonl that a user means by it or by its folder.

    Raises:
      UsageError: there is none.
    """
    file = path / FILE_NAME if os.path.isdir(path) else path
    if not os.path.isfile(file):  # Path's own would raise where a name is too long, or a loop.
        raise UsageError(f"{file}: no such report; a folder that run --report wrote would be right")
    return file
