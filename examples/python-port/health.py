"""The thread that watches the parameter servers (docs/behaviour.md, B5 to B16)."""

from result import parse

INTERVAL = 30
"""Seconds from the end of one poll to the next."""


class Watch:
    """Polls every parameter server until one isn't healthy, and then reports.

    ``machines`` is asked, ``report`` is told of those that aren't healthy, by index, and
    ``barrier`` is placed then. It waits by ``clock`` alone, so it runs in real time as well.
    """

    def __init__(self, clock, machines, num_ps, report, barrier):
        self.clock = clock
        self.machines = machines
        self.names = [f"ps_machine_info_{ps}" for ps in range(num_ps)]
        self.report = report
        self.barrier = barrier

    def start(self, coord):
        """Start the thread, which ends when ``coord`` asks it to."""
        self.clock.start_thread(lambda: self.run(coord), name="ps_health", coord=coord)

    def run(self, coord):
        """Poll, report once, and wait for the end."""
        while not coord.should_stop():
            unhealthy = self.poll()
            if unhealthy:
                self.report(unhealthy)
                self.barrier.place()
                self.clock.wait_for_stop(coord)
                return
            self.clock.wait_for_stop(coord, INTERVAL)

    def poll(self):
        """Return the parameter servers that aren't healthy, by index.

        Any bytes mean unhealthy; bytes that can't be parsed hide all others.
        """
        for name in self.names:
            self.machines.machine_info(name)
        answers = self.machines.check_machine_health(self.names)
        return {ps: parse(data) for ps, data in enumerate(answers) if data}
