"""A driver that answers another request than the one that was made."""

from speaker import recorded_trace, say, speak_with_trouble

speak_with_trouble(
    "health/oom", lambda request: say({**recorded_trace(request), "seq": request["seq"] + 7})
)
