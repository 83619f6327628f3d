"""Nothing that the tests play comes from a cache, and nothing fails because a machine is busy."""

import os

from hypothesis import settings

os.environ["PARITY_CACHE"] = ""
settings.register_profile("any_machine", deadline=None)
settings.load_profile("any_machine")
