"""The list of scenarios: totals, filters, keys."""

from __future__ import annotations

from tests.browser.real_reports import PLANTED


def shown(page):
    return page.locator("#rows tr:visible a").evaluate_all(
        "links => links.map((link) => link.dataset.scenario)"
    )


def test_what_needs_a_look_comes_first_and_is_said_on_top(opened, report_page):
    page = opened(report_page)
    assert "✕ 2 of " in page.locator(".outcome").first.inner_text()
    assert shown(page)[:2] == ["health/basic", PLANTED]


def test_the_list_is_filtered_by_text_folder_verdict_and_fault(opened, report_page):
    page = opened(report_page)
    total = len(shown(page))
    page.fill("#filter-text", "oom once")
    assert shown(page) == [PLANTED]
    page.click("#filter-reset")
    assert len(shown(page)) == total
    page.select_option("#filter-folder", "barrier")
    assert {name.split("/")[0] for name in shown(page)} == {"barrier"}
    page.click("#filter-reset")
    page.select_option("#filter-fault", "slow_save")
    assert "controller/slow_save" in shown(page)
    assert len(shown(page)) < total
    page.click("#filter-reset")
    page.click(".chip[data-verdict=differs]")
    assert shown(page) == [PLANTED]
    assert page.inner_text("#shown") == f"1 of {total} shown"


def test_a_filter_that_finds_nothing_says_so_and_can_be_reset(opened, report_page):
    page = opened(report_page)
    page.fill("#filter-text", "nothing like it")
    assert shown(page) == []
    page.click("#nothing-reset")
    assert shown(page) != []


def test_a_link_shows_what_its_sender_saw(opened, report_page):
    page = opened(report_page)
    page.fill("#filter-text", "oom")
    page.click(".chip[data-verdict=differs]")
    again = opened(report_page, page.evaluate("location.hash"))
    assert shown(again) == [PLANTED]
    assert again.input_value("#filter-text") == "oom"


def test_the_keyboard_alone_finds_opens_and_leaves_a_scenario(opened, report_page):
    page = opened(report_page)
    page.keyboard.press("/")
    page.keyboard.type("memory limit")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    focused = page.evaluate("document.activeElement.dataset.scenario")
    assert focused == shown(page)[1]
    page.keyboard.press("Enter")
    page.wait_for_selector("#story-title")
    assert page.inner_text("#story-title") == focused
    page.keyboard.press("Escape")
    page.wait_for_selector("#overview:visible")
    assert page.evaluate("document.activeElement.dataset.scenario") == focused
    assert page.input_value("#filter-text") == "memory limit"


def test_nothing_is_wider_than_a_phone(opened, report_page):
    for address in ("", f"#scenario={PLANTED}"):
        page = opened(report_page, address, viewport={"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
