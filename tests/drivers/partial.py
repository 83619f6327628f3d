"""A driver with a part of everything: ``partial.py JSON``, what its hello says besides.

It plays what was recorded, and shows only the channels that it says it has.
"""

import json
import sys

from speaker import hello, recorded_trace, say

SAYS = json.loads(sys.argv[1])
CHANNEL = {"report": "reports", "barrier": "barrier", "step": "steps", "session": "session"}

for line in sys.stdin:
    request = json.loads(line)
    if request["type"] == "hello":
        say({**hello(), **SAYS})
    elif request["type"] == "bye":
        say({"type": "bye"})
        break
    else:
        answer = recorded_trace(request)
        if SAYS.get("channels") is not None:
            events = answer["events"]
            shown = [each for each in events if CHANNEL.get(each["kind"]) in SAYS["channels"]]
            answer = {**answer, "events": shown}
        say(answer)
