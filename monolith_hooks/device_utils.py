"""Device names."""

from __future__ import annotations


def ps_device(index: int) -> str:
    """Return the name of the CPU device of parameter server ``index``."""
    return f"/job:ps/task:{index}/device:CPU:0"
