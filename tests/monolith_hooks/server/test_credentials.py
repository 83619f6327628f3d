"""Tokens, and the files that they are kept in."""

from __future__ import annotations

import contextlib
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monolith_hooks.server.credentials import (
    AccessError,
    Holder,
    Role,
    TokenTable,
    read_pem,
    read_token,
)

READER, OPERATOR = "r" * 16, "o" * 256
TOKENS = f"# name role token\n\n  grafana\treader {READER}\nalice operator {OPERATOR}\n"


@pytest.fixture
def private(tmp_path):
    """Writes a file that only its owner can read."""

    def write(content, mode=0o600):
        path = tmp_path / "tokens"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(mode)
        return str(path)

    return write


def test_each_token_has_a_holder_and_no_other_text_has_one(private):
    table = TokenTable(private(TOKENS))
    assert table.holder(READER) == Holder("grafana", Role.READER)
    assert table.holder(OPERATOR) == Holder("alice", Role.OPERATOR)
    for other in ("", "r" * 15, "r" * 17, f"{READER} ", "grafana", "ä" * 16):
        assert table.holder(other) is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("alice operator", "expected three words, NAME ROLE TOKEN, got 2"),
        (f"alice operator {READER} more", "expected three words, NAME ROLE TOKEN, got 4"),
        (f"al=ice operator {READER}", "expected a name of letters, digits, '.', '_' and '-'"),
        (f"alice admin {READER}", "expected the role reader or operator as the second word"),
        (f"alice {READER} operator", "expected the role reader or operator as the second word"),
        ("alice operator short", "16 to 256 printable ASCII characters without white space, got 5"),
        (f"bob reader {READER}\nbob reader {OPERATOR}", "bob is there twice"),
        (f"bob reader {READER}\neve reader {READER}", "eve and bob have the same token"),
    ],
)
def test_a_wrong_line_is_named_without_its_token(private, line, said):
    path = private(f"# comment\n{line}\n")
    with pytest.raises(AccessError) as refused:
        TokenTable(path)
    number = 1 + len(line.splitlines())
    assert str(refused.value).startswith(f"{path}:{number}: ")
    assert said in str(refused.value)
    assert READER not in str(refused.value)


@pytest.mark.parametrize("content", ["", "# nobody\n", "\n\n"])
def test_a_file_without_tokens_lets_nobody_in_and_is_refused(private, content):
    with pytest.raises(AccessError, match="has no token; expected lines: NAME ROLE TOKEN"):
        TokenTable(private(content))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o644, 0o666])
def test_a_file_that_others_may_read_write_or_run_is_refused(private, mode):
    path = private(TOKENS, mode)
    with pytest.raises(AccessError, match=f"open to others .mode {mode:04o}.; expected mode 0600"):
        TokenTable(path)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_one_that_its_owner_alone_may_read_is_taken(private, mode):
    assert TokenTable(private(TOKENS, mode)).holder(READER)


def test_a_link_to_a_private_file_is_followed(private, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(private(TOKENS))
    assert TokenTable(str(link)).holder(READER)


def test_what_is_no_file_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(AccessError, match="isn't a regular file"):
        TokenTable(str(tmp_path / "pipe"))
    with pytest.raises(AccessError, match="can't be read: No such file"):
        TokenTable(str(tmp_path / "missing"))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give a file away")
def test_a_file_of_another_user_is_refused(private):
    path = private(TOKENS)
    os.chown(path, 65534, 65534)
    with pytest.raises(AccessError, match="belongs to the user 65534; expected 0"):
        TokenTable(path)


def test_bytes_that_are_no_text_are_refused(private):
    with pytest.raises(AccessError, match="isn't ASCII, from byte 2 on"):
        TokenTable(private(b"al\xffice operator x"))


@given(st.binary(max_size=200))
def test_whatever_is_in_the_file_is_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("tokens") / "tokens"
    path.write_bytes(content)
    path.chmod(0o600)
    for read in (TokenTable, read_token):
        with contextlib.suppress(AccessError):
            read(str(path))


def test_a_clients_file_is_one_token(private):
    assert read_token(private(f"{READER}\n")) == READER
    with pytest.raises(AccessError, match="expected one token, got 2 words"):
        read_token(private(f"{READER} {OPERATOR}"))
    with pytest.raises(AccessError, match="got 3 characters"):
        read_token(private("abc"))


def test_a_pem_file_is_read_or_refused(tmp_path):
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    assert read_pem(str(tmp_path / "ca.pem")).startswith(b"-----BEGIN")
    (tmp_path / "ca.der").write_bytes(b"\x30\x82")
    with pytest.raises(AccessError, match="isn't a PEM file"):
        read_pem(str(tmp_path / "ca.der"))
    with pytest.raises(AccessError, match="can't be read: No such file"):
        read_pem(str(tmp_path / "missing"))
