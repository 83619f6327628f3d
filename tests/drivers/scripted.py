"""A driver that gives the traces of a JSON file: ``scripted.py FILE``, traces by scenario.

A list of traces is given one after the other, the last of them for ever.
"""

import json
import sys
from pathlib import Path

from speaker import say, speak

script = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))


def play(request):
    traces = script[request["scenario"]["name"]]
    if isinstance(traces, list):
        trace = traces.pop(0) if len(traces) > 1 else traces[0]
    else:
        trace = traces
    say({"type": "trace", "seq": request["seq"], **trace})


speak(play)
