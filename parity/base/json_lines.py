"""Files of JSON lines: with a header, records and a footer, or of records alone."""

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

Whole = TypeVar("Whole", bound=Model)
Record = TypeVar("Record")


class JsonLinesWriter:
    """Writes line by line, so that an interrupted run leaves what it has done.

    The file takes the place of an old one once its header is written: where nothing can be
    written, the old one stays.

    Args:
      path: the file.
      header: its first line.
      made_from_it: files that were made from the old one; they go before it does.

    Raises:
      UsageError: the path can't be a file.
      OutputError: it can't be written here.
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
            except BaseException:  # There is no writer that anybody could close.
                self.close()
                raise

    def add(self, part: Model) -> None:
        """Write one part, at once.

        Raises:
          OutputError: it can't be written; the file is closed.
        """
        line = canonical_json(part.model_dump(mode="json")) + "\n"
        try:
            self._file.write(line)
            self._file.flush()
        except OSError as error:
            self.close()
            raise writing_problem(self.path, error) from None

    def finish(self, footer: Model) -> None:
        """Write the footer; the file is whole.

        Raises:
          OutputError: it can't be written, or was removed or replaced meanwhile.
        """
        self.add(footer)
        with writing(self.path), self._file:
            os.fsync(self._file.fileno())
            links = os.fstat(self._file.fileno()).st_nlink
        if links == 0:
            raise OutputError(f"{self.path}: was removed or replaced meanwhile; run it again")

    def close(self) -> None:
        """Give the file back; without a footer it stays as one that is cut short."""
        with contextlib.suppress(OSError):  # What couldn't be written is known already.
            self._file.close()


def read_whole(path: Path, kind: type[Whole], version: int, name_of: Callable[[Any], str]) -> Whole:
    """Read a whole file into a model with ``header``, ``records`` and ``footer``.

    Args:
      path: where it is.
      kind: the model; its header has the ``format``.
      version: of the format, which is read alone.
      name_of: what no two records have in common.

    Raises:
      UsageError: it can't be read, is truncated, is of another version, has parts out of
        place or a record twice; with the line.
    """
    reading = _Reading(kind, version, name_of)
    lines = Lines(path)
    try:
        for line in lines:
            reading.take(lines.number, parse_json(line))
    except ValidationError as error:
        said = first_error(error)
        raise UsageError(f"{lines.place}: no report of this version: {said}") from None
    except ValueError as error:
        raise UsageError(f"{lines.place}: no report: {error}") from None
    if reading.footer is None:
        raise UsageError(f"{path}: truncated, it has no footer; a run that ended would be right")
    parts = {"header": reading.header, "records": tuple(reading.records), "footer": reading.footer}
    return kind.model_validate(parts)


class _Reading:
    """The parts of a file, each checked as it comes, so that little is held of a wrong one."""

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

    def take(self, number: int, part: object) -> None:
        """Take the value of the next line.

        Raises:
          ValueError: it isn't what comes next.
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
            self._take_record(number, self._record.validate_python(frozen(part)))

    def _take_record(self, number: int, record: object) -> None:
        name = self._name_of(record)
        earlier = self._lines.setdefault(name, number)
        if earlier != number:
            raise ValueError(f"{shortened(name)} has a record in line {earlier} already")
        self.records.append(record)


def check_totals(path: Path, footer: Model, counted: Model, keys: Iterable[str]) -> None:
    """Hold what a footer says against what its records come to.

    Raises:
      UsageError: they differ.
    """
    for key in keys:
        found, expected = getattr(footer, key), getattr(counted, key)
        if found != expected:
            raise UsageError(
                f"{path}: footer: {key}: expected {canonical_json(expected)} as its records "
                f"have it, got {shortened(canonical_json(found), 400)}"
            )


def read_records(path: Path, kind: TypeAdapter[Record], what: str) -> Iterator[Record]:
    """What earlier runs wrote, a record a line; nothing if there was none.

    ``what`` says what a record is, such as ``result of killmatrix``.

    Raises:
      UsageError: it is no such file.
    """
    if not os.path.lexists(path):
        return
    lines = Lines(path)
    try:
        for line in lines:
            yield kind.validate_python(frozen(parse_json(line)))
    except ValueError as error:
        said = first_error(error) if isinstance(error, ValidationError) else error
        raise UsageError(
            f"{lines.place}: no {what}: {said}; another --out would be right"
        ) from None


def write_records(path: Path, records: Iterable[Model]) -> None:
    """Write all, a record a line, whole or not at all.

    Raises:
      UsageError: the path can't be a file.
      OutputError: it can't be written here.
    """
    lines = (canonical_json(record.model_dump(mode="json")) + "\n" for record in records)
    write_whole(path, "".join(lines))
