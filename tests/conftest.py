"""Nothing that the tests play comes from a cache, unless a test makes one of its own."""

import os

os.environ["PARITY_CACHE"] = ""
