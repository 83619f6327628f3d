"""What a session's threads are stopped and waited for by, on plain threads."""

import threading

GRACE = 120
"""Seconds for which a session that closes waits for its threads."""


class Coordinator:
    """Asks the threads of a session to stop, and waits for them."""

    def __init__(self):
        self.stop = threading.Event()
        self.threads = []

    def request_stop(self):
        """Let every thread end that looks."""
        self.stop.set()

    def should_stop(self):
        """Return whether a stop was requested."""
        return self.stop.is_set()

    def wait_for_stop(self, timeout=None):
        """Wait in real time for a requested stop."""
        return self.stop.wait(timeout)

    def register_thread(self, thread):
        """Let ``join`` wait for this thread."""
        self.threads.append(thread)

    def join(self, threads=None, stop_grace_period_secs=GRACE, ignore_live_threads=True):
        """Wait for the threads; the virtual clock lets them end in virtual time first."""
        del threads, ignore_live_threads
        for thread in self.threads:
            thread.join(stop_grace_period_secs)
