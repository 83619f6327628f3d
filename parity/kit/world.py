"""The world of a play: its clock, folders and fakes, and the stand-ins for a job's functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from pathlib import Path

from fakes.faults import FaultLedger
from fakes.ps import FakePs
from fakes.virtual_clock import VirtualClock
from parity.kit.machines import Machines, fake_servers, inject_machine_fault
from parity.kit.model_folder import write_content
from parity.kit.recorder import Recorder
from parity.kit.state_files import StateFiles
from parity.spec.faults import Fault
from parity.spec.hooks import HealthReport, ProbeEntry
from parity.spec.rpcs import Method, StatusCode
from parity.spec.scenario import Scenario
from parity.spec.steps import CallbackKind, MachineInfo, WrittenStateFile
from parity.spec.trace import CallbackEvent, PsResult, ReportEvent, RpcEvent, RpcResponse


class RpcError(Exception):
    """The answer to a call that isn't OK.

    ``details`` is None for codes whose text is the gRPC library's own.
    """

    def __init__(self, code: StatusCode, details: str | None = None) -> None:
        super().__init__(code, details)
        self.code = code
        self.details = details


class World:
    """The world of one play.

    Attributes:
        clock: The time of the play, its lanes and its locks.
        recorder: The recorder of events.
        ledger: Records which of the declared faults were triggered.
        machines: The parameter servers, with the memory that the scenario says.
        model_dir: The folder for checkpoints and other files, which is listed at the end.
    """

    def __init__(
        self,
        clock: VirtualClock,
        recorder: Recorder,
        ledger: FaultLedger,
        model_dir: Path,
        servers: Sequence[FakePs],
        default_mem_limit: int | None,
    ) -> None:
        self.clock = clock
        self.recorder = recorder
        self.ledger = ledger
        self.model_dir = model_dir
        self._servers = servers
        self.machines = Machines(servers, default_mem_limit)

    @classmethod
    def of(cls, scenario: Scenario, clock: VirtualClock, model_dir: Path) -> World:
        """Return a new world at time 0, with the machines and the declared faults of a scenario."""
        ledger = declared_faults(scenario)
        return cls(
            clock,
            Recorder(clock, model_dir, StateFiles(model_dir)),
            ledger,
            model_dir,
            fake_servers(scenario, clock, ledger),
            scenario.default_mem_limit,
        )

    def create_machine_info(self, info: MachineInfo) -> None:
        """Create the machine info of a parameter server, as a job's own op does."""
        self.machines.machine_info(f"ps_machine_info_{info.ps}", info.mem_limit)

    def write_state_file(self, written: WrittenStateFile) -> None:
        """Replace or remove a state file of the model directory, as somebody else does."""
        write_content(self.model_dir / written.file, written.content)

    def inject(self, fault: Fault, place: str) -> bool:
        """Inject a fault of a machine, and return False if it is another one's."""
        return inject_machine_fault(self._servers, fault, place)

    def barrier_callback(self, index: int, kind: CallbackKind) -> Callable[[str], None]:
        """Return the barrier's callback of this index in the scenario.

        It records itself with the action that it is given, and takes 1 s or raises if so told.
        """

        def called(action: str) -> None:
            self.recorder.record(CallbackEvent, callback=index, action=action)
            if kind == "slow":
                self.clock.sleep(1)
            if kind == "raise":
                raise RuntimeError("callback failed")

        return called

    def report(self, kind: HealthReport, results: Sequence[PsResult]) -> None:
        """Do what a report function of the scenario does with the unhealthy PS, ascending.

        It records them, and raises if so told. The default report is the port's own.
        """
        self.recorder.record(ReportEvent, results=tuple(results))
        if kind == "raise":
            raise RuntimeError("report failed")

    def call(
        self, handlers: Executor, method: Method, place: str, handle: Callable[[], RpcResponse]
    ) -> None:
        """Call a controller that is no server, and record the answer.

        Args:
            handlers: The controller's own, from ``clock.handler_pool``.
            method: The method.
            place: The place of the call in the scenario.
            handle: Answers the call on one of the handlers, which the caller waits for. It raises
                ``RpcError`` for a code of its own; any other error is UNKNOWN.
        """
        future = self.clock.hand_over(lambda: handlers.submit(handle))
        assert future is not None, "only a call with a deadline is given up"
        error = future.exception()
        if error is None:
            self.record_answer(method, place, future.result())
        elif isinstance(error, RpcError):
            self.record_answer(method, place, error)
        elif isinstance(error, Exception):
            details = f"Exception calling application: {self.recorder.message(error)}"
            self.record_answer(method, place, RpcError("UNKNOWN", details))
        else:
            raise error

    def record_answer(self, method: Method, place: str, answer: RpcResponse | RpcError) -> None:
        """Record the answer that a client has to a call."""
        failed = answer if isinstance(answer, RpcError) else None
        self.recorder.record(
            RpcEvent,
            call=place,
            method=method,
            code="OK" if failed is None else failed.code,
            details=None if failed is None else failed.details,
            response=answer if isinstance(answer, RpcResponse) else None,
        )


def declared_faults(scenario: Scenario) -> FaultLedger:
    """Return a ledger with each fault that a scenario declares, none of them triggered."""
    ledger = FaultLedger()
    for place in _places_of_faults(scenario):
        ledger.declare(place)
    return ledger


def _places_of_faults(scenario: Scenario) -> Iterator[str]:
    for i, hook in enumerate(scenario.hooks):
        if isinstance(hook, ProbeEntry) and hook.probe.raises is not None:
            yield f"hooks[{i}].probe.raises"
    for i in range(len(scenario.faults)):
        yield f"faults[{i}]"
    for place, _ in scenario.fault_steps():
        yield f"{place}.fault"
