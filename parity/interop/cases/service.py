"""Every RPC of the controller in every state, and every sequence of three."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final, assert_never, get_args

from parity.interop.cases import wire
from parity.interop.cases.steps import (
    AddressFileIs,
    Arrive,
    Ask,
    AskAcrossTheEnd,
    AskBeside,
    AskPatiently,
    FilesAre,
    Group,
    InteropCase,
    InteropStep,
    StopServing,
    Want,
)
from parity.spec.interop import InteropServer
from parity.spec.rpcs import Method

METHODS: Final[tuple[Method, ...]] = get_args(Method)
UNKNOWN_METHOD: Final = "unknown method"
ANY_ORDER: Final = "any order of three"

_EMPTY: Final = Want(response_hex="")
_PLACED_ALREADY: Final = Want(code="ALREADY_EXISTS", details="Barrier is placed already.")
_GONE: Final = Want(code="UNAVAILABLE")
_UNDECODABLE: Final = {
    "a byte that never ends a number": "ff",
    "a string that is cut off": "0a05",
    "a wire type that there isn't": "0f",
    "the end of a group that wasn't begun": "0c",
}

_MESSAGES: Final = {
    "a short one": "no space left: 100 % of /data,\nsay 12 GiB über quota ✗",
    "a long one": "x" * 3000 + "Straße 東京 " * 100,
    "an empty one": "",
}
"""Messages of errors. The longest one, as it is sent, is less than the 8 KiB of gRPC's limit."""


def service_groups() -> list[Group]:
    """Return all cases that need a server, except those about addresses."""
    return [
        *_fresh_servers(),
        *map(_block_status, (1, 3, 5)),
        _blocked_workers(),
        _many_workers(),
        *map(_all_blocked, (100, 200)),
        _saves(),
        *map(_status, (0, 1, 2**31 - 1, 2**31, 2**53, 2**53 + 1, 2**63 - 2, 2**63 - 1)),
        _without_a_global_step(),
        _requests(),
        *map(_raising, _MESSAGES),
        *map(_panicking, _MESSAGES),
        _deadline(),
        _patient(),
        *map(_after_the_end, METHODS),
        _across_the_end(),
        _two_at_once(),
        _orders(),
    ]


def ask(method: str, want: Want = _EMPTY, request_hex: str | None = None) -> Ask:
    """Return a call of one of the controller's methods."""
    return Ask(method=f"/Controller/{method}", want=want, request_hex=request_hex)


def block_status(blocked: Sequence[int], capacity: int) -> Want:
    """Return the result OK, with these indices blocked and the others not."""
    unblocked = [index for index in range(capacity) if index not in blocked]
    return Want(response_hex=(wire.packed(1, blocked) + wire.packed(2, unblocked)).hex())


def global_step(step: int) -> Want:
    """Return the result OK with this global step; 0 isn't encoded."""
    return Want(response_hex=wire.number(1, step).hex() if step else "")


def _first_answers() -> dict[Method, tuple[str, Want]]:
    """Return the answer of each method on a fresh server, and the clause that requires it."""
    return {
        "StopTraining": ("B25a", _EMPTY),
        "ResumeTraining": ("B26b", _EMPTY),
        "GetBlockStatus": ("B27a", block_status([], 3)),
        "SaveCheckpoint": ("B30a", _EMPTY),
        "GetTrainingStatus": ("B29a", global_step(0)),
    }


def _fresh_servers() -> list[Group]:
    return [
        _group(
            InteropServer(),
            InteropCase(method=method, name="first", covers=(clause,), steps=(ask(method, want),)),
        )
        for method, (clause, want) in _first_answers().items()
    ]


def _block_status(workers: int) -> Group:
    clear, placed = block_status([], workers), block_status([0], workers)
    steps: list[InteropStep] = [
        ask("GetBlockStatus", clear),
        ask("StopTraining"),
        ask("GetBlockStatus", placed),
        ask("StopTraining", _PLACED_ALREADY),
        ask("GetBlockStatus", placed),
        ask("ResumeTraining"),
        ask("GetBlockStatus", clear),
        ask("ResumeTraining"),
        ask("GetBlockStatus", clear),
        ask("StopTraining"),
        ask("GetBlockStatus", placed),
    ]
    return _group(
        InteropServer(workers=workers),
        InteropCase(
            method="GetBlockStatus",
            name=f"stopped twice and resumed twice, workers: {workers}",
            covers=("B25b", "B26a", "B27a"),
            steps=tuple(steps),
        ),
        InteropCase(
            method="StopTraining",
            name=f"twice, workers: {workers}",
            covers=("B25b",),
            steps=(
                ask("ResumeTraining"),
                ask("StopTraining"),
                ask("StopTraining", _PLACED_ALREADY),
                ask("StopTraining", _PLACED_ALREADY),
            ),
        ),
        InteropCase(
            method="ResumeTraining",
            name=f"when nothing is placed, workers: {workers}",
            covers=("B26b",),
            steps=(ask("ResumeTraining"), ask("ResumeTraining"), ask("GetBlockStatus", clear)),
        ),
    )


def _blocked_workers() -> Group:
    steps: list[InteropStep] = [
        ask("StopTraining"),
        Arrive(workers=(1, 3, 4)),
        ask("GetBlockStatus", block_status([0, 1, 3, 4], 5)),
        ask("ResumeTraining"),
        ask("GetBlockStatus", block_status([1, 3, 4], 5)),
        ask("StopTraining"),
        ask("GetBlockStatus", block_status([0, 1, 3, 4], 5)),
    ]
    case = InteropCase(
        method="GetBlockStatus",
        name="workers 1, 3 and 4 of 5 blocked",
        covers=("B27b", "B27c"),
        steps=tuple(steps),
    )
    return _group(InteropServer(workers=5), case)


def _many_workers() -> Group:
    case = InteropCase(
        method="GetBlockStatus",
        name="indices of two bytes, ascending",
        covers=("B43b",),
        steps=(ask("StopTraining"), ask("GetBlockStatus", block_status([0], 300))),
    )
    return _group(InteropServer(workers=300), case)


def _all_blocked(workers: int) -> Group:
    everybody = range(workers)
    case = InteropCase(
        method="GetBlockStatus",
        name=f"all {workers} blocked",
        covers=("B27b",),
        steps=(
            ask("StopTraining"),
            Arrive(workers=tuple(everybody[1:])),
            ask("GetBlockStatus", block_status(everybody, workers)),
            ask("StopTraining", _PLACED_ALREADY),
            ask("ResumeTraining"),
            ask("GetBlockStatus", block_status(everybody[1:], workers)),
        ),
    )
    return _group(InteropServer(workers=workers), case)


def _saves() -> Group:
    save_and_look: tuple[InteropStep, ...] = (
        ask("SaveCheckpoint"),
        FilesAre(names=("checkpoint", "model.ckpt-7", "monolith_checkpoint")),
    )
    case = InteropCase(
        method="SaveCheckpoint",
        name="three times at one step: one checkpoint",
        covers=("B30d", "B30f"),
        steps=(
            FilesAre(names=()),
            *save_and_look * 3,
            StopServing(),
            FilesAre(names=("checkpoint", "model.ckpt-7", "monolith_checkpoint")),
        ),
    )
    return _group(InteropServer(global_step=7), case)


def _status(step: int) -> Group:
    case = InteropCase(
        method="GetTrainingStatus",
        name=f"global step {step}",
        covers=("B29a",),
        steps=(ask("GetTrainingStatus", global_step(step)),) * 2,
    )
    return _group(InteropServer(global_step=step), case)


def _without_a_global_step() -> Group:
    unknown = Want(code="UNKNOWN")
    case = InteropCase(
        method="GetTrainingStatus",
        name="a graph without a global step",
        covers=("B29b",),
        # The texts are Python's and TensorFlow's.
        steps=(
            ask("GetTrainingStatus", unknown),
            ask("SaveCheckpoint", unknown),
            ask("StopTraining"),
            ask("GetBlockStatus", block_status([0], 3)),
        ),
    )
    return _group(InteropServer(global_step=None), case)


def _requests() -> Group:
    undecodable = Want(code="INTERNAL", details="Exception deserializing request!")
    missing = Want(code="UNIMPLEMENTED", details="Method not found!")
    cases = [
        InteropCase(
            method=method,
            name=f"undecodable: {what}",
            covers=("B28c",),
            steps=(
                ask("ResumeTraining"),
                ask(method, undecodable, request_hex),
                ask("GetBlockStatus", block_status([], 3)),
            ),
        )
        for method in METHODS
        for what, request_hex in _UNDECODABLE.items()
    ]
    cases += [
        InteropCase(
            method=method,
            name=f"raw request: {what}",
            covers=("B28c",),
            steps=(ask("ResumeTraining"), ask(method, want, request_hex), ask("ResumeTraining")),
        )
        for method, (_, want) in _first_answers().items()
        for what, request_hex in {
            "empty": "",
            "unknown fields": "08071203616263a2060161",
            "an unknown group": "0b08010c",
        }.items()
    ]
    cases += [
        InteropCase(
            method=UNKNOWN_METHOD,
            name=path,
            covers=("B28d",),
            steps=(
                Ask(method=path, want=missing),
                Ask(method=path, want=missing, request_hex="ff"),
            ),
        )
        for path in (
            "/Controller/Nonsense",
            "/Controller/stoptraining",
            "/Nonsense/StopTraining",
            "/monolith.Controller/StopTraining",
        )
    ]
    return _group(InteropServer(), *cases)


def _raised(message: str) -> Want:
    return Want(code="UNKNOWN", details=f"Exception calling application: {message}")


def _raising(name: str) -> Group:
    raised = _MESSAGES[name]
    want = _raised(raised)
    return _group(
        InteropServer(save_error=raised, callback_error=raised),
        InteropCase(
            method="SaveCheckpoint",
            name=f"the saver raises, with {name}",
            covers=("B28a", "B31e"),
            steps=(ask("SaveCheckpoint", want), ask("SaveCheckpoint", want), FilesAre(names=())),
        ),
        InteropCase(
            method="StopTraining",
            name=f"a callback raises, with {name}: the barrier is placed",
            covers=("B28a", "B28b"),
            steps=(
                ask("StopTraining", want),
                ask("GetBlockStatus", block_status([0], 3)),
                ask("StopTraining", _PLACED_ALREADY),
            ),
        ),
    )


def _panicking(name: str) -> Group:
    """Return a group in which three times as many handlers panic as there are."""
    message = _MESSAGES[name]
    again: tuple[InteropStep, ...] = (
        ask("StopTraining", _raised(message)),
        ask("GetBlockStatus", block_status([0], 3)),
        ask("StopTraining", _PLACED_ALREADY),
        ask("ResumeTraining"),
    )
    case = InteropCase(
        method="StopTraining",
        name=f"a callback panics, with {name}: the server and the barrier's lock are whole",
        covers=(
            "B28a",
            "B28b",
        ),
        steps=(*again * 6, ask("SaveCheckpoint"), ask("GetTrainingStatus", global_step(0))),
    )
    return _group(InteropServer(callback_panic=message), case)


def _deadline() -> Group:
    exceeded = Want(code="DEADLINE_EXCEEDED")
    case = InteropCase(
        method="SaveCheckpoint",
        name="a deadline of 50 ms on a save of 2 s",
        covers=("B33b",),
        steps=(
            Ask(method="/Controller/SaveCheckpoint", want=exceeded, deadline_ms=50),
            ask("GetTrainingStatus", global_step(0)),
        ),
    )
    return _group(InteropServer(save_ms=2000), case)


def _patient() -> Group:
    """Return the cases in which the server enforces the deadline."""
    exceeded = Want(code="DEADLINE_EXCEEDED")
    cases = [
        InteropCase(
            method="SaveCheckpoint",
            name=f"a caller that waits longer than the {timeout} that it says",
            covers=("B33b",),
            steps=(
                AskPatiently(method="/Controller/SaveCheckpoint", want=exceeded, timeout=timeout),
            ),
        )
        for timeout in ("1n", "50m")
    ]
    return _group(InteropServer(save_ms=1000), *cases)


def _after_the_end(method: str) -> Group:
    case = InteropCase(
        method=method,
        name="after the end of the session",
        covers=("B34b", "B34g", "B35g"),
        # Without earlier calls, as an open connection may get another error.
        steps=(
            StopServing(),
            ask(method, _GONE),
            ask(method, _GONE, ""),
            AddressFileIs(content="127.0.0.1:{port}"),
        ),
    )
    return _group(InteropServer(), case)


def _across_the_end() -> Group:
    case = InteropCase(
        method="StopTraining",
        name="a callback that runs when the session ends",
        covers=("B34a", "B34d"),
        steps=(AskAcrossTheEnd(want=_EMPTY),),
    )
    # Long enough to be under way then, and to tell 20 s of grace from as many milliseconds.
    return _group(InteropServer(callback_ms=1000), case)


def _two_at_once() -> Group:
    case = InteropCase(
        method="GetTrainingStatus",
        name="sent together with a call that takes longer",
        covers=("B33a",),
        steps=(ask("GetTrainingStatus", global_step(0)), AskBeside()),
    )
    return _group(InteropServer(callback_ms=1000), case)


def _orders() -> Group:
    orders = itertools.product(METHODS, repeat=3)
    return _group(InteropServer(workers=3, global_step=5), *map(_order, orders))


def _order(order: tuple[Method, ...]) -> InteropCase:
    steps: list[InteropStep] = [ask("ResumeTraining")]
    placed = False
    for method in order:
        match method:
            case "StopTraining":
                steps.append(ask(method, _PLACED_ALREADY if placed else _EMPTY))
                placed = True
            case "ResumeTraining":
                steps.append(ask(method))
                placed = False
            case "GetBlockStatus":
                steps.append(ask(method, block_status([0] if placed else [], 3)))
            case "GetTrainingStatus":
                steps.append(ask(method, global_step(5)))
            case "SaveCheckpoint":
                steps += [
                    ask(method),
                    FilesAre(names=("checkpoint", "model.ckpt-5", "monolith_checkpoint")),
                ]
            case _:
                assert_never(method)
    return InteropCase(
        method=ANY_ORDER, name=", ".join(order), covers=("B25b", "B26a"), steps=tuple(steps)
    )


def _group(server: InteropServer, *cases: InteropCase) -> Group:
    return Group(server=server, cases=cases)
