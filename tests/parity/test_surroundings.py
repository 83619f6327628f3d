"""What the seed's modules don't heed and don't write, seen in plays of both languages.

A play's trace has everything that a scenario shows. It stays the same, byte for byte, under
variables of the environment and flags, and the modules' own code logs nothing meanwhile.
"""

from __future__ import annotations

import dataclasses
import logging

import pytest

from parity.base import project
from parity.players.choose import choose_player
from parity.players.driver.player import DriverPlayer
from parity.players.outcome import Played
from parity.spec.hooks import PsHealthEntry
from parity.spec.loading import load_scenario
from tests import proxies

SCENARIOS = {
    "hook_utils": ["controller/listeners"],
    "client_lib": ["address/ipv4", "address/missing", "controller/training_status"],
    "constants": ["address/folder_is_created", "address/left_after_exit"],
    "server_lib": ["controller/stop_twice", "controller/save_checkpoint", "address/recreation"],
}
"""Scenarios in which a module does its work."""
MODULE_OF_PATH = {
    "python": {
        "hook_utils": "/hook_utils.py", "client_lib": "/server/client_lib.py",
        "constants": "/server/constants.py", "server_lib": "/server/",
    },
    "rust": {
        "hook_utils": "hooks::hook_utils", "client_lib": "hooks::server::client",
        "constants": "hooks::server::constants", "server_lib": "hooks::server",
    },
}  # fmt: skip
"""Where records of a module come from."""
VARIABLES = {
    **proxies.environment("127.0.0.1:1"),
    "TF_CONFIG": '{"cluster": {"ps": ["127.0.0.1:1"]}, "task": {"type": "ps", "index": 0}}',
    "RUST_LOG": "trace",
    "HOST": "elsewhere",
    "HOSTNAME": "elsewhere",
    "PORT": "1",
    "MODEL_DIR": "/nowhere",
    "MONOLITH_DEFAULT_MACHINE_INFO_MEM_LIMIT": "0",
    "monolith_default_machine_info_mem_limit": "0",
}
"""Variables that libraries of either language read, and those that a port might invent."""


def load(name):
    return load_scenario(project.SCENARIOS / f"{name}.yaml", project.SCENARIOS)


def traces(player, files):
    outcomes = [player.play(file) for file in files]
    assert all(isinstance(outcome, Played) for outcome in outcomes), outcomes
    return [outcome.trace.text() for outcome in outcomes]


def files_of(module):
    return [load(name) for name in SCENARIOS[module]]


def with_flag(file, value, *, watched=False):
    """The scenario under the only flag there is, without the health hook, which heeds it."""
    hooks = file.scenario.hooks
    kept = tuple(each for each in hooks if watched or not isinstance(each, PsHealthEntry))
    changed = {"default_mem_limit": value, "hooks": kept}
    return dataclasses.replace(file, scenario=file.scenario.model_copy(update=changed))


@pytest.fixture(scope="module")
def driver(rust_player):
    """The built driver of the port."""
    return choose_player("rust").spec.where


@pytest.fixture(scope="module", params=["python", "rust"])
def player(request):
    return request.getfixturevalue(f"{request.param}_player")


@pytest.mark.parametrize("module", SCENARIOS)
def test_no_variable_changes_what_python_shows(python_player, monkeypatch, module):
    plain = traces(python_player, files_of(module))
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    assert traces(python_player, files_of(module)) == plain


@pytest.mark.parametrize("module", SCENARIOS)
def test_no_variable_changes_what_rust_shows(rust_player, driver, module):
    named = [f"{name}={value}" for name, value in VARIABLES.items()]
    player = DriverPlayer("rust", ["env", *named, driver])
    try:
        assert traces(player, files_of(module)) == traces(rust_player, files_of(module))
    finally:
        player.close()


@pytest.mark.parametrize("module", SCENARIOS)
def test_the_flag_changes_nothing_that_either_language_shows(player, module):
    files = files_of(module)
    assert traces(player, [with_flag(each, 0) for each in files]) == traces(
        player, [with_flag(each, None) for each in files]
    )


def test_the_flag_is_seen_where_there_is_a_health_hook(player):
    file = load("address/ipv4")
    stopped, unheeded = traces(player, [with_flag(file, 0, watched=True), file])
    assert '"kind":"report"' in stopped
    assert '"kind":"report"' not in unheeded


@pytest.mark.parametrize("module", SCENARIOS)
def test_python_logs_nothing(python_player, monkeypatch, module):
    paths = []
    absl = logging.getLogger("absl")
    monkeypatch.setattr(type(absl), "isEnabledFor", lambda self, level: True)
    absl.addFilter(lambda record: paths.append(record.pathname) or True)
    try:
        traces(python_player, files_of(module))
    finally:
        absl.filters.clear()
    assert any("/save_utils.py" in path for path in paths), "the saver hook's INFO is seen"
    assert [path for path in paths if MODULE_OF_PATH["python"][module] in path] == []


@pytest.mark.parametrize("module", SCENARIOS)
def test_rust_logs_nothing(driver, tmp_path, module):
    log = tmp_path / "log"
    player = DriverPlayer("rust", ["sh", "-c", f'exec "$@" 2> {log}', "sh", driver])
    try:
        traces(player, files_of(module))
    finally:
        player.close()
    lines = log.read_text().splitlines()
    assert any("save_utils::hook" in line for line in lines), "the saver hook's INFO is seen"
    assert [line for line in lines if MODULE_OF_PATH["rust"][module] in line] == []
