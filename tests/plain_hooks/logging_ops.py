"""Machine info and health ops (borrowed)."""

from monolith_hooks.logging_ops import check_machine_health, machine_info  # noqa: F401
