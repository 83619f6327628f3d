"""What is said of unhealthy PS: the record that is logged by default."""

from __future__ import annotations

import pytest

from monolith_hooks.logging_ops_pb2 import MachineHealthResult
from monolith_hooks.ps_check_hooks import Config, get_ps_machine_info_shared_name

OUT = MachineHealthResult.OUT_OF_MEMORY


@pytest.fixture
def stage(request):
    return request.getfixturevalue("system_stage")


@pytest.mark.covers("B16a", "B16b", "B16c")
def test_the_default_report_is_one_record_with_a_line_for_each_ps_in_order(caplog):
    results = {
        0: MachineHealthResult(),
        2: MachineHealthResult(status=OUT, message="a"),
        9: MachineHealthResult(message="\"quoted\" 'too' \\ ä\n\t\r\x01"),
        10: MachineHealthResult(status=MachineHealthResult.OK),
        100: MachineHealthResult(status=OUT, message=""),
    }
    Config(None, 101).report_fn(results)  # type: ignore[arg-type]
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert record.getMessage().split("\n") == [
        "PS are not healthy:",
        "PS 0: ",
        'PS 2: status: OUT_OF_MEMORY message: "a"',
        r'PS 9: message: "\"quoted\" \'too\' \\ ä\n\t\r\001"',
        "PS 10: status: OK",
        'PS 100: status: OUT_OF_MEMORY message: ""',
    ]


@pytest.mark.parametrize("index", [0, 9, 10, 123])
def test_the_shared_name_has_the_index(index):
    assert get_ps_machine_info_shared_name(index) == f"ps_machine_info_{index}"
