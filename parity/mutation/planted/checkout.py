"""The checkout whose sources are mutated, here or where a worker is."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from parity.base import project
from parity.base.problems import PortUnavailableError
from parity.mutation.planted.scratch import digest_of, judge_texts
from parity.players.choose import PlayerSpec
from parity.players.source_digests import sources_here
from parity.spec.loading import load_all

_SHOWN: Final = 12
"""Digits of a digest: enough to tell two apart, and to read."""


def mutable_sources() -> Path:
    """Return the root of the checkout.

    Raises:
        PortUnavailableError: This is an installed package.
    """
    if project.SOURCES is None:
        raise PortUnavailableError("an installed package doesn't have the sources to mutate")
    return project.SOURCES


def judged_sources() -> dict[str, str]:
    """Return a digest or version of everything that the result for a mutant depends on here.

    Raises:
        PortUnavailableError: This is an installed package.
    """
    root = mutable_sources()
    texts = {"scenarios": [file.text for file in load_all([])], **judge_texts(root)}
    digests = {
        name: digest_of(each).removeprefix("sha256:")[:_SHOWN] for name, each in texts.items()
    }
    return {**sources_here([PlayerSpec(kind="rust")]), **digests}
