"""Puts scenarios and recorded traces into the package, where it isn't this checkout itself."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Bundle(BuildHookInterface):  # type: ignore[type-arg]
    """An editable install reads them where they lie."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before a wheel is built."""
        if version == "standard":
            for folder in ("scenarios", "recorded"):
                build_data["force_include"][folder] = f"parity/bundled/{folder}"
