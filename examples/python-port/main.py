"""A small port in Python, and its driver: the health hook and the barrier, without TensorFlow.

It is written from docs/behaviour.md. ``barrier.py``, ``coordinator.py``, ``health.py`` and
``result.py`` are the port; this file and ``job.py`` are what has it played.
"""

# [start:port]
from job import SmallJob

from parity.kit import BASIC_STEPS, MACHINE_FAULTS, Identity, Port, Unplayable, main
from parity.spec.hooks import SaverEntry, ServerEntry

HOOKS = ("ps_health", "saver", "server")  # The last two do nothing, and nothing is shown of them.


class SmallPort(Port):
    """The port, as the host sees it."""

    def identity(self):
        """Its name, and what it has."""
        return Identity(
            implementation="python-port",
            version="1",
            capabilities=(*HOOKS, *BASIC_STEPS, "rpc", *MACHINE_FAULTS),
            channels=(
                "reports",
                "barrier",
                "rpc",
                "steps",
                "session",
                "errors",
                "threads",
                "logs",
            ),
        )

    def begin(self, scenario, world):
        """The job of a scenario; an option that is lacking is refused."""
        for hook in scenario.hooks:
            match hook:
                case SaverEntry(saver=saver) if saver.listeners:
                    raise Unplayable.lacks("listeners")
                case ServerEntry(server=server) if server.folder == "file":
                    raise Unplayable.lacks("a server that fails")
        if scenario.global_step is None:
            raise Unplayable.lacks("graphs without a step")
        return SmallJob(scenario, world)


if __name__ == "__main__":
    main(SmallPort())
# [end:port]
