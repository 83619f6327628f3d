"""Files of JSON lines: with a header, records and a footer, or of records alone."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from parity.model import Model, canonical_json, frozen
from parity.problems import OutputError, UsageError, writing_problem
from parity.whole_files import replacing, write_whole, writing

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


def read_whole(path: Path, kind: type[Whole]) -> Whole:
    """Read a whole file into a model with ``header``, ``records`` and ``footer``.

    Raises:
      UsageError: it is truncated, or no such file.
    """
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UsageError(f"{path}: no report: {error}; a whole one would be right") from None
    last = lines[-1] if lines else None
    if not (isinstance(last, dict) and last.get("kind") == "footer"):
        raise UsageError(f"{path}: truncated, it has no footer; a run that ended would be right")
    try:
        return kind.model_validate(
            frozen({"header": lines[0], "records": lines[1:-1], "footer": last})
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"{path}: {where}: {first['msg']}; another version's report?") from None


def read_records(path: Path, kind: TypeAdapter[Record], what: str) -> Iterator[Record]:
    """What earlier runs wrote, a record a line; nothing if there was none.

    ``what`` says what a record is, such as ``result of killmatrix``.

    Raises:
      UsageError: it is no such file.
    """
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    for number, line in enumerate(lines, start=1):
        try:
            yield kind.validate_python(frozen(json.loads(line)))
        except (json.JSONDecodeError, ValidationError):
            raise UsageError(f"{path}:{number}: no {what}; another --out would be right") from None


def write_records(path: Path, records: Iterable[Model]) -> None:
    """Write all, a record a line, whole or not at all.

    Raises:
      UsageError: the path can't be a file.
      OutputError: it can't be written here.
    """
    lines = (canonical_json(record.model_dump(mode="json")) + "\n" for record in records)
    write_whole(path, "".join(lines))
