"""The sequential model: the results that a scenario must have, by docs/behaviour.md alone.

It knows the barrier, the saver, two handlers, the health hook, the controller's hooks and the
close of a session, as far as the scenarios of ``parity.search.pairs`` need them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import Final, TypeVar, assert_never

from parity.search.pairs.barrier_model import (
    AlreadyPlacedError,
    BarrierModel,
    ClosedSessionError,
)
from parity.search.pairs.lanes import Body, Lane, Park
from parity.search.pairs.prediction import Answer, Prediction
from parity.search.pairs.saver_model import SaverModel
from parity.spec.faults import Fault, RssFault, SlowPollFault, SlowSaveFault
from parity.spec.hooks import ControllerEntry, PsHealthEntry, QueryActionEntry, Saver, SaverEntry
from parity.spec.rpcs import StatusCode
from parity.spec.scenario import Scenario
from parity.spec.steps import (
    ActionFileStep,
    AdvanceStep,
    BackgroundStep,
    ControllerOpStep,
    EndStep,
    FaultStep,
    RpcStep,
    Step,
    TimerStep,
    TrainStep,
    WorkerStep,
    WorkerTrain,
)

HANDLERS: Final = 2
"""The number of calls that are served at a time (B33)."""
POLL_INTERVAL: Final = 30_000
"""Milliseconds between two polls (B6)."""
QUERY_INTERVAL: Final = 60_000
"""Milliseconds between two looks for an action file (B47)."""
STOP_LOOKS: Final = 2_000
"""Milliseconds between two looks of ControllerHook's stop (B46)."""
STOP_PATIENCE: Final = 30_000
"""Milliseconds after which it waits no more (B46)."""

T = TypeVar("T")


def predict(scenario: Scenario) -> Prediction:
    """Return the results that the scenario must have."""
    return _Run(scenario).predict()


class _Run:
    """A run of one scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._shown = Prediction()
        self._barrier = BarrierModel(
            scenario.barrier, scenario.cluster.barrier_capacity(), self._shown
        )
        self._lanes = self._barrier.lanes
        options = _first(SaverEntry, scenario)
        self._saver = SaverModel(options.saver if options else Saver(), self._barrier, self._shown)
        self._controller = _first(ControllerEntry, scenario) is not None
        self._wants_stop = self._wants_save = False
        self._action: str | None = None
        self._out_of_memory = False
        self._poll_takes = 0
        self._inboxes: dict[int, deque[int]] = {}
        """Of each worker, how long each step takes that it was given."""
        self._free_handlers = HANDLERS
        self._serving = True
        self._query_stops = self._stops = False
        self._left = False
        self._threads: list[Lane] = []
        self._query_threads: list[Lane] = []

    def predict(self) -> Prediction:
        """Play the scenario, and return its results."""
        self._lanes.run(self._main())
        return self._shown

    # The chief

    def _main(self) -> Body:
        for fault in self._scenario.faults:
            self._inject(fault)
        if _first(PsHealthEntry, self._scenario):
            self._threads.append(self._lanes.start(self._watch_health()))
        if _first(QueryActionEntry, self._scenario):
            self._shown.threads["query_action"] = "left"  # Unless the hook's end stops it (B47).
            self._query_threads.append(self._lanes.start(self._query()))
        self._barrier.visible = True
        yield from self._lanes.settle()
        background: list[Lane] = []
        for index, step in enumerate(self._scenario.steps):
            if isinstance(step, BackgroundStep):
                background.append(self._lanes.start(self._later(step, index)))
            else:
                yield from self._do(step, index)
            yield from self._lanes.settle()
        if not self._left:
            yield from self._end()
        yield from self._lanes.wait_until(lambda: all(lane.ended for lane in background))

    def _later(self, step: BackgroundStep, index: int) -> Body:
        yield from self._lanes.sleep(step.after)
        yield from self._do(step.background, index)

    def _do(self, step: Step, index: int) -> Body:
        match step:
            case TrainStep():
                yield from self._train(step.train)
            case AdvanceStep():
                yield from self._lanes.sleep(step.advance)
            case RpcStep():
                yield from self._call(step, index)
            case WorkerStep():
                self._train_worker(step.worker)
            case EndStep():
                yield from self._end()
            case FaultStep():
                self._inject(step.fault)
            case ControllerOpStep():
                self._set_flag(step.controller_op)
            case TimerStep():
                self._saver.enabled = step.timer == "enable"
            case ActionFileStep():
                self._action = step.action_file.text
            case _:
                raise NotImplementedError(f"the model doesn't know {step!r}")

    def _train(self, steps: int) -> Body:
        for _ in range(steps):
            stop, save = self._wants_stop, self._wants_save  # B46: read along with the step.
            self._saver.global_step += 1
            step = self._saver.global_step
            try:
                if self._controller and stop:
                    yield from self._stop_for_all()
                elif self._controller and save:
                    self._wants_save = False
                    yield from self._saver.save_on_request()
                yield from self._saver.after_step()
            except AlreadyPlacedError:
                self._shown.raised = "BarrierAlreadyPlacedError"
                yield from self._leave()
                return
            self._show_step(step)

    def _stop_for_all(self) -> Body:
        """Place the barrier until all are blocked, at most for 30 s, and remove it (B46)."""
        yield from self._barrier.place("Stop")
        gives_up = self._lanes.now + STOP_PATIENCE
        while not self._barrier.all_blocked() and self._lanes.now < gives_up:
            yield from self._lanes.sleep(STOP_LOOKS)
        yield from self._barrier.remove()

    def _end(self) -> Body:
        """Close the session: the hooks' ends, in order, and then the threads (B15, B34, B39)."""
        yield from self._saver.end()
        self._serving = False
        self._query_stops = True
        yield from self._lanes.wait_until(lambda: all(each.ended for each in self._query_threads))
        yield from self._leave()

    def _leave(self) -> Body:
        self._barrier.look()
        self._barrier.visible = False
        self._stops = True
        yield from self._lanes.wait_until(lambda: all(each.ended for each in self._threads))
        self._barrier.closed = True
        self._left = True

    def _show_step(self, step: int) -> None:
        self._barrier.look()
        self._shown.global_step = max(step, self._shown.global_step or 0)
        self._shown.times.append((self._lanes.now, f"step {step}"))

    # Workers

    def _train_worker(self, given: WorkerTrain) -> None:
        if given.index not in self._inboxes:
            self._inboxes[given.index] = deque()
            self._lanes.start(self._work(given.index))
        self._inboxes[given.index].extend([given.takes] * given.train)

    def _work(self, index: int) -> Body:
        inbox = self._inboxes[index]
        while True:
            yield from self._lanes.wait_until(lambda: bool(inbox))
            takes = inbox.popleft()
            try:
                self._barrier.must_be_open()
                self._saver.global_step += 1
                step, placed = self._saver.global_step, self._barrier.placed
                if takes:
                    yield from self._lanes.sleep(takes)
                if placed:
                    yield from self._barrier.hold(index)
            except ClosedSessionError:
                return
            self._show_step(step)

    # Calls

    def _call(self, step: RpcStep, index: int) -> Body:
        begin = self._lanes.now
        answers: list[tuple[StatusCode, dict[str, object] | None]] = []

        def handle() -> Body:
            self._free_handlers -= 1
            answers.append((yield from self._handle(step)))
            self._free_handlers += 1

        if self._serving:
            handler = self._lanes.start(handle(), condition=lambda: self._free_handlers > 0)
            yield from self._lanes.wait_until(lambda: handler.ended)
        code, response = answers[0] if answers else ("UNAVAILABLE", None)
        self._barrier.look()
        self._shown.answers[index] = Answer(code, self._lanes.now - begin, response)
        self._shown.times.append((self._lanes.now, f"{step.rpc} {code}"))

    def _handle(
        self, step: RpcStep
    ) -> Generator[Park, None, tuple[StatusCode, dict[str, object] | None]]:
        try:
            match step.rpc:
                case "StopTraining":
                    yield from self._barrier.place("")
                case "ResumeTraining":
                    yield from self._barrier.remove()
                case "SaveCheckpoint":
                    yield from self._saver.save_on_request()
                case "GetBlockStatus":
                    blocked, unblocked = self._barrier.blocked, self._barrier.unblocked
                    return "OK", {"blocked_indices": blocked, "unblocked_indices": unblocked}
                case "GetTrainingStatus":
                    return "OK", {"global_step": self._saver.global_step}
                case _:
                    assert_never(step.rpc)
        except AlreadyPlacedError:
            return "ALREADY_EXISTS", None
        except ClosedSessionError:
            return "UNKNOWN", None
        return "OK", None

    # Threads of hooks, faults and flags

    def _watch_health(self) -> Body:
        """Poll until an alarm, which places the barrier and waits for the stop (B6, B8, B12)."""
        while not self._stops:
            if self._poll_takes:
                yield from self._lanes.sleep(self._poll_takes)
            if self._out_of_memory:
                self._barrier.look()
                self._shown.reported.append([0])
                try:
                    yield from self._barrier.place("")
                except AlreadyPlacedError:
                    self._shown.threads["ps_health"] = "died: BarrierAlreadyPlacedError"
                    return
                yield from self._lanes.wait_until(lambda: self._stops)
                break
            yield Park(self._lanes.now + POLL_INTERVAL, lambda: self._stops)
        self._shown.threads["ps_health"] = "returned"

    def _query(self) -> Body:
        """Look for an action file until the end (B47)."""
        while True:
            yield Park(self._lanes.now + QUERY_INTERVAL, lambda: self._query_stops)
            if self._query_stops:
                break
            if self._action is not None:
                self._set_flag(self._action)
                self._action = None
        self._shown.threads["query_action"] = "returned"

    def _set_flag(self, op: str) -> None:
        if op in ("stop_op", "action: STOP"):
            self._wants_stop = True
        else:
            self._wants_save = True

    def _inject(self, fault: Fault) -> None:
        match fault:
            case RssFault():
                self._out_of_memory = True
            case SlowPollFault():
                self._poll_takes = fault.slow_poll.takes
            case SlowSaveFault():
                self._saver.takes = fault.slow_save.takes
            case _:
                raise NotImplementedError(f"the model doesn't know {fault!r}")


def _first(kind: type[T], scenario: Scenario) -> T | None:
    return next((hook for hook in scenario.hooks if isinstance(hook, kind)), None)
