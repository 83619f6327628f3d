"""The job of a scenario: a chief with its health threads, workers, and an operator."""

from barrier import Barrier, BarrierAlreadyPlacedError
from coordinator import Coordinator
from health import Watch

from parity.kit import Job, RpcError, Trained, Unplayable, Worker
from parity.spec.hooks import PsHealthEntry
from parity.spec.trace import LogEvent, PsResult, RpcResponse, SessionEvent


# [start:job]
class SmallJob(Job):
    """A chief's session, and what its workers share with it."""

    def __init__(self, scenario, world):
        self.world = world
        self.num_ps = scenario.cluster.ps
        self.hooks = [hook.ps_health for hook in scenario.hooks if isinstance(hook, PsHealthEntry)]
        self.global_step = scenario.global_step
        callbacks = enumerate(scenario.barrier.callbacks)
        self.barrier = Barrier(
            world.clock,
            scenario.cluster.barrier_capacity(),
            scenario.barrier.wait / 1000,
            [world.barrier_callback(at, kind) for at, kind in callbacks],
        )
        self.coord = Coordinator()
        self.handlers = world.clock.handler_pool(2, name="controller")

    def open(self):
        """Start the health threads."""
        for options in self.hooks:
            barrier = self.barrier if options.barrier else None
            report = self.report_of(options.report)
            clock, machines = self.world.clock, self.world.machines
            Watch(clock, machines, self.num_ps, report, barrier).start(self.coord)
        self.world.recorder.open(self.barrier.indices)
        self.world.recorder.record(SessionEvent, state="created")

    def train(self):
        """The chief is never held."""
        return Trained(self.step())

    def step(self):
        """One training step of anybody."""
        self.global_step += 1
        return self.global_step

    def leave(self, error):
        """End the threads, and raise what isn't the end of the input."""
        if type(error).__name__ in ("OutOfRangeError", "StopIteration"):
            error = None
        if error is None:
            self.world.recorder.close()
        self.coord.request_stop()
        self.coord.join()
        self.barrier.closed = True
        if error is not None:
            raise error

    def worker(self, index):
        """A worker, which the barrier holds after a step that has read it placed."""
        return SmallWorker(index, self)

    def rpc(self, step, place):
        """Call the controller, which is the barrier: there is no gRPC between them."""
        if step.rpc == "SaveCheckpoint":
            raise Unplayable.lacks("SaveCheckpoint")
        if step.deadline is not None or step.server is not None:
            raise Unplayable.lacks("options of rpc")
        if self.barrier.closed:
            self.world.record_answer(step.rpc, place, RpcError("UNAVAILABLE"))
            return
        self.world.call(self.handlers, step.rpc, place, lambda: self.answer(step.rpc))

    def answer(self, method):
        """The controller's answer (B25 to B29)."""
        if method == "StopTraining":
            try:
                self.barrier.place()
            except BarrierAlreadyPlacedError:
                raise RpcError("ALREADY_EXISTS", "Barrier is placed already.") from None
        if method == "ResumeTraining":
            self.barrier.remove()
        if method == "GetTrainingStatus":
            return RpcResponse(global_step=self.global_step)
        if method == "GetBlockStatus":
            blocked, others = self.barrier.indices(), self.barrier.indices(blocked=False)
            return RpcResponse(blocked_indices=blocked, unblocked_indices=others)
        return RpcResponse()

    def report_of(self, kind):
        """A report function: the scenario's, or the port's own, which logs."""

        def default(unhealthy):
            lines = "".join(f"\nPS {ps}: {result}" for ps, result in unhealthy.items())
            message = f"PS are not healthy:{lines}"
            self.world.recorder.record(LogEvent, level="ERROR", message=message)

        def scenarios(unhealthy):
            results = [
                PsResult(ps=ps, status=result.status, message=result.message or "")
                for ps, result in unhealthy.items()
            ]
            self.world.report(kind, results)

        return default if kind == "default" else scenarios


class SmallWorker(Worker):
    """A worker beside the chief."""

    def __init__(self, index, job):
        self.index, self.job = index, job

    def train(self, takes):
        """One step, and the wait at the barrier."""
        placed = self.job.barrier.is_placed()
        global_step = self.job.step()
        if takes:
            self.job.world.clock.sleep(takes)
        if placed:
            self.job.barrier.hold(self.index)
        return global_step


# [end:job]
