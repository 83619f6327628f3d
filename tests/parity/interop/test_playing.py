"""Cases played between peers of memory: what is equal, what isn't, and who failed."""

from __future__ import annotations

import socket

import pytest

from parity.interop import playing
from parity.interop.cases.steps import (
    Address,
    AddressFileIs,
    Arrive,
    Ask,
    AskPatiently,
    BarrierIs,
    FilesAre,
    Group,
    InteropCase,
    MessageCase,
    StopServing,
    Want,
)
from parity.interop.peers.peer import PeerError
from parity.interop.playing import PeerPair, play_group, play_message
from parity.spec.interop import Called, InteropServer
from tests.parity.interop.acting import ActingPeer

STOP = "/Controller/StopTraining"
ACTION = MessageCase(
    method="monolith.ControllerHooksProto",
    name="TRIGGER_SAVE",
    hex="0801",
    fields={"action": 1},
    text="action: TRIGGER_SAVE",
)


def play(*steps, client=None, server=None):
    case = InteropCase(method="StopTraining", name="x", covers=("B25a",), steps=steps)
    pair = PeerPair(client or ActingPeer("one"), server or ActingPeer("other"))
    (cell,) = play_group(pair, Group(server=InteropServer(), cases=(case,)))
    return cell


def test_a_case_whose_steps_give_what_they_should_agrees():
    cell = play(Ask(method=STOP, want=Want(response_hex="")), FilesAre(names=()), StopServing())
    assert (cell.client, cell.server) == ("one", "other")
    assert (cell.method, cell.case, cell.covers) == ("StopTraining", "x", ("B25a",))
    assert (cell.verdict, cell.reasons) == ("agree", ())


@pytest.mark.parametrize(
    ("got", "reason"),
    [
        ({"code": "ABORTED", "details": "late"}, "code: expected 'NOT_FOUND', got 'ABORTED'"),
        ({"code": "NOT_FOUND", "details": "Late"}, "details: expected 'late', got 'Late'"),
        ({"error": "NotFoundError"}, "error of the client: expected None, got 'NotFoundError'"),
        (
            {"code": "NOT_FOUND", "details": "late", "response_hex": ""},
            "response: expected None, got ''",
        ),
    ],
)
def test_another_code_other_details_and_another_response_differ(got, reason):
    client = ActingPeer(answers={STOP: Called(**got)})
    cell = play(Ask(method=STOP, want=Want(code="NOT_FOUND", details="late")), client=client)
    assert cell.verdict == "differs"
    assert f"step 1, {STOP}: {reason}" in cell.reasons


def test_details_that_are_the_librarys_own_are_not_compared():
    client = ActingPeer(answers={STOP: Called(code="UNAVAILABLE", details="connection refused")})
    assert play(Ask(method=STOP, want=Want(code="UNAVAILABLE")), client=client).verdict == "agree"


def test_the_message_of_a_client_that_finds_no_address_must_contain_what_is_wanted():
    client = ActingPeer(answers={STOP: Called(error="NotFoundError", details="/m/addr.txt; none")})
    want = Want(code=None, error="NotFoundError", details="addr.txt")
    assert play(Ask(method=STOP, want=want), client=client).verdict == "agree"
    elsewhere = want.model_copy(update={"details": "other.txt"})
    assert play(Ask(method=STOP, want=elsewhere), client=client).verdict == "differs"


def test_a_peer_that_fails_fails_the_case_and_the_server_is_stopped():
    client, server = ActingPeer(answers={STOP: PeerError("it crashed")}), ActingPeer()
    cell = play(Ask(method=STOP, want=Want()), client=client, server=server)
    assert (cell.verdict, cell.reasons) == ("failed", ("step 1: it crashed",))
    assert not server.is_serving


def test_the_first_step_that_goes_wrong_ends_a_case_but_not_its_group():
    client = ActingPeer()
    case = InteropCase(
        method="x",
        name="x",
        covers=(),
        steps=(FilesAre(names=("checkpoint",)), Ask(method=STOP, want=Want())),
    )
    group = Group(server=InteropServer(), cases=(case, case))
    cells = list(play_group(PeerPair(client, ActingPeer()), group))
    assert [cell.verdict for cell in cells] == ["differs", "differs"]
    assert client.asked == []


def test_the_address_file_is_written_as_the_step_says():
    client = ActingPeer()
    ask = Ask(method=STOP, want=Want(response_hex=""))
    play(
        *(Address(content=b"{addr}\n"), ask),
        *(Address(content=b"[::1]:{port}"), ask),
        *(Address(content=None), ask),
        client=client,
    )
    assert client.found == [b"127.0.0.1:4711\n", b"[::1]:4711", None]


def test_a_silent_listener_accepts_and_says_nothing():
    class Connecting(ActingPeer):
        def call(self, model_dir, method, request_hex, deadline_ms, access=None):
            host, port = (model_dir / "controller_server_addr.txt").read_text().split(":")
            with socket.create_connection((host, int(port)), timeout=5):
                return super().call(model_dir, method, request_hex, deadline_ms)

    ask = Ask(method=STOP, want=Want(response_hex=""))
    assert play(Address(content=b"{silent}"), ask, client=Connecting()).verdict == "agree"


def test_a_patient_callers_answer_is_compared_with_what_is_wanted(monkeypatch):
    told = []
    exceeded = Called(code="DEADLINE_EXCEEDED", details="late")
    monkeypatch.setattr(playing, "ask_patiently", lambda *call: told.append(call) or exceeded)
    want = Want(code="DEADLINE_EXCEEDED", details="late")
    step = AskPatiently(method=STOP, want=want, timeout="9n")
    assert play(step).verdict == "agree"
    assert told == [("127.0.0.1:4711", STOP, "9n")]
    cancelled = step.model_copy(update={"want": Want(code="CANCELLED")})
    assert play(cancelled).verdict == "differs"


@pytest.mark.parametrize("address", ["127.0.0.1:4711\n", "::1:4711", "127.0.0.1:0", "127.0.0.1"])
def test_an_address_file_with_other_bytes_differs(address):
    server = ActingPeer(address=address)
    cell = play(AddressFileIs(content="127.0.0.1:{port}"), server=server)
    assert cell.verdict == "differs"
    assert "bytes of the address file" in cell.reasons[0]


def test_an_address_file_with_another_mode_differs():
    cell = play(AddressFileIs(content="127.0.0.1:{port}", mode=0o600))
    assert cell.reasons == ("step 1, mode of the address file: expected '0o600', got '0o644'",)


def test_what_a_server_can_not_look_at_is_skipped():
    cell = play(BarrierIs(removed=True, none_blocked=True, unblocked=(0, 1, 2), refused=(0, 3)))
    assert (cell.verdict, cell.reasons) == ("skipped", ("other doesn't look",))


def test_workers_arrive_at_the_servers_barrier():
    server = ActingPeer()
    play(Arrive(workers=(1, 3)), server=server)
    assert server.asked == [(1, 3)]


@pytest.mark.parametrize(
    ("what", "value", "reason"),
    [
        ("hex", "0802", "bytes written by other: expected '0801', got '0802'"),
        ("text", "action: STOP", "text of other: expected 'action: TRIGGER_SAVE'"),
        ("fields", {"action": 2}, "fields read by other: expected {'action': 1}, got"),
    ],
)
def test_what_one_writes_or_reads_otherwise_differs(what, value, reason):
    other = ActingPeer("other")
    assert play_message(PeerPair(ActingPeer("one"), other), ACTION).verdict == "agree"
    setattr(other, what, value)
    cell = play_message(PeerPair(ActingPeer("one"), other), ACTION)
    assert cell.verdict == "differs"
    assert any(each.startswith(reason) for each in cell.reasons)


def test_bytes_that_nobody_writes_are_read_by_both():
    case = ACTION.model_copy(update={"written": False, "error": "DecodeError", "fields": None})
    cell = play_message(PeerPair(ActingPeer("one"), ActingPeer("other")), case)
    assert [each.split(":")[0] for each in cell.reasons] == [
        "error of one",
        "fields read by one",
        "error of other",
        "fields read by other",
    ]
