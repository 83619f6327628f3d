"""A driver that plays nothing: it lacks something that every scenario needs."""

from speaker import say, speak

speak(lambda request: say({"type": "skipped", "seq": request["seq"], "reason": "needs a barrier"}))
