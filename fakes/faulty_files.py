"""TensorFlow's file system, with operations that fail: what writes whole files can be torn."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import tensorflow as tf
from tensorflow.python.lib.io import file_io

from fakes.errors import named_error
from fakes.faults import FaultLedger

Operation = Literal["read", "write", "rename", "delete"]


@dataclass
class FileFault:
    """The error of an operation on the files of one name, and how often it is raised."""

    operation: Operation
    file: str
    error: str
    message: str
    skips: int
    times: int | None
    """The number of operations that still fail; None: every one."""
    place: str


class FaultyFiles:
    """The files of one folder, in which operations fail as faults say.

    It is below ``tf.io.gfile`` and everything of TensorFlow's that is written in Python, such as
    the saver's state file; what TensorFlow's kernels write doesn't pass here. A file is known by
    its name, or by that of a temporary file, which begins with it and a dot.

    Only the lane that has the turn may use it.

    Args:
        folder: The folder. What lies elsewhere never fails.
        ledger: Records which faults were triggered.
        failed: Called before an error is raised.
    """

    def __init__(
        self, folder: Path, ledger: FaultLedger, failed: Callable[[Operation, str], None]
    ) -> None:
        self._folder = folder
        self._ledger = ledger
        self._failed = failed
        self._faults: list[FileFault] = []

    def fail(self, fault: FileFault) -> None:
        """Add a fault; an earlier one of the same operation and file ends."""
        same = (fault.operation, fault.file)
        self._faults = [each for each in self._faults if (each.operation, each.file) != same]
        self._faults.append(fault)

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Be what TensorFlow's files go through."""
        real: Final = file_io._pywrap_file_io
        file_io._pywrap_file_io = _Calls(real, self)
        try:
            yield
        finally:
            file_io._pywrap_file_io = real

    def error_of(self, operation: Operation, path: str | bytes) -> BaseException | None:
        """Return the error of an operation that is about to be done, or None; it counts it."""
        at = Path(tf.compat.as_str_any(path))
        if self._folder not in at.parents:
            return None
        for fault in self._faults:
            if fault.operation == operation and _is(at.name, fault.file):
                return self._strike(fault)
        return None

    def _strike(self, fault: FileFault) -> BaseException | None:
        if fault.skips:
            fault.skips -= 1
            return None
        if fault.times is not None:
            if not fault.times:
                return None
            fault.times -= 1
        self._ledger.mark_triggered(fault.place)
        self._failed(fault.operation, fault.file)
        return named_error(fault.error, fault.message)


def _is(name: str, file: str) -> bool:
    return name == file or name.startswith(f"{file}.")


class _Calls:
    """The functions of TensorFlow that Python's files are made of."""

    def __init__(self, real: Any, files: FaultyFiles) -> None:
        self._real = real
        self._files = files

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def BufferedInputStream(self, path: str, *rest: Any) -> Any:  # noqa: N802 - TensorFlow's name
        self._check("read", path)
        return self._real.BufferedInputStream(path, *rest)

    def WritableFile(self, path: bytes, mode: bytes) -> Any:  # noqa: N802 - TensorFlow's name
        return _Writable(self._real.WritableFile(path, mode), path, self._files)

    def RenameFile(self, source: bytes, target: bytes, *rest: Any) -> None:  # noqa: N802
        self._check("rename", target)
        self._real.RenameFile(source, target, *rest)

    def DeleteFile(self, path: bytes) -> None:  # noqa: N802 - TensorFlow's name
        self._check("delete", path)
        self._real.DeleteFile(path)

    def _check(self, operation: Operation, path: str | bytes) -> None:
        error = self._files.error_of(operation, path)
        if error is not None:
            raise error


class _Writable:
    """An open file, which may take the first half of what it is to be given."""

    def __init__(self, real: Any, path: bytes, files: FaultyFiles) -> None:
        self._real = real
        self._path = path
        self._files = files

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def append(self, content: bytes) -> None:
        error = self._files.error_of("write", self._path)
        if error is None:
            self._real.append(content)
            return
        self._real.append(content[: len(content) // 2])
        self._real.flush()
        raise error
