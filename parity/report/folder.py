"""The folder of a report: report.jsonl, and everything that is rendered from it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from parity.base.files import write_whole
from parity.base.folder_lock import held
from parity.base.problems import OutputError, UsageError
from parity.report.page.html import render_html
from parity.report.page.markdown import render_badge, render_markdown
from parity.report.page.matrices import matrices_beside
from parity.report.report import (
    FILE_NAME,
    Header,
    Report,
    ReportWriter,
    read_begun_report,
    read_report,
)

PAGE: Final = "index.html"
JUNIT: Final = "junit.xml"
_RENDERERS: Final[dict[str, Callable[[Report, Path], str]]] = {
    PAGE: lambda report, folder: render_html(report, matrices_beside(folder), folder),
    "summary.md": lambda report, _: render_markdown(report),
    "badge.svg": lambda report, _: render_badge(report),
}


def begin_report(folder: Path, header: Header) -> ReportWriter:
    """Begin a report in the place of an old one, after removing everything made from that.

    So a page is never beside a report of another run. Hold the folder
    (``parity.base.folder_lock``) until the report is finished and rendered.

    Raises:
        UsageError: It can't be a folder.
        OutputError: Nothing can be written there; the old report stays as it is.
    """
    return ReportWriter(folder, header, [folder / name for name in (*_RENDERERS, JUNIT)])


def write_rendered(report: Report, folder: Path) -> None:
    """Write every rendering, each file whole; if one can't be written, none is left.

    Raises:
        UsageError: The path of one can't be a file.
        OutputError: One can't be written here.
    """
    try:
        for name, render in _RENDERERS.items():
            write_whole(folder / name, render(report, folder))
    except (UsageError, OutputError):
        for name in _RENDERERS:
            with contextlib.suppress(OSError):  # The first error is the one to raise.
                (folder / name).unlink(missing_ok=True)
        raise


def render_again(folder: Path) -> None:
    """Render a whole report again, if there is one, with newer files beside it."""
    if not (folder / FILE_NAME).is_file():
        return
    try:
        report = read_report(folder / FILE_NAME)
    except UsageError:  # A truncated report has no page to renew.
        return
    write_rendered(report, folder)


def render_report(given: Path, out: Path | None = None) -> tuple[Report, Path]:
    """Render a report, even of an unfinished run, and return it with the page's path.

    The page is written beside the report, or to ``out``, as an ongoing run holds its own folder.

    Raises:
        UsageError: There is no report.
        OutputError: The page can't be written there.
    """
    file = report_file(given)
    folder = file.parent if out is None else out
    with held(folder, "--out"):
        report = read_begun_report(file)
        write_rendered(report, folder)
    return report, folder / PAGE


def report_file(path: Path) -> Path:
    """Return the path of the report.jsonl that is given, itself or by its folder.

    Raises:
        UsageError: There is none.
    """
    file = path / FILE_NAME if os.path.isdir(path) else path
    if not os.path.isfile(file):  # Path.is_file raises for a name that is too long, or a loop.
        raise UsageError(f"{file}: no such report; expected a folder that run --report wrote")
    return file
