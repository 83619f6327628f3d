"""A driver that dies of one scenario."""

import os
import sys

from speaker import speak_with_trouble


def crash(request):
    print("thread 'main' panicked: index out of bounds", file=sys.stderr, flush=True)
    os._exit(101)


speak_with_trouble("health/oom", crash)
