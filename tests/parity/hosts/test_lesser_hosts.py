"""The commands on hosts that lack something: what needs it is skipped by name, the rest agrees."""

from __future__ import annotations

import pytest

from tests.parity.hosts.playing import Hosts, Played
from tests.proxies import environment, listening_proxy

pytestmark = pytest.mark.slow

NEEDS_IPV4 = "needs ipv4: this host has no IPv4 loopback"
NEEDS_IPV6 = "needs ipv6: this host has no IPv6 loopback"
NEEDS_A_NAME = "needs host_name: this host doesn't resolve its own name"
AGREE = ("agree",)


def skipped(reason):
    return ("skipped", f"python skipped it: {reason}")


@pytest.fixture(scope="module")
def hosts(tmp_path_factory, rust_player):
    hosts = Hosts(tmp_path_factory.mktemp("hosts"))
    yield hosts
    hosts.close()


@pytest.mark.covers("B80b")
@pytest.mark.parametrize("host", ["without_ipv6_addresses", "without_ipv6_sockets"])
def test_without_ipv6_what_needs_it_is_skipped_by_name_and_the_rest_agrees(hosts, tmp_path, host):
    seen = Played(hosts, tmp_path, host)
    assert seen.scenarios == {"address/ipv4": AGREE, "address/ipv6": skipped(NEEDS_IPV6)}
    assert seen.cells.keys() == {"agree", "skipped"}
    assert seen.skipped == {NEEDS_IPV6}
    assert f"8 skipped: {NEEDS_IPV6}" in seen.text


@pytest.mark.covers("B80a")
def test_where_ipv6_sockets_are_ipv6_only_by_default_everything_agrees(hosts, tmp_path):
    seen = Played(hosts, tmp_path, "with_ipv6_only_sockets")
    assert seen.scenarios == {"address/ipv4": AGREE, "address/ipv6": AGREE}
    assert seen.cells.keys() == {"agree"}


def test_without_ipv4_what_needs_it_is_skipped_by_name_and_the_rest_agrees(hosts, tmp_path):
    seen = Played(hosts, tmp_path, "without_ipv4")
    assert seen.scenarios == {"address/ipv4": skipped(NEEDS_IPV4), "address/ipv6": AGREE}
    assert seen.cells.keys() == {"agree", "skipped"}
    assert NEEDS_IPV4 in seen.skipped
    assert NEEDS_IPV6 not in seen.skipped


def test_without_a_loopback_nothing_that_calls_is_played(hosts, tmp_path):
    seen = Played(hosts, tmp_path, "without_a_loopback")
    assert seen.scenarios == {
        "address/ipv4": skipped(NEEDS_IPV4),
        "address/ipv6": skipped(NEEDS_IPV6),
    }
    assert seen.cells.keys() == {"agree", "skipped"}
    assert {NEEDS_IPV4, NEEDS_IPV6} <= seen.skipped


def test_a_host_whose_name_does_not_resolve_skips_what_asks_for_its_address(hosts, tmp_path):
    seen = Played(hosts, tmp_path, "without_a_name")
    assert seen.scenarios["address/ipv4"] == AGREE
    assert NEEDS_A_NAME in seen.skipped
    assert seen.cells.keys() == {"agree", "skipped"}


@pytest.mark.nightly
def test_what_a_user_has_set_changes_nothing(hosts, tmp_path):
    with listening_proxy() as proxy:
        elsewhere = {"UMASK": "077", "TMPDIR": str(tmp_path / "gone")}
        seen = Played(hosts, tmp_path, **environment(proxy.address), **elsewhere)
    assert seen.scenarios["address/ipv4"] == AGREE
    assert seen.cells.keys() <= {"agree", "skipped"}
    assert proxy.heard == []


def test_without_a_proc_a_command_says_so_before_tensorflow_aborts(hosts, tmp_path):
    words = ("interop", "--peer", "python", "--report", str(tmp_path))
    status, text = hosts.run("command", "without_proc", *words)
    assert status == 3
    assert text == "this host has no /proc, without which TensorFlow aborts\n"
