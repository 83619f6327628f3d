"""A driver that says itself that it can't play one scenario, and lacks what another needs."""

from speaker import recorded_trace, say, speak


def play(request):
    name = request["scenario"]["name"]
    if name == "health/oom":
        say({"type": "failed", "seq": request["seq"], "message": "no such machine"})
    elif name == "health/basic":
        say({"type": "skipped", "seq": request["seq"], "reason": "needs workers"})
    else:
        say(recorded_trace(request))


speak(play)
