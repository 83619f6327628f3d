"""Serves a controller, as it says, and ends at the first call."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from speaker import hello, say

for line in sys.stdin:
    request = json.loads(line)
    if request["type"] == "hello":
        say({**hello(), "capabilities": ["interop"]})
    elif request["type"] == "serve":
        (Path(request["model_dir"]) / "controller_server_addr.txt").write_text("127.0.0.1:1")
        say({"type": "serving", "seq": request["seq"]})
    elif request["type"] == "encode":
        say({"type": "stopped", "seq": request["seq"]})
    elif request["type"] == "bye":
        say({"type": "bye"})
        sys.exit()
    else:
        sys.exit("out of files")
