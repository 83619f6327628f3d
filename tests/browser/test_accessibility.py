"""axe finds nothing serious in any view, light or dark, wide or narrow."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.chromium import PHONE, WIDE
from tests.browser.real_reports import PLANTED

VIEWS = {
    "list": "",
    "story": f"#scenario={PLANTED}",
    "lanes": f"#scenario={PLANTED}&fold=main&pin=ps_health&lanes=all",
    "failed": "#scenario=health/basic",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing_serious(opened, report_page, view, viewport, scheme):
    page = opened(report_page, VIEWS[view], viewport=viewport, scheme=scheme)
    found = [
        f"{each['impact']} {each['id']}: {each['nodes'][0]['html'][:120]}"
        for each in Axe().run(page).response["violations"]
        if each["impact"] in {"serious", "critical", "moderate"}
    ]
    assert found == []
