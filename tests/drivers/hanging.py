"""A driver that never answers one scenario."""

import threading

from speaker import speak_with_trouble

speak_with_trouble("health/oom", lambda request: threading.Event().wait())
