"""Monolith's training hooks and controller, on TensorFlow and gRPC.

The names below are the public API. Each is imported when it is first used, so that code
that needs no TensorFlow, such as ``monolith-controller``, doesn't import it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from monolith_hooks.barrier_ops import (
        BarrierAlreadyPlacedError,
        BarrierHook,
        BarrierOp,
        Hold,
    )
    from monolith_hooks.clock import Clock, SystemClock
    from monolith_hooks.controller_hooks import ControllerHook, QueryActionHook, StopHelper
    from monolith_hooks.held_barrier import HeldBarrier
    from monolith_hooks.hook_utils import AfterSaveListener, BeforeSaveListener
    from monolith_hooks.net_utils import NodeAliveChecker
    from monolith_hooks.operating import Operator, OperatorError
    from monolith_hooks.ps_check_hooks import Config, PsHealthCheckerHook
    from monolith_hooks.resilient_watch import Resilience, WatchStatus
    from monolith_hooks.save_utils import (
        NoFirstSaveCheckpointSaverHook,
        SaveHelper,
        SecondOrStepTimerWithTideSetting,
    )
    from monolith_hooks.server.access import ServerAccess
    from monolith_hooks.server.audit import AuditRecord
    from monolith_hooks.server.channels import ClientAccess
    from monolith_hooks.server.client_lib import get_channel_from_model_dir
    from monolith_hooks.server.credentials import AccessError
    from monolith_hooks.server.server_lib import ServerHook
    from monolith_hooks.session_hooks import SetCurrentSessionHook, get_current_session

__all__ = [
    "AccessError",
    "AfterSaveListener",
    "AuditRecord",
    "BarrierAlreadyPlacedError",
    "BarrierHook",
    "BarrierOp",
    "BeforeSaveListener",
    "ClientAccess",
    "Clock",
    "Config",
    "ControllerHook",
    "HeldBarrier",
    "Hold",
    "NoFirstSaveCheckpointSaverHook",
    "NodeAliveChecker",
    "Operator",
    "OperatorError",
    "PsHealthCheckerHook",
    "QueryActionHook",
    "Resilience",
    "SaveHelper",
    "SecondOrStepTimerWithTideSetting",
    "ServerAccess",
    "ServerHook",
    "SetCurrentSessionHook",
    "StopHelper",
    "SystemClock",
    "WatchStatus",
    "get_channel_from_model_dir",
    "get_current_session",
]

_MODULES: Final = {
    "barrier_ops": ("BarrierAlreadyPlacedError", "BarrierHook", "BarrierOp", "Hold"),
    "clock": ("Clock", "SystemClock"),
    "controller_hooks": ("ControllerHook", "QueryActionHook", "StopHelper"),
    "held_barrier": ("HeldBarrier",),
    "hook_utils": ("AfterSaveListener", "BeforeSaveListener"),
    "net_utils": ("NodeAliveChecker",),
    "operating": ("Operator", "OperatorError"),
    "ps_check_hooks": ("Config", "PsHealthCheckerHook"),
    "resilient_watch": ("Resilience", "WatchStatus"),
    "save_utils": (
        "NoFirstSaveCheckpointSaverHook",
        "SaveHelper",
        "SecondOrStepTimerWithTideSetting",
    ),
    "server.access": ("ServerAccess",),
    "server.audit": ("AuditRecord",),
    "server.channels": ("ClientAccess",),
    "server.client_lib": ("get_channel_from_model_dir",),
    "server.credentials": ("AccessError",),
    "server.server_lib": ("ServerHook",),
    "session_hooks": ("SetCurrentSessionHook", "get_current_session"),
}
_MODULE_OF: Final = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
