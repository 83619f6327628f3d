"""The modules that the hooks of a play are from: ours, or for some roles anybody's."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Final, Literal, get_args
from unittest import mock

from fakes.virtual_clock import VirtualClock

Role = Literal[
    "barrier_ops",
    "ckpt_hooks",
    "controller_hooks",
    "hook_utils",
    "ps_check_hooks",
    "save_utils",
    "server_lib",
    "session_hooks",
]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
NAMES: Final[Mapping[Role, tuple[str, ...]]] = {
    "barrier_ops": ("BarrierOp", "BarrierHook", "BarrierAlreadyPlacedError"),
    "ckpt_hooks": ("BarrierSaverListener", "WorkerCkptHelper"),
    "controller_hooks": ("ControllerHook", "QueryActionHook", "StopHelper"),
    "hook_utils": ("BeforeSaveListener", "AfterSaveListener"),
    "ps_check_hooks": ("Config", "PsHealthCheckerHook"),
    "save_utils": ("NoFirstSaveCheckpointSaverHook",),
    "server_lib": ("ServerHook",),
    "session_hooks": ("SetCurrentSessionHook", "get_current_session"),
}
"""What a play uses of the module of each role."""
_CATCHES_ALREADY_PLACED: Final[tuple[Role, ...]] = ("server_lib", "ckpt_hooks")


def our_module(role: Role) -> ModuleType:
    """Return the module of ``monolith_hooks`` that plays a role."""
    name = f"server.{role}" if role == "server_lib" else role
    return importlib.import_module(f"monolith_hooks.{name}")


@dataclass(frozen=True)
class Implementation:
    """The module of each role; those that aren't foreign are ours.

    Foreign modules are given no clock and nothing else that only ours take: ``on_clock`` puts
    them on the clock of a play for a block, ``health`` has the health ops and ``address`` the
    IP of the hook that is being called.
    """

    name: str = "monolith_hooks"
    foreign: Mapping[Role, ModuleType] = field(default_factory=dict)
    on_clock: Callable[[VirtualClock], AbstractContextManager[None]] | None = None
    health: Any = None
    address: Any = None

    def of(self, role: Role) -> Any:
        """Return the module of a role."""
        return self.foreign.get(role) or our_module(role)

    def make(
        self, role: Role, name: str, *args: Any, only_ours: Mapping[str, Any], **kwargs: Any
    ) -> Any:
        """Construct an object of a role's module.

        Args:
            role: The role.
            name: The class.
            args: Arguments of the class.
            only_ours: Keyword arguments that foreign classes don't have, such as the clock.
            kwargs: Keyword arguments of the class.
        """
        beside = {} if role in self.foreign else only_ours
        return getattr(self.of(role), name)(*args, **kwargs, **beside)

    def role_of(self, file: str) -> Role | None:
        """Return the role of the module with this file, if it has one."""
        return next((role for role in ROLES if self.of(role).__file__ == file), None)

    def monitor(self, hook: Any, ops: object) -> None:
        """Let a health hook build its ops from these, which ours has been given."""
        if "ps_check_hooks" in self.foreign:
            _before(hook, "begin", lambda: setattr(self.health, "ops", ops))

    def publish(self, hook: Any, ip: str) -> None:
        """Let a server hook publish this IP, which ours has been given."""
        if "server_lib" in self.foreign:
            _before(hook, "after_create_session", lambda: setattr(self.address, "ip", ip))

    @contextmanager
    def playing(self, clock: VirtualClock) -> Iterator[None]:
        """Play with these modules during the block."""
        with ExitStack() as stack:
            if self.on_clock is not None:
                stack.enter_context(self.on_clock(clock))
            if "barrier_ops" in self.foreign:
                raised = self.of("barrier_ops").BarrierAlreadyPlacedError
                for role in _CATCHES_ALREADY_PLACED:
                    module = our_module(role)
                    stack.enter_context(
                        mock.patch.object(module, "BarrierAlreadyPlacedError", raised)
                    )
            yield


def _before(hook: Any, method: str, action: Callable[[], None]) -> None:
    real = getattr(hook, method)

    def called(*args: Any) -> Any:
        action()
        return real(*args)

    setattr(hook, method, called)


OURS: Final = Implementation()
