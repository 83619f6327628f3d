"""Names of devices."""

from __future__ import annotations


def ps_device(index: int) -> str:
    """The CPU of parameter server ``index``."""
    return f"/job:ps/task:{index}/device:CPU:0"
