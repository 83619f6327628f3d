"""Messages of cargo about a build: the executable, or the cause of a failure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from parity.base.project import shown

_OF_A_FOLDER: Final = "path+file://"
"""Part of the id of a package from a folder rather than a registry."""
_LACKING: Final = re.compile(
    r"linker `.*` not found|could not exec the linker|can't find crate for `(std|core)`"
    r"|not stabilized in this version of Cargo"
)
"""Errors of a toolchain that is incomplete or too old."""
_OUR_FAULT: Final = (
    r"failed to run custom build command for `[^`]* \(/",  # The folder excludes registries.
    r"failed to (parse|load|read) .*{folder}",
    r"cannot (update|create) the lock file {folder}",
    r"--> (?!/)\S*Cargo\.(toml|lock):",
    r"no bin target named",
)
"""Errors of cargo that the sources cause; ``{folder}`` is the folder of the sources."""
_PLACE: Final = re.compile(r"--> (\S+):(\d+):(\d+)")
_FOR_CARGO: Final = re.compile(r"^ *cargo:.*\n", re.MULTILINE)
"""A build script's instruction to cargo."""


class _Answer(BaseModel):
    """Base of cargo's JSON messages, which have more keys than these models."""

    model_config = ConfigDict(frozen=True)


class Span(_Answer):
    """A place in a file; lines and columns count from 1."""

    file_name: str
    line_start: int
    column_start: int
    is_primary: bool


class Diagnostic(_Answer):
    """A message of the compiler."""

    level: str
    message: str
    spans: tuple[Span, ...]
    rendered: str | None


class CargoMessage(_Answer):
    """A line of ``cargo build --message-format json``."""

    reason: str
    package_id: str = ""
    executable: str | None = None
    message: Diagnostic | None = None


def read_messages(stdout: str) -> list[CargoMessage]:
    """Return the messages among cargo's output lines."""
    lines = (line for line in stdout.split("\n") if line.startswith("{"))
    return [CargoMessage.model_validate_json(line) for line in lines]


def errors_in(folder: Path, messages: Iterable[CargoMessage], stderr: str) -> str:
    """Return the errors of the sources in this folder, each with its place first.

    It is empty if the cause is another one: an incomplete toolchain, or crates that aren't
    available or don't compile.
    """
    found = [
        _placed(folder, each)
        for each in _errors(messages, of_a_folder=True)
        if not _LACKING.search(each.message)
    ]
    if found:
        return "\n\n".join(found)
    at = re.escape(str(folder))
    if _LACKING.search(stderr) or not any(
        re.search(each.replace("{folder}", at), stderr) for each in _OUR_FAULT
    ):
        return ""
    text = _FOR_CARGO.sub("", stderr).strip()
    place = _PLACE.search(text)
    return f"{shown(folder / place[1])}:{place[2]}:{place[3]}: {text}" if place else text


def reason_of(messages: Iterable[CargoMessage], stderr: str) -> str:
    """Return the first error and its deepest cause, in one line."""
    for error in _errors(messages, of_a_folder=False):
        return error.message.partition("\n")[0]
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("error: ") for line in lines if line.startswith("error")]
    reason = errors[0] if errors else "no output"
    if "Caused by:" in lines and lines[-1] != reason:
        reason = f"{reason} ({lines[-1]})"
    return reason


def _errors(messages: Iterable[CargoMessage], *, of_a_folder: bool) -> Iterator[Diagnostic]:
    for each in messages:
        error = each.message
        if error is None or not error.level.startswith("error"):
            continue
        if error.message.startswith("aborting due to"):
            continue  # A summary of the other errors.
        if _OF_A_FOLDER in each.package_id or not of_a_folder:
            yield error


def _placed(folder: Path, error: Diagnostic) -> str:
    text = (error.rendered or error.message).strip()
    for span in error.spans:
        if span.is_primary:
            path = shown(folder / span.file_name)
            return f"{path}:{span.line_start}:{span.column_start}: {text}"
    return text
