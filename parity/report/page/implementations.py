"""The places where the facts that scenarios cover are described, and implemented on both sides.

One table has the files that implement each fact in the two languages, by the fact's number.
Facts that no single hook implements (B39 to B41 of TensorFlow's session, B48 to B50 of a cluster,
B78 of all hooks together) aren't in it.
"""

from __future__ import annotations

import functools
import os
import re
import string
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from parity.base import project
from parity.base.model import Model

_RUST: Final = "monolith-rs/crates/monolith-training/src"
_NUMBER: Final = re.compile(r"### (B[1-9][0-9]*)")


class Implementation(Model):
    """A class or function of the reference and of the port, by the same name.

    The lines are those of its definitions, if the sources are here.
    """

    name: str
    python: str
    rust: str
    python_line: int | None = None
    rust_line: int | None = None


class Sources(Model):
    """What a page links to.

    ``root`` is the way from the page to the checkout, None if there is none around it.
    ``facts`` has the line of each fact in docs/behaviour.md, and ``implemented`` the number of its
    implementation among ``implementations``.
    """

    root: str | None
    facts: dict[str, int]
    implemented: dict[str, int]
    implementations: tuple[Implementation, ...]


def _of(name: str, python: str, rust: str) -> Implementation:
    return Implementation(name=name, python=f"monolith_hooks/{python}", rust=f"{_RUST}/{rust}")


_MACHINE: Final = _of("check_machine_health", "logging_ops.py", "logging_ops.rs")
_BARRIER_SAVER: Final = _of(
    "BarrierSaverListener", "ckpt_hooks.py", "hooks/ckpt_hooks/barrier_saver.rs"
)
_SERVER: Final = _of("ServerHook", "server/server_lib.py", "hooks/server/server_lib.rs")
_SERVICER: Final = _of("ControllerServicer", "server/server_lib.py", "hooks/server/servicer.rs")
_SAVER: Final = _of("NoFirstSaveCheckpointSaverHook", "save_utils.py", "save_utils/hook.rs")
_BY_FACT: Final[tuple[tuple[range, Implementation], ...]] = (
    (range(1, 3), _of("machine_info", "logging_ops.py", "logging_ops.rs")),
    (range(3, 5), _MACHINE),
    (
        range(5, 6),
        _of("get_ps_machine_info_shared_name", "ps_check_hooks.py", "hooks/ps_check_hooks.rs"),
    ),
    (range(6, 17), _of("PsHealthCheckerHook", "ps_check_hooks.py", "hooks/ps_check_hooks.rs")),
    (range(17, 22), _of("BarrierOp", "barrier_ops.py", "barrier_ops.rs")),
    (range(22, 23), _of("BarrierHook", "barrier_ops.py", "barrier_ops/hook.rs")),
    (range(23, 25), _of("BarrierOp", "barrier_ops.py", "barrier_ops.rs")),
    (range(25, 31), _SERVICER),
    (range(31, 33), _SAVER),
    (range(33, 38), _SERVER),
    (
        range(38, 39),
        _of("get_channel_from_model_dir", "server/client_lib.py", "hooks/server/client_lib.rs"),
    ),
    (range(42, 43), _of("BeforeSaveListener", "hook_utils.py", "hooks/hook_utils.rs")),
    (range(43, 44), _SERVICER),
    (range(44, 45), _of("get_local_server_addr", "net_utils.py", "net_utils.rs")),
    (range(45, 46), _of("SetCurrentSessionHook", "session_hooks.py", "hooks/session_hooks.rs")),
    (range(46, 47), _of("ControllerHook", "controller_hooks.py", "hooks/controller_hooks.rs")),
    (
        range(47, 48),
        _of("QueryActionHook", "controller_hooks.py", "hooks/controller_hooks/query_action.rs"),
    ),
    (range(51, 53), _of("get_ckpt_info", "ckpt_hooks.py", "hooks/ckpt_hooks/ckpt_meta.rs")),
    (range(53, 60), _BARRIER_SAVER),
    (range(60, 67), _of("WorkerCkptHelper", "ckpt_hooks.py", "hooks/ckpt_hooks/worker_ckpt.rs")),
    (range(67, 71), _of("FidSlotCountSaverListener", "ckpt_info.py", "hooks/ckpt_info.rs")),
    (range(71, 72), _BARRIER_SAVER),
    (range(72, 75), _SAVER),
    (range(75, 76), _of("SaveHelper", "checkpoint_state.py", "save_utils/save_helper.rs")),
    (range(76, 77), _of("SecondOrStepTimerWithTideSetting", "save_timer.py", "save_utils/tide.rs")),
    (range(77, 78), _SAVER),
    (range(79, 80), _MACHINE),
    (range(80, 81), _SERVER),
)


def sources_of(covers: Iterable[str], folder: Path | None) -> Sources:
    """Return the links of a page in ``folder`` for the facts or clauses that scenarios cover."""
    lines = _lines_of_facts()
    facts = sorted({number for name in covers if (number := fact_of(name)) in lines})
    used: list[Implementation] = []
    implemented = {}
    for fact in facts:
        if (found := implementation_of(fact)) is not None:
            if found not in used:
                used.append(found)
            implemented[fact] = used.index(found)
    return Sources(
        root=None if folder is None else _way_to_the_checkout(folder),
        facts={fact: lines[fact] for fact in facts},
        implemented=implemented,
        implementations=tuple(used),
    )


def fact_of(clause: str) -> str:
    """Return the number of a clause's fact: ``B8`` for ``B8e``."""
    return clause.rstrip(string.ascii_lowercase)


def implementation_of(fact: str) -> Implementation | None:
    """Return the implementation of a fact, with its lines if the sources are here, or None."""
    number = int(fact.removeprefix("B"))
    found = next((each for facts, each in _BY_FACT if number in facts), None)
    if found is None or project.SOURCES is None:
        return found
    lines = {
        "python_line": _line_of(project.SOURCES / found.python, found.name),
        "rust_line": _line_of(project.SOURCES / found.rust, found.name),
    }
    return found.model_copy(update=lines)


@functools.cache
def _line_of(path: Path, name: str) -> int | None:
    """Return the line of the definition of a class or function; None if it isn't there."""
    if not path.is_file():
        return None
    defines = re.compile(rf" *(?:class|def|(?:pub )?(?:struct|fn)) {name}\b")
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((i for i, line in enumerate(lines, start=1) if defines.match(line)), None)


@functools.cache
def _lines_of_facts() -> Mapping[str, int]:
    lines = project.BEHAVIOUR.read_text(encoding="utf-8").splitlines()
    return {
        found[1]: i for i, line in enumerate(lines, start=1) if (found := _NUMBER.fullmatch(line))
    }


def _way_to_the_checkout(folder: Path) -> str | None:
    checkout, folder = project.SOURCES, folder.resolve()
    if checkout is None or not folder.is_relative_to(checkout):
        return None
    return os.path.relpath(checkout, folder)
