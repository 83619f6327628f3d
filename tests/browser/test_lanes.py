"""The lanes of a story's timeline: folded, pinned, hidden when empty."""

from __future__ import annotations

from tests.browser.real_reports import PLANTED

STORY = f"#scenario={PLANTED}"
FOLD = ".lane-labels [role=group] .fold"
PIN = ".lane-labels [role=group] .pin"


def lanes(page):
    """The names of one side's lanes, from top to bottom."""
    return page.locator(".side").first.locator(".lane-name").all_text_contents()


def focused(page):
    return page.evaluate(
        "[document.activeElement.className, document.activeElement.dataset.lane].join(' ')"
    )


def test_empty_lanes_are_hidden_named_and_can_be_shown(opened, report_page):
    page = opened(report_page, STORY)
    assert lanes(page) == ["chief (main)", "worker 1", "health thread", "controller", "PS 1"]
    assert page.inner_text(".hidden-lanes") == "2 empty lanes are hidden: worker 2, PS 0. Show"
    page.press("#all-lanes", "Enter")
    assert "worker 2" in lanes(page)
    assert page.evaluate("document.activeElement.id") == "all-lanes"
    page.press("#all-lanes", "Enter")
    assert "worker 2" not in lanes(page)


def test_a_lane_is_folded_and_unfolded_by_its_name_on_both_sides(opened, report_page):
    page = opened(report_page, STORY)
    labels = page.locator(".event.work text").count()
    page.click(f"{FOLD}[data-lane=main]")
    assert page.locator(".event.work text").count() == 0
    assert page.locator(".event.work.dot").count() == labels
    assert page.get_attribute(f"{FOLD}[data-lane=main]", "aria-expanded") == "false"
    page.click(".lane-labels [aria-hidden] .fold[data-lane=main]")
    assert page.locator(".event.work text").count() == labels


def test_a_pinned_lane_stands_on_top_until_it_is_unpinned(opened, report_page):
    page = opened(report_page, STORY)
    before = lanes(page)
    page.click(f'{PIN}[data-lane="PS 1"]')
    page.click(f"{PIN}[data-lane=controller]")
    assert lanes(page)[:3] == ["PS 1", "controller", "chief (main)"]
    page.click(f'{PIN}[data-lane="PS 1"]')
    page.click(f"{PIN}[data-lane=controller]")
    assert lanes(page) == before


def test_the_choice_of_lanes_is_in_the_address(opened, report_page):
    page = opened(report_page, STORY)
    page.click(f"{FOLD}[data-lane=main]")
    page.click(f"{PIN}[data-lane=ps_health]")
    page.click("#all-lanes")
    page.click(".events [data-row='3']")
    again = opened(report_page, page.evaluate("location.hash"))
    assert lanes(again) == lanes(page)
    assert lanes(again)[:2] == ["health thread", "chief (main)"]
    assert again.get_attribute(f"{FOLD}[data-lane=main]", "aria-expanded") == "false"
    assert again.get_attribute(".events .selected", "data-row") == "3"


def test_the_keyboard_alone_folds_and_pins(opened, report_page):
    page = opened(report_page, STORY)
    page.focus(".timeline")
    page.keyboard.press("Tab")
    assert focused(page) == "fold main"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert focused(page) == "fold ps_health"
    assert page.get_attribute(f"{FOLD}[data-lane=ps_health]", "aria-expanded") == "false"
    page.keyboard.press("Tab")
    assert focused(page) == "pin ps_health"
    page.keyboard.press("Enter")
    assert focused(page) == "pin ps_health"
    assert lanes(page)[0] == "health thread"
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.matches('.lane-labels *')")


def test_what_was_selected_and_in_sight_stays_so_when_lanes_change(opened, report_page):
    page = opened(report_page, STORY, viewport={"width": 390, "height": 844})
    at = page.evaluate("document.querySelector('.timeline').scrollLeft")
    row = page.get_attribute(".hits .selected", "data-row")
    page.click("#all-lanes")
    assert page.evaluate("document.querySelector('.timeline').scrollLeft") == at
    assert page.get_attribute(".hits .selected", "data-row") == row


def test_a_lane_that_there_is_not_is_no_mistake(opened, report_page):
    page = opened(report_page, f"{STORY}&fold=nobody&pin=nobody")
    assert lanes(page)[0] == "chief (main)"
