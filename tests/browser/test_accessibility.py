"""axe finds nothing serious in any view, light and wide or dark and narrow."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from parity.report.page.html import render_html
from tests.browser.chromium import PHONE, WIDE
from tests.browser.real_reports import PLANTED, all_records, incomplete_report

VIEWS = {
    "list": "",
    "story": f"#scenario={PLANTED}",
    "lanes": f"#scenario={PLANTED}&fold=main&pin=ps_health&lanes=all",
    "failed": "#scenario=health/basic",
}


# Colours go by the scheme and places by the width: two of the four have each once.
@pytest.mark.parametrize(
    ("viewport", "scheme"), [(WIDE, "light"), (PHONE, "dark")], ids=["wide-light", "phone-dark"]
)
@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing_serious(opened, report_page, view, viewport, scheme):
    page = opened(report_page, VIEWS[view], viewport=viewport, scheme=scheme)
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_incomplete_report_says_so_on_top_and_axe_finds_nothing_serious(
    opened, tmp_path, scheme
):
    records = [each for each in all_records() if each.scenario == PLANTED]
    path = tmp_path / "index.html"
    path.write_text(render_html(incomplete_report(records, of=353)), encoding="utf-8")
    for address in ("", f"#scenario={PLANTED}"):
        page = opened(path, address, viewport=PHONE, scheme=scheme)
        said = page.locator(".incomplete")
        assert said.is_visible()
        assert "The run did not end: 1 of 353 scenarios" in said.inner_text()
        assert violations(page) == []


def violations(page):
    return [
        f"{each['impact']} {each['id']}: {each['nodes'][0]['html'][:120]}"
        for each in Axe().run(page).response["violations"]
        if each["impact"] in {"serious", "critical", "moderate"}
    ]
