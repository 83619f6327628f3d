"""Links of the README, which the documentation's own builder doesn't see."""

from __future__ import annotations

import re

import pytest

from parity.base import project

PAGES = ["README.md", "monolith-rs/README.md", "CHANGELOG.md"]


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file_that_is_there(page):
    path = project.ROOT / page
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text())
    missing = [target for target in targets if not (path.parent / target).exists()]
    assert missing == []
