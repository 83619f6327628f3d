"""Each contract is played in virtual time and on the system's clock."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import pytest
import tensorflow as tf

from tests.contracts.stages import Stage, SystemStage, VirtualStage


@pytest.fixture
def system_stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[SystemStage]:
    stage = SystemStage(monkeypatch)
    yield stage
    stage.close()


@pytest.fixture(params=["virtual", "system"])
def stage(request: pytest.FixtureRequest) -> Stage:
    """The clock of each contract: the fake one, then the real one."""
    if request.param == "virtual":
        return VirtualStage()
    return request.getfixturevalue("system_stage")


@pytest.fixture
def clock(stage: Stage) -> Any:
    return stage.clock


@pytest.fixture
def config() -> Any:
    return tf.compat.v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
