"""What ``monolith_hooks`` itself gives its users."""

from __future__ import annotations

import subprocess
import sys

import pytest

import monolith_hooks
from monolith_hooks.barrier_ops import BarrierOp


def test_every_public_name_can_be_imported_from_the_package():
    for name in monolith_hooks.__all__:
        assert getattr(monolith_hooks, name).__name__ == name
    assert set(monolith_hooks.__all__) <= set(dir(monolith_hooks))
    assert monolith_hooks.BarrierOp is BarrierOp


def test_a_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'Barrier'"):
        monolith_hooks.Barrier  # noqa: B018


def test_the_package_and_its_clock_are_imported_without_tensorflow():
    code = "import sys, monolith_hooks; monolith_hooks.Clock; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
