"""Puts scenarios, recordings, schemas and facts into the package, unless it is this checkout."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Bundle(BuildHookInterface):  # type: ignore[type-arg]
    """An editable install reads them where they lie."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bundle the data files, before a wheel is built."""
        if version == "standard":
            for path in ("scenarios", "recorded", "schemas", "docs/behaviour.md"):
                build_data["force_include"][path] = f"parity/bundled/{path}"
