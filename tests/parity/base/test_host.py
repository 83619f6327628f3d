from __future__ import annotations

import socket

import pytest

from parity.base import host
from parity.base.problems import PortUnavailableError


@pytest.fixture(autouse=True)
def asked_anew():
    host.has.cache_clear()
    yield
    host.has.cache_clear()


def fails(error):
    def fail(*args, **options):
        raise error

    return fail


def test_each_need_is_tried_on_the_host_itself(monkeypatch):
    assert host.has("ipv4")
    assert host.has("localhost")
    assert host.has("proc")
    # What was found holds for the life of the process.
    monkeypatch.setattr(socket, "socket", fails(OSError(97, "no such family")))
    assert host.has("ipv4")


@pytest.mark.parametrize("need", ["ipv4", "ipv6"])
@pytest.mark.parametrize("function", ["socket", "create_connection"])
def test_a_loopback_that_can_not_be_bound_or_reached_is_lacking(monkeypatch, need, function):
    monkeypatch.setattr(socket, function, fails(OSError(99, "no such address")))
    assert not host.has(need)


@pytest.mark.parametrize("error", [socket.gaierror(-2, "not known"), UnicodeError("label empty")])
def test_a_name_that_does_not_resolve_is_lacking(monkeypatch, error):
    monkeypatch.setattr(socket, "getaddrinfo", fails(error))
    assert not host.has("host_name")


def test_localhost_must_be_the_ipv4_loopback_too(monkeypatch):
    found = [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 0, 0, 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: found)
    assert not host.has("localhost")
    host.has.cache_clear()
    found.append((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0)))
    assert host.has("localhost")


def test_what_is_lacking_is_said_by_name_and_sorted(monkeypatch):
    for need in ("proc", "ipv6"):
        monkeypatch.setitem(host._TRIALS, need, lambda: False)
    assert host.unmet_needs({"proc", "ipv4", "ipv6"}) == (
        "needs ipv6: this host has no IPv6 loopback",
        "needs proc: this host has no /proc",
    )


def test_every_need_has_a_trial_and_a_sentence():
    assert set(host._TRIALS) == set(host._WITHOUT) == set(host.HOST_NEEDS)


def test_tensorflow_is_not_imported_where_it_would_abort(monkeypatch):
    host.require_reference()
    host.has.cache_clear()
    monkeypatch.setitem(host._TRIALS, "proc", lambda: False)
    with pytest.raises(PortUnavailableError, match="this host has no /proc"):
        host.require_reference()
    # Elsewhere there is none, and TensorFlow needs none.
    monkeypatch.setattr("sys.platform", "darwin")
    host.require_reference()


@pytest.mark.parametrize("package", ["distributed", "dask.config"])
def test_what_many_machines_take_is_an_extra_of_its_own(package):
    assert host.missing_package(package) == (
        f"{package.partition('.')[0]} isn't installed; "
        "pip install 'monolith-hooks-parity[dask]' has it"
    )
