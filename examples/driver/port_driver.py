"""A whole driver, in plain Python: it plays a small port of the controller and the barrier.

Nothing of this project is imported: any language can do the same.
"""

import json
import sys


# [start:port]
class Port:
    """The port itself; yours has more to it. One chief, whom the barrier never holds."""

    def __init__(self, capacity):
        self.capacity, self.step, self.placed = capacity, 0, False

    def call(self, method):
        """Status code, details and response of one call of the controller."""
        if method == "StopTraining" and self.placed:
            return "ALREADY_EXISTS", "Barrier is placed already.", None
        if method in ("StopTraining", "ResumeTraining"):
            self.placed = method == "StopTraining"
        free = list(range(self.placed, self.capacity))
        status = {"blocked_indices": [0] * self.placed, "unblocked_indices": free}
        responses = {"GetBlockStatus": status, "GetTrainingStatus": {"global_step": self.step}}
        return "OK", None, responses.get(method, {})


# [end:port]
# [start:lacks]
SAVER_OPTIONS = ("save_steps", "save_secs", "first_save", "dense_only", "listeners", "guards")
SERVER = {"ip": "127.0.0.1", "folder": "model_dir", "saver": True}


def lacks(scenario):
    """What the scenario needs that this driver doesn't have; None if it can be played."""
    hooks = {name: options for hook in scenario["hooks"] for name, options in hook.items()}
    limits = [scenario["default_mem_limit"], *(m["mem_limit"] for m in scenario["machines"])]
    needs = {
        "other hooks": list(hooks) != ["ps_health", "saver", "server"],
        "other savers": any(hooks.get("saver", {}).get(option) for option in SAVER_OPTIONS),
        "other addresses": any(hooks.get("server", {}).get(key) != SERVER[key] for key in SERVER),
        "another first step": scenario["global_step"] != 0,
        "faults": scenario["faults"] or scenario["barrier"]["callbacks"],
        "memory limits": any(limit is not None for limit in limits),
        "other steps": any(
            not {"train", "advance", "rpc"} & step.keys() for step in scenario["steps"]
        ),
        "deadlines": any(step.get("deadline") for step in scenario["steps"]),
    }
    return next((what for what, needed in needs.items() if needed), None)


# [end:lacks]
# [start:play]
TABLES = "builtin_hash_table_type: CUCKOO_HASH_MAP"


def play(scenario):
    """Every event, as docs/trace-format.md wants them."""
    port, events, saved, ms = Port(scenario["cluster"]["capacity"]), [], [], 0

    def record(lane, kind, **fields):
        events.append({"ms": ms, "lane": lane, "kind": kind, **fields})

    def save(lane):
        name, replaced = f"model.ckpt-{port.step}", "whole" if saved else "new"
        saved[:] = [*(each for each in saved if each != name), name]
        newest, at = (
            f"model_checkpoint_path: {name}",
            f"last_checkpoint_save_timestamp: {ms // 1000}",
        )
        one = {"file": "checkpoint", "checkpoints": saved[-5:], "fields": [newest]}
        other = {"file": "monolith_checkpoint", "checkpoints": [], "fields": [TABLES, at]}
        record(lane, "state_file", replaced=replaced, **one)
        record(lane, "save", step=port.step)
        record(lane, "state_file", replaced=replaced, **other)

    record("main", "session", state="created")
    record("main", "address", text="127.0.0.1:<port>", mode="0644", replaced="new")
    for i, step in enumerate(scenario["steps"]):
        ms += step.get("advance", 0)
        for _ in range(step.get("train", 0)):
            port.step += 1
            record("main", "step", worker=0, global_step=port.step)
        if "rpc" in step:
            placed, method = port.placed, step["rpc"]
            code, details, response = port.call(method)
            if port.placed != placed:
                record("controller", "barrier", blocked=[0] * port.placed)
            if method == "SaveCheckpoint":
                save("controller")
            result = {"code": code, "details": details, "response": response}
            record("main", "rpc", call=f"steps[{i}]", method=method, **result)
    if port.step and f"model.ckpt-{port.step}" not in saved:  # The exit saves what isn't saved.
        save("main")
    record("ps_health", "thread", thread="ps_health", fate="returned", error=None)
    record("main", "session", state="closed")
    states = ["checkpoint", "monolith_checkpoint"] if saved else []
    left = {"controller_server_addr.txt", *states, *saved[-5:]}
    record("main", "files", left=sorted(left))
    return events


# [end:play]
# [start:speak]
def answer(request):
    """The one answer to a request."""
    if request["type"] == "hello":
        who = {"implementation": "small-port", "language": "python", "version": "1"}
        return {"type": "hello", "protocol": 1, **who, "source_digest": None, "capabilities": []}
    if request["type"] == "bye":
        return {"type": "bye"}
    lacking = lacks(request["scenario"])
    if lacking:
        return {"type": "skipped", "seq": request["seq"], "reason": f"needs {lacking}"}
    events = play(request["scenario"])
    return {"type": "trace", "seq": request["seq"], "events": events, "struck": {}}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
# [end:speak]
