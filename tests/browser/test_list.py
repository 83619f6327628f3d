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


def test_the_causes_are_listed_and_filter_when_clicked(opened, report_page):
    page = opened(report_page)
    causes = page.locator(".causes li")
    assert causes.count() == 2
    assert "one more report on ps_health" in page.inner_text(".causes")
    with_planted = causes.filter(has_text=PLANTED)
    with_planted.locator("button").click()
    assert shown(page) == [PLANTED]
    assert "cause=" in page.url
    with_planted.locator("a").click()
    assert page.inner_text("#story-title") == PLANTED


def test_a_channel_filters_when_clicked(opened, report_page):
    page = opened(report_page)
    total = len(shown(page))
    page.click("button[data-channel=logs]")
    assert 0 < len(shown(page)) < total
    page.reload()
    assert 0 < len(shown(page)) < total


def test_the_text_filter_finds_what_stands_in_events(opened, report_page):
    page = opened(report_page)
    page.fill("#filter-text", "barrier is placed already")
    found = shown(page)
    assert "controller/stop_twice" in found
    assert len(found) < len(page.locator("#rows tr").all())


def test_the_list_can_be_sorted(opened, report_page):
    page = opened(report_page)
    page.select_option("#sort", "scenario")
    names = shown(page)
    assert names == sorted(names)
    page.select_option("#sort", "size")
    sizes = [int(text) for text in page.locator("#rows .number").all_text_contents()]
    assert sizes == sorted(sizes, reverse=True)
    page.click(f"a[data-scenario='{shown(page)[0]}']")
    assert page.inner_text(".story-nav .position").startswith("1 of ")


def test_a_dead_link_says_so(opened, report_page):
    page = opened(report_page, "#scenario=health/none")
    assert page.inner_text("#dead") == "There is no scenario health/none in this report."
    page.evaluate("location.hash = '#scenario=health/oom'")
    page.wait_for_selector("#story-title")
    page.click("#back")
    assert page.locator("#dead").is_hidden()
