"""Fixtures of more than these tests."""

from __future__ import annotations

from tests.proxies import proxy

__all__ = ["proxy"]
