"""The output for GitHub Actions beside the log: annotations, and the job's summary.

A runner is recognized by its environment, so no option is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from parity.base.problems import OutputError
from parity.report.page.markdown import render_markdown
from parity.report.report import Report
from parity.verdict.causes import causes_of, what_is_wrong
from parity.verdict.record import Record


def annotation_lines(report: Report, environment: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each scenario that needs a look, on the line of its file that says why.

    On a machine that isn't a runner of GitHub Actions there are none.
    """
    if environment.get("GITHUB_ACTIONS") != "true":
        return
    for cause in causes_of(report.records):
        for record in cause.records:
            title = f"{record.scenario}: {record.verdict}, {what_is_wrong(record)}"
            place = f"file={_property(record.file)},line={_line(record)},title={_property(title)}"
            yield f"::error {place}::{_data(chr(10).join((*record.reasons, record.replay)))}"


def write_job_summary(report: Report, environment: Mapping[str, str]) -> None:
    """Append the summary of the run to the job's, if there is one.

    Raises:
        OutputError: It can't be written.
    """
    path = environment.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(render_markdown(report) + "\n")
    except OSError as error:
        raise OutputError(f"{path}: can't be written: {error.strerror or error}") from None


def _line(record: Record) -> int:
    """Return the line of the first expectation that was broken, or 1."""
    return next((broken.line for broken in record.broken if broken.line is not None), 1)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
