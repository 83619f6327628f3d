"""What the fake drivers share: they speak the protocol, and play what was recorded.

Not a test module. Run a driver by its file: ``python tests/drivers/hanging.py``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

RECORDED = Path(__file__).parents[2] / "recorded" / "rust"
Answer = dict[str, object]


def hello() -> Answer:
    return {
        "type": "hello",
        "protocol": 1,
        "implementation": "fake",
        "language": "python",
        "version": "0",
        "source_digest": None,
        "capabilities": [],
    }


def recorded_trace(request: Answer) -> Answer:
    """The answer of a driver that does everything right."""
    name = request["scenario"]["name"]  # type: ignore[index]
    trace = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))["trace"]
    return {"type": "trace", "seq": request["seq"], **trace}


def say(answer: Answer) -> None:
    print(json.dumps(answer), flush=True)


def speak(play: Callable[[Answer], None]) -> None:
    """Answer hello and bye, and leave each play to ``play``."""
    for line in sys.stdin:
        request = json.loads(line)
        if request["type"] == "hello":
            say(hello())
        elif request["type"] == "bye":
            say({"type": "bye"})
            return
        else:
            play(request)


def speak_with_trouble(in_scenario: str, trouble: Callable[[Answer], None]) -> None:
    """Play all scenarios right but one."""

    def play(request: Answer) -> None:
        print(f"playing {request['scenario']['name']}", file=sys.stderr, flush=True)  # type: ignore[index]
        if request["scenario"]["name"] == in_scenario:  # type: ignore[index]
            trouble(request)
        else:
            say(recorded_trace(request))

    speak(play)
