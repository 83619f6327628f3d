"""The reference's job as the kit plays it: the first user of ``parity.kit``."""

from __future__ import annotations

from pathlib import Path

from fakes.errors import named_error
from fakes.faulty_files import FileFault
from monolith_hooks.action_files import ACTION_FILENAME, RESPONSE_FILENAME
from parity.kit.model_folder import write_action
from parity.kit.port import Job
from parity.kit.session import Trained
from parity.players.python.job import TensorFlowJob
from parity.players.python.workers import SessionWorker
from parity.spec.faults import (
    Fault,
    FileErrorFault,
    ListenerErrorFault,
    SaveErrorFault,
    SlowSaveFault,
)
from parity.spec.steps import (
    ActionContent,
    CallbackKind,
    ControllerOp,
    FileContent,
    LookTarget,
    RpcStep,
    TimerSwitch,
)
from parity.spec.trace import ActionResponseEvent


class ReferenceJob(Job):
    """The job of a run, whose methods are those that a port implements."""

    def __init__(self, job: TensorFlowJob, model_dir: Path) -> None:
        self._job = job
        self._model_dir = model_dir

    def open(self) -> None:
        """Create the session."""
        self._job.open()

    def train(self) -> Trained | None:
        """Take one training step of the chief."""
        return self._job.train()

    def leave(self, error: BaseException | None) -> None:
        """Leave the session as its ``with`` block would be left."""
        self._job.leave(error)

    def worker(self, index: int) -> SessionWorker:
        """Return a worker on the chief's session."""
        job = self._job
        return SessionWorker(job.chief, job.train_op, job.barrier_hook(index), job.clock)

    def rpc(self, step: RpcStep, place: str) -> None:
        """Call the controller over gRPC."""
        self._job.operator.call(step, place)

    def fault(self, fault: Fault, place: str) -> None:
        """Inject a fault of the saver, of a listener or of a file."""
        match fault:
            case SaveErrorFault(save_error=at):
                self._job.saver.fail(at.error, at.message, at.times, place)
            case ListenerErrorFault(listener_error=at):
                self._job.listener_faults.fail(
                    at.listener, at.method, at.error, at.message, at.times, place
                )
            case SlowSaveFault(slow_save=at):
                self._job.saver.slow_down(at.takes / 1000, place)
            case FileErrorFault(file_error=at):
                self._job.files.fail(FileFault(**at.model_dump(), place=place))

    def address_file(self, content: FileContent) -> None:
        """Replace the address file."""
        self._job.address_file.write(content)

    def action_file(self, content: ActionContent) -> None:
        """Replace the file that QueryActionHook reads."""
        write_action(self._model_dir / ACTION_FILENAME, content)

    def controller_op(self, op: ControllerOp) -> None:
        """Run an op of the ControllerHook."""
        self._job.run_controller_op(op)

    def timer(self, switch: TimerSwitch) -> None:
        """Switch the timer of the first saver hook."""
        self._job.switch_timer(switch)

    def append_callback(self, index: int, kind: CallbackKind) -> None:
        """Append a callback to the list that the barrier was given."""
        self._job.append_callback(index, kind)

    def look(self, target: LookTarget) -> None:
        """Record what get_current_session returns, or how QueryActionHook has answered."""
        if target == "current_session":
            self._job.look_at_current_session()
        else:
            self._job.recorder.record(ActionResponseEvent, response=self._action_response())

    def error(self, name: str, message: str) -> BaseException:
        """Return TensorFlow's error of this name, or Python's."""
        return named_error(name, message)

    def give_back(self) -> None:
        """Stop all servers and listeners."""
        self._job.give_back()

    def _action_response(self) -> str:
        path = self._model_dir / RESPONSE_FILENAME
        if not path.exists():
            return "none"
        return "OK" if path.read_text(encoding="utf-8") == "OK" else "error"
