"""The driver of a port in Python: what every port needs to have scenarios played on it.

A port implements ``Port`` and ``Job`` and calls ``main``. The kit speaks the protocol, checks
scenarios, skips what the port lacks, and plays the rest on a virtual clock: it does the steps in
order, starts the lanes of workers and of what is done in the background, injects the faults of
machines and records events. The port does what its hooks do. Neither TensorFlow nor gRPC is
needed. docs/your-own-port.md is the walk-through, and ``examples/python-port`` a user.

The events that a port records are the models of ``parity.spec.trace``; a scenario, its hooks and
its steps are those of ``parity.spec.scenario``, ``hooks`` and ``steps``.
"""

from parity.kit.driver import main, serve
from parity.kit.errors import named_error
from parity.kit.machines import Machines
from parity.kit.port import BASIC_STEPS, MACHINE_FAULTS, Identity, Job, Port, Worker
from parity.kit.recorder import Recorder
from parity.kit.session import Trained
from parity.kit.unplayable import Unplayable
from parity.kit.world import RpcError, World

__all__ = [
    "BASIC_STEPS",
    "MACHINE_FAULTS",
    "Identity",
    "Job",
    "Machines",
    "Port",
    "Recorder",
    "RpcError",
    "Trained",
    "Unplayable",
    "Worker",
    "World",
    "main",
    "named_error",
    "serve",
]
