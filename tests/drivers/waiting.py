"""A driver that waits, in each play, until somebody closes a pipe: ``waiting.py PIPE SCRIPT``."""

import json
import sys
from pathlib import Path

from speaker import say, speak

script = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))


def play(request):
    Path(sys.argv[1]).read_bytes()  # Both ends wait for each other to open it.
    say({"type": "trace", "seq": request["seq"], **script[request["scenario"]["name"]]})


speak(play)
