"""Everything that crosses a process border: scenarios, schedules, traces, summaries, messages.

These models are the only source: the JSON Schemas, the Rust types, the page's event kinds and
the tables in the documentation are generated from them.
"""

from parity.spec.loading import ScenarioFile, load_all, load_scenario
from parity.spec.scenario import Expect, Scenario
from parity.spec.schedules import Schedule
from parity.spec.trace import Event, Trace

__all__ = [
    "Event",
    "Expect",
    "Scenario",
    "ScenarioFile",
    "Schedule",
    "Trace",
    "load_all",
    "load_scenario",
]
