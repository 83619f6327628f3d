"""The barrier that holds workers (docs/behaviour.md, B17 to B24)."""


class BarrierAlreadyPlacedError(Exception):
    """The barrier is placed already."""


class SessionClosedError(RuntimeError):
    """The barrier's session was closed."""


class Barrier:
    """A bit for each worker; bit 0 says that the barrier is placed.

    The lock is held while callbacks run, which may take time.
    """

    def __init__(self, clock, capacity, wait_seconds, callbacks):
        self.clock = clock
        self.wait_seconds = wait_seconds
        self.callbacks = callbacks
        self.bits = [False] * capacity
        self.action = ""
        self.closed = False
        self.lock = clock.lock()

    def place(self, action=""):
        """Set bit 0 and run the callbacks, or raise if it is set."""
        with self.lock:
            if self.bits[0]:
                raise BarrierAlreadyPlacedError
            self.bits[0] = True
            self.action = action
            self.run_callbacks(action)

    def remove(self):
        """Clear bit 0 alone."""
        with self.lock:
            self.bits[0] = False

    def is_placed(self):
        """Return bit 0, as a step reads it."""
        if self.closed:
            raise SessionClosedError("the session was closed")
        return self.bits[0]

    def hold(self, worker):
        """Set the worker's bit, run the callbacks, and clear it once bit 0 is clear."""
        if worker >= len(self.bits):
            raise ValueError(
                f"Index [{worker}] must be non-negative and less than capacity [{len(self.bits)}]. "
            )
        with self.lock:
            self.bits[worker] = True
            self.run_callbacks(self.action)
        while self.is_placed():
            self.clock.sleep(self.wait_seconds)
        self.bits[worker] = False

    def indices(self, *, blocked=True):
        """Return the indices of the bits that are set, or of those that aren't."""
        return tuple(index for index, bit in enumerate(self.bits) if bit == blocked)

    def run_callbacks(self, action):
        """Run all callbacks in their order; the first error ends it."""
        for callback in self.callbacks:
            callback(action)
