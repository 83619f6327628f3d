"""A folder of what was computed once and is a pure function of its key.

An entry is a file named after the digest of its key. It says its key and the digest of its
content, so one that was truncated, altered or swapped with another is found and counts as
missing. Entries are written under another name and renamed, so several processes can share a
folder; none is synced, as a lost entry costs no more than its computation.

A cache is never in the way: what can't be read is missing, what can't be written isn't kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import threading
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from parity.base import project
from parity.base.model import canonical_json

ENVIRONMENT: Final = "PARITY_CACHE"
"""The environment variable with the folder; if it is empty nothing is cached."""
LARGEST: Final = 256 * 2**20
"""Bytes that a cache may have; the entries that weren't used for longest go first."""

_SUFFIX: Final = ".tmp"

Key = Mapping[str, str | int | None]


class ContentCache:
    """The entries of one folder. It may be used by several threads and processes.

    Args:
        folder: Where they are; it is made when the first is written.
        largest: Bytes that all of them may have, and somewhat more: a process looks at the size
            of the folder whenever it has written an eighth of them.
        unseen: Bytes of that eighth that count as written already; by default a random part, so
            that many processes which write little look as often as one that writes as much.
    """

    def __init__(self, folder: Path, largest: int = LARGEST, unseen: int | None = None) -> None:
        self.folder = folder
        self._largest = largest
        self._lock = threading.Lock()
        self._unseen = secrets.randbelow(largest // 8) if unseen is None else unseen

    def get(self, key: Key) -> str | None:
        """Return the content of this key, or None if there is none that is whole."""
        path, name = self._path(key)
        try:
            head, _, content = path.read_bytes().partition(b"\n")
            if json.loads(head) != {"key": name, "content": _digest(content)}:
                return None
            os.utime(path)
            return content.decode()
        except (OSError, ValueError):
            return None

    def has(self, key: Key) -> bool:
        """Return whether there is an entry of this key, whole or not."""
        return self._path(key)[0].exists()

    def put(self, key: Key, content: str) -> None:
        """Keep the content of this key, whole or not at all."""
        path, name = self._path(key)
        data = content.encode()
        head = canonical_json({"key": name, "content": _digest(data)}).encode()
        temporary = path.with_name(f".{secrets.token_hex(8)}{_SUFFIX}")
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                temporary.write_bytes(head + b"\n" + data)
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)
            if self._should_look(len(data)):
                self.prune()

    def prune(self) -> None:
        """Remove what wasn't used for longest, down to half of the bound, if it is exceeded."""
        entries = []
        for folder in _inside(self.folder):
            for entry in _inside(folder):
                with contextlib.suppress(OSError):  # Another process may prune as well.
                    found = entry.stat()
                    entries.append((found.st_mtime, found.st_size, entry.path))
        size = sum(each for _, each, _ in entries)
        if size <= self._largest:
            return
        for _, each, path in sorted(entries):
            if size <= self._largest // 2:
                return
            with contextlib.suppress(OSError):
                os.unlink(path)
            size -= each

    def _should_look(self, written: int) -> bool:
        with self._lock:
            self._unseen += written
            if self._unseen < self._largest // 8:
                return False
            self._unseen = 0
            return True

    def _path(self, key: Key) -> tuple[Path, str]:
        name = _digest(canonical_json(dict(key)).encode())
        return self.folder / name[:2] / name[2:], name


def opened() -> ContentCache | None:
    """Return the cache of this process, or None if nothing is to be cached."""
    where = os.environ.get(ENVIRONMENT)
    if where is None:
        return _at(_usual_folder())
    return _at(Path(where)) if where else None


def disable() -> None:
    """Have this process, and those that it starts, cache nothing."""
    os.environ[ENVIRONMENT] = ""


@lru_cache
def _at(folder: Path) -> ContentCache:
    return ContentCache(folder)


def _usual_folder() -> Path:
    if project.SOURCES is not None:
        return project.SOURCES / ".parity-cache"
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(home) / "monolith-parity"


@lru_cache
def source_digest(*folders: Path) -> str:
    """Return a digest of the Python modules below these folders; they are read once."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(folder)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _inside(folder: str | os.PathLike[str]) -> Iterator[os.DirEntry[str]]:
    """Yield what is in a folder; nothing if it can't be read."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        yield from entries
