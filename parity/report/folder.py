"""The folder of a report: report.jsonl, and all that is rendered from it."""

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
    """Begin a report in the place of an old one; all that was made from that goes first.

    So there is never a page beside a report that it isn't of. Hold the folder
    (``parity.base.folder_lock``) until the report is finished and rendered.

    Raises:
        UsageError: the folder can't be one.
        OutputError: nothing can be written there; the old report stays as it is.
    """
    return ReportWriter(folder, header, [folder / name for name in (*_RENDERERS, JUNIT)])


def write_rendered(report: Report, folder: Path) -> None:
    """Write every rendering, each file whole; if one can't be written, none is left.

    Raises:
        UsageError: one can't be a file.
        OutputError: one can't be written here.
    """
    try:
        for name, render in _RENDERERS.items():
            write_whole(folder / name, render(report, folder))
    except (UsageError, OutputError):
        for name in _RENDERERS:
            with contextlib.suppress(OSError):  # What is raised says what went wrong.
                (folder / name).unlink(missing_ok=True)
        raise


def render_again(folder: Path) -> None:
    """Render a report once more, if there is a whole one, for what has come beside it."""
    if not (folder / FILE_NAME).is_file():
        return
    try:
        report = read_report(folder / FILE_NAME)
    except UsageError:  # A truncated one has no page to renew.
        return
    write_rendered(report, folder)


def render_report(given: Path, out: Path | None = None) -> tuple[Report, Path]:
    """Render a report, also one that its run didn't end, and return it with the page's path.

    The page is beside the report, or in ``out``: a run that goes on holds its own folder.

    Raises:
        UsageError: there is no report.
        OutputError: the page can't be written there.
    """
    file = report_file(given)
    folder = file.parent if out is None else out
    with held(folder, "--out"):
        report = read_begun_report(file)
        write_rendered(report, folder)
    return report, folder / PAGE


def report_file(path: Path) -> Path:
    """The report.jsonl that a user means by it or by its folder.

    Raises:
        UsageError: there is none.
    """
    file = path / FILE_NAME if os.path.isdir(path) else path
    if not os.path.isfile(file):  # Path's own would raise where a name is too long, or a loop.
        raise UsageError(f"{file}: no such report; expected a folder that run --report wrote")
    return file
