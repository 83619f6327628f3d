"""``monolith-controller`` with TLS and tokens, against a real session's controller."""

from __future__ import annotations

import json

import pytest

from monolith_hooks import ServerAccess
from parity.interop.credentials import make_credentials
from tests.monolith_hooks.test_controller_cli import run

__all__ = ["run"]


@pytest.fixture
def files(tmp_path):
    make_credentials(tmp_path / "files")
    return tmp_path / "files"


@pytest.fixture
def access(files):
    return ServerAccess(
        certificate=str(files / "server.pem"),
        private_key=str(files / "server.key"),
        token_file=str(files / "tokens"),
    )


def test_an_operator_stops_and_resumes(run, files):
    means = ["--ca", str(files / "ca.pem"), "--token-file", str(files / "operator.token")]
    assert run("stop", *means).exit_code == 0
    assert run("status", *means).stdout.startswith("step 1, stopping;")
    assert run("resume", *means).stdout == "resumed\n"


def test_a_reader_may_look_and_is_told_who_may_act(run, files):
    means = ["--ca", str(files / "ca.pem"), "--token-file", str(files / "reader.token")]
    assert run("status", *means).exit_code == 0
    done = run("stop", *means)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("grafana is a reader: StopTraining is for operators.\nCheck --to")
    document = json.loads(run("stop", "--json", *means).stdout)
    assert (document["code"], document["exit_code"]) == ("PERMISSION_DENIED", 1)
    assert run.barrier.is_barrier_removed(run.raw)


def test_without_a_token_or_without_tls_nobody_acts(run, files):
    assert run("stop", "--ca", str(files / "ca.pem")).exit_code == 1
    assert run("stop").exit_code == 3
    other = run("stop", "--ca", str(files / "other-ca.pem"))
    assert other.exit_code == 3
    assert "--ca, --cert, --key" in other.stderr
    assert run.barrier.is_barrier_removed(run.raw)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--cert", "x"], "certificate and private key together"),
        (["--server-name", "x"], "server_name needs ca"),
        (["--token-file", "{files}/open.token"], "is open to others (mode 0644)"),
        (["--ca", "{files}/tokens"], "isn't a PEM file"),
    ],
)
def test_what_cannot_be_used_is_wrong_usage(run, files, words, said):
    done = run("status", *(word.format(files=files) for word in words))
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.replace("\u2502", " ").split())
