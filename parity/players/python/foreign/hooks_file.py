"""The file that says which modules play the hooks' roles (docs/your-own-hooks.md)."""

from __future__ import annotations

import importlib
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Literal
from unittest import mock

from pydantic import Field, ValidationError
from tensorflow.python.training import basic_session_run_hooks, coordinator

from fakes.virtual_clock import VirtualClock
from monolith_hooks import logging_ops, net_utils
from parity.base.model import Model, frozen
from parity.base.problems import UsageError
from parity.players.python.foreign.loading import stand_in_module, virtual_imports
from parity.players.python.foreign.virtual_names import (
    ClockOfPlay,
    VirtualThread,
    stand_ins,
)
from parity.players.python.implementation import NAMES, ROLES, Implementation, Role

_LABELS: Final[Mapping[str, str]] = {
    "ps_check_hooks": "ps_health",
    "controller_hooks": "query_action",
    "server_lib": "controller",
}
"""The labels of lanes that a role's module starts, which are those of our own."""
_ADDRESS: Final = "get_local_server_addr"


class HooksFile(Model):
    """The modules that play roles, and what is needed to import them."""

    path: tuple[str, ...] = ()
    """Folders to import from, relative to this file."""
    modules: dict[Role | Literal["logging_ops", "net_utils"], str]
    """The module of each role; the others stay ours. That of ``logging_ops`` isn't imported:
    the fakes' ops stand in its place."""
    virtual: tuple[str, ...] = ()
    """Other modules whose waits and threads are to be virtual."""
    replace: dict[str, str] = Field(default_factory=dict)
    """What stands in the place of a module: ``mock``, a file, or another module's name."""


def load(file: Path, tell: Callable[[str], None]) -> Implementation:
    """Import the modules that a file names; ``tell`` is called with what can't be virtual.

    Raises:
        UsageError: The file, or a module that it names, can't be read, or lacks a name.
    """
    hooks = _read(file)
    folder = file.resolve().parent
    sys.path[:0] = [str(folder / each) for each in hooks.path]
    clock, health = ClockOfPlay(tell), HealthOfPlay()
    for name, instead in hooks.replace.items():
        sys.modules[name] = _stand_in(file, name, instead)
    for name in hooks.replace:
        package, _, inner = name.rpartition(".")
        if package in hooks.replace:
            setattr(sys.modules[package], inner, sys.modules[name])
    if "logging_ops" in hooks.modules:
        sys.modules[hooks.modules["logging_ops"]] = health
    with virtual_imports(clock, _labels(hooks)):
        foreign = {
            role: _import(file, role, hooks.modules[role])
            for role in ROLES
            if role in hooks.modules
        }
        net = _import(file, "net_utils", hooks.modules.get("net_utils", "monolith_hooks.net_utils"))
    for role, module in foreign.items():
        for name in NAMES[role]:
            if not hasattr(module, name):
                raise UsageError(f"{file}: modules.{role}: {module.__name__} has no {name}")
    address = Address(foreign.get("server_lib"), net)

    @contextmanager
    def on_clock(now: VirtualClock) -> Iterator[None]:
        with _on_clock(clock, now), address.given():
            yield

    return Implementation(f"hooks:{file}", foreign, on_clock, health, address)


def _labels(hooks: HooksFile) -> dict[str, str | None]:
    """Return the modules to be put on the clock, with the label of the lanes of each."""
    labels: dict[str, str | None] = dict.fromkeys(hooks.virtual)
    labels.update({module: _LABELS.get(role, role) for role, module in hooks.modules.items()})
    stand_ins = {*hooks.replace, hooks.modules.get("logging_ops")}
    return {module: label for module, label in labels.items() if module not in stand_ins}


def _read(file: Path) -> HooksFile:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{file}: can't be read: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"{file}: expected a TOML file: {error}") from None
    try:
        return HooksFile.model_validate(frozen(document))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])).removesuffix(".[key]")
        raise UsageError(f"{file}: {place}: {first['msg']} (docs/your-own-hooks.md)") from None


def _stand_in(file: Path, name: str, instead: str) -> ModuleType:
    try:
        return stand_in_module(name, instead, file.resolve().parent)
    except Exception as error:
        raise UsageError(f"{file}: replace.{name}: {type(error).__name__}: {error}") from error


def _import(file: Path, role: str, module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except Exception as error:
        raise UsageError(
            f"{file}: modules.{role}: {module} can't be imported: {type(error).__name__}: {error}; "
            "a module that can't be had needs another in its place, under [replace]"
        ) from error


class HealthOfPlay(ModuleType):
    """A module in the place of ``logging_ops``, whose health ops are those of the play."""

    def __init__(self) -> None:
        super().__init__("logging_ops")
        self.ops: Any = None

    def machine_info(self, *args: Any, **kwargs: Any) -> Any:
        """Return the op of the play."""
        return self.ops.machine_info(*args, **kwargs)

    def check_machine_health(self, *args: Any, **kwargs: Any) -> Any:
        """Return the op of the play."""
        return self.ops.check_machine_health(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(logging_ops, name)


class Address:
    """The function that foreign modules have for the address of a server on this machine."""

    def __init__(self, *modules: ModuleType | None) -> None:
        holders = [module for module in modules if module is not None]
        for module in tuple(holders):
            inner = (value for value in vars(module).values() if isinstance(value, ModuleType))
            holders += [each for each in inner if _ADDRESS in vars(each)]
        self._holders = [module for module in holders if _ADDRESS in vars(module)]
        self.ip = ""

    @contextmanager
    def given(self) -> Iterator[None]:
        """Let a server on this machine have the address ``ip`` during the block."""
        with ExitStack() as stack:
            for module in self._holders:
                stack.enter_context(
                    mock.patch.object(
                        module,
                        _ADDRESS,
                        lambda port: net_utils.concat_ip_and_port(self.ip, port),
                    )
                )
            yield


@contextmanager
def _on_clock(clock: ClockOfPlay, now: VirtualClock) -> Iterator[None]:
    """Put foreign modules, and TensorFlow's timers and coordinators, on a clock."""
    real = coordinator.Coordinator
    register, join = real.register_thread, real.join

    def register_thread(self: Any, thread: Any) -> None:
        register(self, thread)
        if isinstance(thread, VirtualThread):
            thread.coordinator = self
            if thread.lane is not None:
                now.join_with(thread.lane, self)

    def wait_for_stop(self: Any, timeout: float | None = None) -> bool:
        return now.wait_for_stop(self, timeout)

    def join_threads(self: Any, threads: Any = None, *args: Any, **kwargs: Any) -> None:
        lanes = [each.lane for each in threads or () if isinstance(each, VirtualThread)]
        if "join" in vars(self) or not any(lanes):
            join(self, threads, *args, **kwargs)
            return
        for lane in filter(None, lanes):
            now.join_with(lane, self)
        self.join(threads, *args, **kwargs)

    timers = stand_ins(clock, basic_session_run_hooks.__name__, "timer")
    with (
        clock.set_to(now),
        mock.patch.object(basic_session_run_hooks, "time", timers["time"]),
        mock.patch.object(real, "register_thread", register_thread),
        mock.patch.object(real, "wait_for_stop", wait_for_stop),
        mock.patch.object(real, "join", join_threads),
    ):
        yield
