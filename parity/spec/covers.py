"""What a scenario can be evidence for: numbers of the behaviour, and items of the seed."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import WithJsonSchema

from parity.base.problems import did_you_mean
from parity.base.terminal_text import shortened

BEHAVIOURS: Final = 80
"""The numbers of the behaviour are B1 to B80."""
MODULES: Final = (
    "barrier_ops",
    "ckpt_hooks",
    "ckpt_info",
    "client_lib",
    "constants",
    "controller_hooks",
    "device_utils",
    "hook_utils",
    "hook_utils_test",
    "logging_ops",
    "net_utils",
    "ps_check_hooks",
    "ps_check_hooks_test",
    "save_utils",
    "server_lib",
    "session_hooks",
)
"""The behaviour's modules, and those of the seed: the parity of each is an item."""
SEED_TESTS: Final = (
    "hook_utils_test.testBeforeAfterSaverListener",
    "ps_check_hooks_test.test_basic",
    "ps_check_hooks_test.test_oom",
    "ps_check_hooks_test.test_raise_in_after_create_session",
    "ps_check_hooks_test.test_raise_in_before_run",
    "ps_check_hooks_test.test_default_report",
)
"""The tests that the seed names."""
COVERED: Final = frozenset(
    {
        *(f"B{number}" for number in range(1, BEHAVIOURS + 1)),
        *(f"{module}.parity" for module in MODULES),
        *SEED_TESTS,
    }
)


def unknown(item: str) -> str | None:
    """Say what was expected instead; None of what can be covered."""
    if item in COVERED:
        return None
    hint = "" if item[:1] == "B" and item[1:].isdigit() else did_you_mean(item, COVERED)
    return (
        f"expected B1 to B{BEHAVIOURS}, or an item of the seed such as server_lib.parity, "
        f"got {shortened(item)}{hint}"
    )


_NUMBERS: Final = f"B([1-9]|[1-{BEHAVIOURS // 10 - 1}][0-9]|{BEHAVIOURS})"
_ITEMS: Final = "|".join(item.replace(".", "[.]") for item in sorted(COVERED) if "." in item)

Covered = Annotated[str, WithJsonSchema({"type": "string", "pattern": f"^({_NUMBERS}|{_ITEMS})$"})]
"""One of them; that it is one is held to with the other references of a scenario."""
