"""A driver that prints something else than JSON for one scenario."""

from speaker import speak_with_trouble

speak_with_trouble("health/oom", lambda request: print("DEBUG: playing now", flush=True))
