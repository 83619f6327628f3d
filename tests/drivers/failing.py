"""A driver that goes wrong in one way, always at the same point: ``failing.py WAY [WHEN [LOG]]``.

WHEN is ``hello``, ``play`` (every play, the default), ``bye``, or ``again``: it crashes at the
first play, and all that are started afterwards go wrong at hello. LOG gets a line from each
process that is started, and one of that crash.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from speaker import hello, recorded_trace, say


def crash(request):
    print("cannot open libport.so", file=sys.stderr, flush=True)
    os._exit(7)


def die_of_a_signal(request):
    os.kill(os.getpid(), signal.SIGKILL)


def hang(request):
    threading.Event().wait()


def babble(request):
    print("DEBUG: playing now", flush=True)


def leave_a_child(request):
    """The child keeps stdout open, in a session of its own."""
    subprocess.Popen(["sleep", "600"], start_new_session=True)
    os._exit(7)


def flood(request):
    """Answers without end, one a line."""
    while True:
        say(recorded_trace(request) if request["type"] == "play" else {"type": "bye"})


def flood_the_log(request):
    while True:
        os.write(2, b"x" * 2**16)


def print_without_end(request):
    while True:
        os.write(1, b"x" * 2**16)


def list_without_end(request):
    """Nearly as long as an answer may be, and of millions of values."""
    os.write(1, b'{"type":"trace","seq":%d,"struck":{},"events":[' % request.get("seq", 0))
    for _ in range(90 * 16):
        sys.stdout.write("[]," * (2**16 // 3))
    print("[]]}", flush=True)


def stop_reading(request):
    os.close(0)
    threading.Event().wait()


def stop_writing(request):
    os.close(1)
    threading.Event().wait()


WAYS = {
    each.__name__: each
    for each in (
        crash, die_of_a_signal, hang, babble, leave_a_child, flood, flood_the_log,
        print_without_end, list_without_end, stop_reading, stop_writing,
    )
}  # fmt: skip

go_wrong = WAYS[sys.argv[1]]
when = sys.argv[2] if len(sys.argv) > 2 else "play"
log = Path(sys.argv[3]) if len(sys.argv) > 3 else None
crashed = log is not None and log.exists() and "crashed" in log.read_text(encoding="utf-8")


def note(text):
    if log is not None:
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")


note("started")
for line in sys.stdin:
    request = json.loads(line)
    if request["type"] == when or (when == "again" and crashed):
        go_wrong(request)
    elif when == "again" and request["type"] == "play":
        note("crashed")
        crash(request)
    elif request["type"] == "hello":
        say(hello())
    elif request["type"] == "bye":
        say({"type": "bye"})
        note("bye")
        break
    else:
        say(recorded_trace(request))
