"""Each contract is played in virtual time and on the system's clock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import pytest
import tensorflow as tf

from tests.contracts.rigs import Rig
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


@pytest.fixture
def play_rig(stage: Stage, config: Any, tmp_path: Path) -> Callable[[Callable[[Rig], None]], None]:
    """Play a test's body with a rig in a graph of its own."""

    def run(body: Callable[[Rig], None]) -> None:
        def main() -> None:
            with tf.Graph().as_default():
                body(Rig(stage, config, tmp_path))

        stage.play(main)

    return run
