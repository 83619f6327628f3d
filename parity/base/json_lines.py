"""Files of JSON lines: with a header, records and a footer, or with records only."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError

from parity.base.files import Lines, replacing, write_whole, writing
from parity.base.model import Model, canonical_json, first_error, frozen
from parity.base.problems import OutputError, UsageError, writing_problem
from parity.base.strict_json import parse_json
from parity.base.terminal_text import shortened

ReportT = TypeVar("ReportT", bound=Model)
RecordT = TypeVar("RecordT")


class JsonLinesWriter:
    """Writer of a report line by line, so that an interrupted run leaves its results.

    The file replaces an old one once its header is written. If nothing can be written, the
    old file stays.

    Args:
        path: The file.
        header: Its first line.
        made_from_it: Files that were made from the old file, which are removed before it.

    Raises:
        UsageError: The path can't be a file.
        OutputError: The file can't be written on this machine.
    """

    def __init__(self, path: Path, header: Model, made_from_it: Iterable[Path] = ()) -> None:
        self.path: Final = path
        with replacing(path) as temporary:
            self._file = temporary.open("w", encoding="utf-8", newline="\n")
            try:
                self.add(header)
                for made in made_from_it:
                    with writing(made):
                        made.unlink(missing_ok=True)
            except BaseException:  # The caller gets no writer that it could close.
                self.close()
                raise

    def add(self, part: Model) -> None:
        """Write one part, and flush it.

        Raises:
            OutputError: It can't be written; the file is closed.
        """
        line = canonical_json(part.model_dump(mode="json")) + "\n"
        try:
            self._file.write(line)
            self._file.flush()
        except OSError as error:
            self.close()
            raise writing_problem(self.path, error) from None

    def finish(self, footer: Model) -> None:
        """Write the footer, which completes the file.

        Raises:
            OutputError: It can't be written, or the file was removed or replaced meanwhile.
        """
        self.add(footer)
        with writing(self.path), self._file:
            os.fsync(self._file.fileno())
            links = os.fstat(self._file.fileno()).st_nlink
        if links == 0:
            raise OutputError(f"{self.path}: was removed or replaced during the run; run it again")

    def close(self) -> None:
        """Close the file; without a footer it counts as truncated."""
        with contextlib.suppress(OSError):  # The failed write was reported already.
            self._file.close()


class TruncatedError(UsageError):
    """A file has no footer."""


def read_whole(
    path: Path, kind: type[ReportT], version: int, name_of: Callable[[Any], str]
) -> ReportT:
    """Read a whole file into a model with ``header``, ``records`` and ``footer``.

    Args:
        path: The file.
        kind: The model; its header has the ``format``.
        version: The only supported version of the format.
        name_of: Returns the unique name of a record.

    Raises:
        UsageError: The file can't be read, is truncated, has another version, parts out of
            place or a record twice; the message has the line.
    """
    reader = _ReportReader(kind, version, name_of)
    _read_into(reader, path)
    if reader.footer is None:
        raise TruncatedError(f"{path}: truncated, it has no footer; expected a run that ended")
    parts = {"header": reader.header, "records": tuple(reader.records), "footer": reader.footer}
    return kind.model_validate(parts)


def read_begun(
    path: Path, kind: type[Model], version: int, name_of: Callable[[Any], str]
) -> tuple[Any, tuple[Any, ...]]:
    """Return the header and the records of a file without a footer; arguments as ``read_whole``.

    A last line that was cut off while it was written is left out.

    Raises:
        UsageError: Anything else is wrong with the file, or it has no header.
    """
    reader = _ReportReader(kind, version, name_of)
    _read_into(reader, path)
    if reader.header is None:
        raise UsageError(f"{path}: it is empty; expected a run that began")
    return reader.header, tuple(reader.records)


def _read_into(reader: _ReportReader, path: Path) -> None:
    """Read all lines but a last one that was cut off while it was written."""
    lines = Lines(path)
    try:
        for line in lines:
            reader.add(lines.number, parse_json(line))
    except ValueError as error:  # ValidationError is one.
        if lines.cut_off and reader.header is not None and reader.footer is None:
            return
        if isinstance(error, ValidationError):
            said = first_error(error)
            raise UsageError(f"{lines.place}: no report of this version: {said}") from None
        raise UsageError(f"{lines.place}: no report: {error}") from None


class _ReportReader:
    """The parts of a file, each checked when it is added, so that an invalid file stays small."""

    def __init__(self, kind: type[Model], version: int, name_of: Callable[[Any], str]) -> None:
        self._version = version
        self._name_of = name_of
        types = get_type_hints(kind, include_extras=True)
        self._header: TypeAdapter[Any] = TypeAdapter(types["header"])
        self._record: TypeAdapter[Any] = TypeAdapter(get_args(types["records"])[0])
        self._footer: TypeAdapter[Any] = TypeAdapter(types["footer"])
        self._lines: dict[str, int] = {}
        self.header: object = None
        self.records: list[object] = []
        self.footer: object = None

    def add(self, number: int, part: object) -> None:
        """Add the value of the next line.

        Raises:
            ValueError: The value isn't valid at this place.
        """
        role = part.get("kind") if isinstance(part, dict) else None
        if self.footer is not None:
            raise ValueError("found a line after the footer")
        if (role == "header") is not (number == 1):
            raise ValueError("found no header" if number == 1 else "found a second header")
        if isinstance(part, dict) and role == "header":
            if part.get("format") != self._version:
                found = f"format {shortened(str(part.get('format')))}"
                raise ValueError(f"another version's report: {found}, expected {self._version}")
            self.header = self._header.validate_python(frozen(part))
        elif role == "footer":
            self.footer = self._footer.validate_python(frozen(part))
        else:
            self._add_record(number, self._record.validate_python(frozen(part)))

    def _add_record(self, number: int, record: object) -> None:
        name = self._name_of(record)
        earlier = self._lines.setdefault(name, number)
        if earlier != number:
            raise ValueError(f"{shortened(name)} has a record in line {earlier} already")
        self.records.append(record)


def check_totals(path: Path, footer: Model, counted: Model, keys: Iterable[str]) -> None:
    """Check the totals of a footer against the totals of the records.

    Raises:
        UsageError: They differ.
    """
    for key in keys:
        found, expected = getattr(footer, key), getattr(counted, key)
        if found != expected:
            raise UsageError(
                f"{path}: footer: {key}: expected {canonical_json(expected)} as its records "
                f"have it, got {shortened(canonical_json(found), 400)}"
            )


def read_records(path: Path, kind: TypeAdapter[RecordT], what: str) -> Iterator[RecordT]:
    """Yield the records of earlier runs, one a line; none if there is no file.

    ``what`` describes a record, such as ``result of killmatrix``.

    Raises:
        UsageError: The file isn't such a file.
    """
    if not os.path.lexists(path):
        return
    lines = Lines(path)
    try:
        for line in lines:
            yield kind.validate_python(frozen(parse_json(line)))
    except ValueError as error:
        said = first_error(error) if isinstance(error, ValidationError) else error
        raise UsageError(f"{lines.place}: no {what}: {said}; choose another --out") from None


def write_records(path: Path, records: Iterable[Model]) -> None:
    """Write all records, one a line, or nothing.

    Raises:
        UsageError: The path can't be a file.
        OutputError: The file can't be written on this machine.
    """
    lines = (canonical_json(record.model_dump(mode="json")) + "\n" for record in records)
    write_whole(path, "".join(lines))
