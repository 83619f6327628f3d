"""Credentials of the controller and its clients: tokens, PEM files, and who may read them."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")
_TOKEN: Final = re.compile(r"[!-~]{16,256}")
_FOR_OTHERS: Final = 0o077


class AccessError(ValueError):
    """An option or a file of access that can't be used; no message has a token in it."""


class Role(StrEnum):
    """What the holder of a token may do: look, or act too."""

    READER = "reader"
    OPERATOR = "operator"


@dataclass(frozen=True)
class Holder:
    """The holder of a token."""

    name: str
    role: Role


class TokenTable:
    """The tokens that a server takes, as SHA-256 digests.

    Args:
        path: A file of lines, each a name, a role and a token: docs/production.md.

    Raises:
        AccessError: The file can't be read, others can read it, or a line is wrong.
    """

    def __init__(self, path: str) -> None:
        self._digests: list[tuple[bytes, Holder]] = []
        for number, line in enumerate(read_private(path).splitlines(), start=1):
            words = line.split()
            if words and not words[0].startswith("#"):
                try:
                    self._add(words)
                except AccessError as error:
                    raise AccessError(f"{path}:{number}: {error}") from None
        if not self._digests:
            raise AccessError(f"{path} has no token; expected lines: NAME ROLE TOKEN")

    def holder(self, token: str) -> Holder | None:
        """Return the holder of this token; how long that takes doesn't depend on the tokens."""
        digest = _digest(token)
        found = None
        for known, holder in self._digests:
            if hmac.compare_digest(known, digest):
                found = holder
        return found

    def _add(self, words: Sequence[str]) -> None:
        if len(words) != 3:
            raise AccessError(f"expected three words, NAME ROLE TOKEN, got {len(words)}")
        name, role, token = words
        if not _NAME.fullmatch(name):
            raise AccessError("expected a name of letters, digits, '.', '_' and '-'")
        if role not in [*Role]:
            raise AccessError(f"expected the role {' or '.join(Role)} as the second word")
        check_token(token)
        digest = _digest(token)
        for known, holder in self._digests:
            if holder.name == name:
                raise AccessError(f"{name} is there twice")
            if known == digest:
                raise AccessError(f"{name} and {holder.name} have the same token")
        self._digests.append((digest, Holder(name, Role(role))))


def read_token(path: str) -> str:
    """Return the token of a client's file, which holds nothing else.

    Raises:
        AccessError: The file can't be read, others can read it, or it isn't one token.
    """
    words = read_private(path).split()
    if len(words) != 1:
        raise AccessError(f"{path}: expected one token, got {len(words)} words")
    try:
        check_token(words[0])
    except AccessError as error:
        raise AccessError(f"{path}: {error}") from None
    return words[0]


def check_token(token: str) -> None:
    """Raise AccessError if this text can't be a token."""
    if not _TOKEN.fullmatch(token):
        raise AccessError(
            "expected a token of 16 to 256 printable ASCII characters without white space, "
            f"got {len(token)} characters"
        )


def read_private(path: str) -> str:
    """Return the text of a file that only its owner, this process's user, can read.

    Raises:
        AccessError: It can't be read, isn't such a file, or isn't ASCII.
    """
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            for wrong in _not_private(os.fstat(file.fileno())):
                raise AccessError(f"{path} {wrong}")
            return file.read().decode("ascii")
    except OSError as error:
        raise AccessError(f"{path} can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise AccessError(f"{path} isn't ASCII, from byte {error.start} on") from None


def read_pem(path: str) -> bytes:
    """Return the bytes of a PEM file.

    Raises:
        AccessError: It can't be read, or isn't PEM.
    """
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise AccessError(f"{path} can't be read: {error.strerror}") from None
    if b"-----BEGIN " not in content:
        raise AccessError(f"{path} isn't a PEM file")
    return content


def _without_waiting(path: str, flags: int) -> int:
    """Open a file; of a pipe, without waiting for its writer."""
    return os.open(path, flags | os.O_NONBLOCK)


def _not_private(status: os.stat_result) -> Iterator[str]:
    mode = stat.S_IMODE(status.st_mode)
    if not stat.S_ISREG(status.st_mode):
        yield "isn't a regular file"
    if status.st_uid != os.geteuid():
        yield f"belongs to the user {status.st_uid}; expected {os.geteuid()}, who runs this"
    if mode & _FOR_OTHERS:
        yield f"is open to others (mode {mode:04o}); expected mode 0600"


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
