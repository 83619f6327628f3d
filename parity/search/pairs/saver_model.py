"""The saver hook in the sequential model (B30 to B32, B53 to B58, B73)."""

from __future__ import annotations

from dataclasses import dataclass, field

from parity.search.pairs.barrier_model import AlreadyPlacedError, BarrierModel
from parity.search.pairs.lanes import Body, Lock
from parity.search.pairs.prediction import Prediction
from parity.spec.hooks import Saver


@dataclass
class SaverModel:
    """The timer, the lock, and the BarrierSaverListener if there is one."""

    options: Saver
    barrier: BarrierModel
    shown: Prediction
    global_step: int = 0
    enabled: bool = True
    takes: int = 0
    """The time that a write takes, in milliseconds."""
    _last: int | None = 0
    """The step of the last save; the usual save at creation is skipped, and counts (B30)."""
    _listener_has_placed: bool = False
    _lock: Lock = field(default_factory=Lock)

    def save_on_request(self) -> Body:
        """Restart the schedule and save, taking the lock for each (B30).

        Raises:
            ClosedSessionError: The session was closed meanwhile.
        """
        yield from self._lock.acquire()
        self._last = None
        self._lock.release()
        yield from self._lock.acquire()
        try:
            self.barrier.must_be_open()
            yield from self._save_if_due()
        finally:
            self._lock.release()

    def after_step(self) -> Body:
        """Wait for a save that is running, and save if the schedule says so (B30)."""
        yield from self._lock.acquire()
        try:
            yield from self._save_if_due()
        finally:
            self._lock.release()

    def end(self) -> Body:
        """Save unless the last step is saved; only then is the lock taken (B73)."""
        step = self.global_step
        if self._last == step:
            return
        yield from self._lock.acquire()
        try:
            yield from self._save(step)
        finally:
            self._lock.release()

    def _save_if_due(self) -> Body:
        step = self.global_step
        if self._is_due(step):
            self._last = step
            yield from self._save(step)

    def _is_due(self, step: int) -> bool:
        if not self.enabled or self._last == step:
            return False
        if self._last is None:
            return True
        every = self.options.save_steps
        return every is not None and step >= self._last + every

    def _save(self, step: int) -> Body:
        listens = "barrier" in self.options.listeners
        if listens:
            yield from self._before_save()
        if self.takes:
            yield from self.barrier.lanes.sleep(self.takes)
        self.barrier.must_be_open()
        self.barrier.look()
        self.shown.saves.append(step)
        self.shown.times.append((self.barrier.lanes.now, f"save {step}"))
        if listens and self._listener_has_placed:
            yield from self.barrier.remove()
            self._listener_has_placed = False

    def _before_save(self) -> Body:
        """Place the barrier, or find it placed, and wait for all workers (B53, B54)."""
        barrier = self.barrier
        begin = barrier.lanes.now
        try:
            yield from barrier.place("Save")
            self._listener_has_placed = True
        except AlreadyPlacedError:
            pass
        while not barrier.all_blocked():
            yield from barrier.lanes.sleep(self.options.barrier_wait)
            if barrier.lanes.now - begin > self.options.barrier_pending:
                return
