from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from parity.base.problems import UsageError
from parity.players.python.foreign import hooks_file
from parity.players.python.player import PythonPlayer
from parity.spec.loading import load_scenario
from parity.verdict.expectations import unmet

ROOT = Path(__file__).resolve().parents[5]
PLAIN = ROOT / "tests" / "plain_hooks"


@pytest.fixture
def imports(monkeypatch):
    """Leaves what is imported as it was."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = dict(sys.modules)
    yield
    for name in set(sys.modules) - set(before):
        del sys.modules[name]
    sys.modules.update(before)


@pytest.fixture
def load(tmp_path, imports):
    """Loads a file with this text, beside which there are these modules."""

    def of(text, **modules):
        for name, source in modules.items():
            (tmp_path / f"{name}.py").write_text(source)
        file = tmp_path / "hooks.toml"
        file.write_text(text)
        told: list[str] = []
        return hooks_file.load(file, told.append), told

    return of


def plain(tmp_path, *changes) -> Path:
    """A copy of the plain hooks with changes: file, text, and text instead."""
    copy = tmp_path / "plain_hooks"
    shutil.copytree(PLAIN, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for name, old, new in changes:
        source = (copy / name).read_text()
        assert old in source
        (copy / name).write_text(source.replace(old, new))
    return copy / "hooks.toml"


def play(file: Path, *names: str) -> dict[str, list[str]]:
    """What each scenario finds unmet on the hooks of a file."""
    player = PythonPlayer(hooks_file.load(file, lambda _: None))
    found = {}
    for name in names:
        scenario = load_scenario(ROOT / "scenarios" / f"{name}.yaml", ROOT / "scenarios")
        outcome = player.play(scenario)
        found[name] = list(map(str, unmet(scenario.scenario, outcome.trace)))
    return found


SOME = (
    "address/ipv6",
    "barrier/stop_and_resume",
    "checkpoint/input_goes_back",
    "checkpoint/save_holds_workers",
    "controller/scheduled_save_fails_and_is_ignored",
    "health/oom",
    "health/slow_poll_delays_exit",
    "operator/action_files_after_recreation",
    "operator/stop_gives_up_after_30s_to_the_millisecond",
    "saver/tide",
    "session/recreation",
)


def test_plain_hooks_meet_what_scenarios_expect(tmp_path, imports):
    assert play(plain(tmp_path), *SOME) == {name: [] for name in SOME}


@pytest.mark.parametrize(
    ("change", "scenario", "broken"),
    [
        (
            ("ps_check_hooks.py", ".place_barrier(session)", ".is_barrier_placed(session)"),
            "health/oom",
            "steps[2].expect",
        ),
        (
            (
                "save_utils.py",
                "reversed(self._guard_saver_listeners)",
                "self._guard_saver_listeners",
            ),
            "saver/guards_end_in_reverse_order",
            "expect.listener_calls",
        ),
    ],
    ids=["the barrier isn't placed", "guards end in order"],
)
def test_a_fault_that_is_planted_in_foreign_hooks_is_seen(
    tmp_path, imports, change, scenario, broken
):
    (found,) = play(plain(tmp_path, change), scenario).values()
    assert any(each.startswith(broken) for each in found)


def test_roles_that_are_not_named_stay_ours(tmp_path, imports):
    file = plain(tmp_path)
    lines = file.read_text().splitlines()
    kept = ("path", "[modules]", "barrier_ops")
    file.write_text("\n".join(line for line in lines if line.startswith(kept)))
    names = ("health/barrier_already_placed", "controller/stop_twice")
    assert play(file, *names) == {name: [] for name in names}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("modules = 3", "modules"),
        ("", "modules"),
        ("[modules", "expected a TOML file"),
        ('[modules]\nno_role = "x"', "no_role"),
        ('[modules]\nhook_utils = "mine"\n[more]\nx = 1', "more"),
        ('[modules]\nhook_utils = "no_such_module"', "No module named 'no_such_module'"),
        ('path = ["."]\n[modules]\nhook_utils = "mine"', "mine has no AfterSaveListener"),
        ('path = ["."]\n[modules]\nhook_utils = "broken"', "ZeroDivisionError"),
        ('[modules]\nhook_utils = "mine"\n[replace]\n"x" = "no.py"', "replace.x: FileNotFound"),
        ('[modules]\nhook_utils = "mine"\n[replace]\n"x" = "not_there"', "replace.x: ModuleNot"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_before_anything_is_played(load, text, problem):
    with pytest.raises(UsageError) as refused:
        load(text, mine="class BeforeSaveListener: pass", broken="1 / 0")
    assert problem in str(refused.value)
    assert "hooks.toml" in str(refused.value)


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="No such file"):
        hooks_file.load(tmp_path / "no.toml", lambda _: None)


LISTENERS = "class BeforeSaveListener: pass\nclass AfterSaveListener: pass\n"


@pytest.mark.parametrize(
    "imports_of_time",
    [
        "import time\nnow = time.time",
        "import time as clock\nnow = clock.time",
        "from time import time as now",
        "def now():\n    from time import time\n    return time()",
    ],
)
def test_time_is_virtual_in_whatever_way_it_is_imported(load, imports_of_time):
    implementation, told = load(
        'path = ["."]\n[modules]\nhook_utils = "mine"', mine=LISTENERS + imports_of_time
    )
    from fakes.virtual_clock import VirtualClock

    clock = VirtualClock()
    with implementation.playing(clock):
        assert clock.run(implementation.of("hook_utils").now) == 0
    assert told == []


def test_other_modules_are_virtual_only_if_they_are_named(load):
    mine = LISTENERS + "import helper\nnow = helper.time.time"
    text = 'path = ["."]\n%s[modules]\nhook_utils = "mine"'
    from fakes.virtual_clock import VirtualClock

    for virtual, is_real in (("", True), ('virtual = ["helper"]\n', False)):
        sys.modules.pop("helper", None)
        implementation, _ = load(text % virtual, mine=mine, helper="import time")
        clock = VirtualClock()
        with implementation.playing(clock):
            assert (clock.run(implementation.of("hook_utils").now) > 0) is is_real


def test_what_waits_in_another_way_is_told(load):
    _, told = load(
        'path = ["."]\n[modules]\nhook_utils = "mine"',
        mine=LISTENERS + "import queue\nfrom threading import Condition",
    )
    assert [each.split(":")[0] for each in told] == ["queue in mine", "threading.Condition in mine"]


def test_a_module_that_cannot_be_had_has_a_mock_a_file_or_another_in_its_place(load):
    mine = LISTENERS + (
        "import gone.metrics, gone.proto, gone.base\n"
        "@gone.metrics.timed('x')\n"
        "def value():\n"
        "    with gone.metrics.Client(port=3).timer() as timer:\n"
        "        timer.emit(1)\n"
        "    return gone.base.VALUE, gone.proto.MachineHealthResult.__name__\n"
    )
    implementation, _ = load(
        'path = ["."]\n[modules]\nhook_utils = "mine"\n[replace]\n"gone" = "mock"\n'
        '"gone.metrics" = "mock"\n"gone.base" = "base_stub.py"\n'
        '"gone.proto" = "monolith_hooks.logging_ops_pb2"',
        mine=mine,
        base_stub="VALUE = 7",
    )
    assert implementation.of("hook_utils").value() == (7, "MachineHealthResult")


def test_the_command_compares_foreign_hooks_with_ours(tmp_path):
    command = [sys.executable, "-m", "parity", "run", "--reference", f"hooks:{PLAIN}/hooks.toml"]
    command += ["--peer", "python", "--report", str(tmp_path), "health/oom"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "1 scenario: 1 agree" in done.stdout
