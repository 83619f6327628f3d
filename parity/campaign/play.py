"""The play of a plan: operators and faults beside a job that trains, and what comes of it."""

from __future__ import annotations

import socket
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

import grpc

from monolith_hooks.server import service_pb2, service_pb2_grpc
from monolith_hooks.server.addresses import split_addr
from monolith_hooks.server.channels import open_channel
from parity.campaign.history import (
    Aftermath,
    History,
    HistoryRecorder,
    MadeCall,
    MadeFault,
    Outcome,
)
from parity.campaign.links import Links
from parity.campaign.plan import (
    POLL,
    POLL_DEADLINE,
    PROCESSES,
    PS,
    Call,
    Plan,
    PlannedCall,
    PlannedFault,
)
from parity.campaign.promises import WATCH_BOUND
from parity.campaign.training import Training
from parity.players.cluster.processes import (
    ProcessLostError,
    RoleTimeoutError,
    Zygote,
    has_ended,
)

_CALL_SECONDS: Final = 3.0
_BOUND_SECONDS: Final = 30.0
"""In which a job goes on after whatever was killed is there again (docs/cluster.md)."""
_LOOK_SECONDS: Final = 0.02
_NEVER_SENT: Final = "failed to connect"


def play(plan: Plan, zygote: Zygote) -> History:
    """Play a plan on a job of its own, and return its history."""
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        with Links() as links:
            training = Training(zygote, Path(folder), plan.setup, links)
            with training:
                operators = [_Operator(name, training) for name in plan.calls]
                _run(
                    *(partial(each.make, plan.calls[each.name]) for each in operators),
                    *(partial(_hurt, training, fault) for fault in plan.faults),
                )
                mended = training.recorder.now()
                resumed = operators[0].resume_all(mended)
                stuck = _stuck(training.recorder, resumed)
                saved = training.restorable_step()
                watched = _is_watched(training, _watchable(plan))
                ended = training.recorder.now()
                pids, addresses = training.pids(), training.addresses()
        aftermath = Aftermath(
            mended=mended,
            resumed=resumed,
            ended=ended,
            stuck=stuck,
            watched=watched,
            saved=saved,
            left_behind=tuple(_left_behind(pids, addresses)),
        )
    return training.recorder.history(plan, aftermath)


def _run(*works: Callable[[], None]) -> None:
    """Do all of this at once, and raise the first error: nothing can be said of such a run."""
    with ThreadPoolExecutor(len(works)) as pool:
        begun = [pool.submit(work) for work in works]
    for each in begun:
        each.result()


def _hurt(training: Training, fault: PlannedFault) -> None:
    """Do what a fault does at its time, and mend it."""
    recorder = training.recorder
    _sleep_until(recorder, fault.at * 1000)
    began = effective = mending = recorder.now()
    try:
        training.begin(fault)
        effective = recorder.now()
        _sleep_until(recorder, effective + fault.length * 1000)
        mending = recorder.now()
        training.mend(fault)
    except (ProcessLostError, RoleTimeoutError):
        mending = effective  # Another fault has killed it, so nobody knows how long this lasted.
    recorder.add(
        MadeFault(
            fault=fault,
            began=began,
            effective=effective,
            mending=mending,
            ended=recorder.now(),
        )
    )


def _sleep_until(recorder: HistoryRecorder, micros: int) -> None:
    time.sleep(max(0, micros - recorder.now()) / 1_000_000)


class _Operator:
    def __init__(self, name: str, training: Training) -> None:
        self.name = name
        self._training = training
        self._recorder = training.recorder

    def make(self, calls: Iterable[PlannedCall]) -> None:
        """Make one call after the other."""
        for each in calls:
            time.sleep(each.after / 1000)
            self._call(each.call)

    def resume_all(self, since: int) -> int:
        """Resume until it is acknowledged; return when that was, or when it was given up."""
        while self._recorder.now() < since + _BOUND_SECONDS * 1_000_000:
            if self._call("resume").outcome == "ok":
                break
            time.sleep(_LOOK_SECONDS)
        return self._recorder.now()

    def _call(self, call: Call) -> MadeCall:
        with open_channel(self._training.controller) as channel:
            stub = service_pb2_grpc.ControllerStub(channel)  # type: ignore[no-untyped-call]  # generated
            step_before = self._step(stub) if call == "save" else None
            invoked = self._recorder.now()
            blocked, saved, said = None, None, ""
            outcome: Outcome = "ok"
            try:
                answer = _send(stub, call)
            except grpc.RpcError as error:
                outcome = _outcome(call, error)
                said = f"{error.code().name}: {error.details() or ''}".splitlines()[0]
            else:
                if call == "look":
                    blocked = tuple(answer.blocked_indices)
                if call == "save":
                    saved = self._training.newest_checkpoint()
        made = MadeCall(
            operator=self.name,
            call=call,
            invoked=invoked,
            returned=self._recorder.now(),
            outcome=outcome,
            said=said,
            blocked=blocked,
            step_before=step_before,
            saved=saved,
        )
        self._recorder.add(made)
        return made

    def _step(self, stub: service_pb2_grpc.ControllerStub) -> int | None:
        request = service_pb2.GetTrainingStatusRequest()
        try:
            return int(stub.GetTrainingStatus(request, timeout=_CALL_SECONDS).global_step)
        except grpc.RpcError:
            return None


def _send(stub: service_pb2_grpc.ControllerStub, call: Call) -> Any:
    match call:
        case "stop":
            return stub.StopTraining(service_pb2.StopTrainingRequest(), timeout=_CALL_SECONDS)
        case "resume":
            return stub.ResumeTraining(service_pb2.ResumeTrainingRequest(), timeout=_CALL_SECONDS)
        case "look":
            return stub.GetBlockStatus(service_pb2.GetBlockStatusRequest(), timeout=_CALL_SECONDS)
        case "save":
            return stub.SaveCheckpoint(service_pb2.SaveCheckpointRequest(), timeout=_CALL_SECONDS)


def _outcome(call: Call, error: grpc.RpcError) -> Outcome:
    code, details = error.code(), error.details() or ""
    if call == "stop" and code is grpc.StatusCode.ALREADY_EXISTS:
        return "refused"
    never_sent = code is grpc.StatusCode.UNAVAILABLE and _NEVER_SENT in details
    return "failed" if call == "look" or never_sent else "unknown"


def _stuck(recorder: HistoryRecorder, since: int) -> tuple[str, ...]:
    """Return who takes no step within the bound."""
    trainers = {name: _worker(name) for name in PROCESSES if not name.startswith("ps")}
    until = since + _BOUND_SECONDS * 1_000_000
    while True:
        going = {step.worker for step in list(recorder.steps) if step.at > since}
        stuck = tuple(name for name, worker in trainers.items() if worker not in going)
        if not stuck or recorder.now() > until:
            return stuck
        time.sleep(_LOOK_SECONDS)


def _watchable(plan: Plan) -> int:
    """Return a PS that the chief's session still knows at the end.

    One that was killed isn't watched until the session is created anew, and here only the loss of
    PS 0, which has the variables, makes it so (docs/campaigns.md).
    """
    drawn = plan.seed % PS
    was_killed = any(
        fault.trouble == "kill" and fault.target == f"ps-{drawn}" for fault in plan.faults
    )
    return 0 if was_killed else drawn


def _is_watched(training: Training, ps: int) -> bool:
    """Let a PS run out of memory, after a poll that saw it healthy, and wait for its report."""
    recorder = training.recorder
    time.sleep((POLL + POLL_DEADLINE) / 1_000_000)
    fault = PlannedFault(at=0, trouble="memory", target=f"ps-{ps}", length=0)
    since = recorder.now()
    training.begin(fault)
    until = recorder.now() + WATCH_BOUND
    while recorder.now() < until:
        if any(each.at > since and ps in each.ps for each in list(recorder.happened)):
            return True
        time.sleep(_LOOK_SECONDS)
    return False


def _worker(name: str) -> int:
    return 0 if name == "chief" else int(name.removeprefix("worker-"))


def _left_behind(pids: list[int], addresses: tuple[str, ...]) -> Iterable[str]:
    for pid in pids:
        if not has_ended(pid):
            yield f"process {pid}"
    for address in addresses:
        with socket.socket() as client:
            if client.connect_ex(split_addr(address)) == 0:
                yield f"a server at {address}"
