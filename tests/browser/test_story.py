"""A scenario's story, opened: the planted difference, the timeline, the events."""

from __future__ import annotations

import pytest

from parity.base import project
from parity.report.page.html import render_html
from tests.browser.real_reports import PLANTED, all_records, report

STORY = f"#scenario={PLANTED}"


def in_sight(page, selector):
    """Whether an element lies within what its scrolling frame shows."""
    return page.locator(selector).evaluate(
        """(element) => {
          const frame = element.closest(".timeline, .events").getBoundingClientRect();
          const box = element.getBoundingClientRect();
          return box.left >= frame.left && box.right <= frame.right + 1
            && box.top >= frame.top - 1 && box.bottom <= frame.bottom + 1;
        }"""
    )


def test_a_planted_difference_is_marked_on_the_timeline_and_scrolled_to(opened, report_page):
    page = opened(report_page)
    page.click(f"a[data-scenario='{PLANTED}']")
    assert page.locator(".timeline .first-label").text_content() == "▼ first difference"
    assert page.locator(".timeline .marks .first").count() == 1
    assert page.locator(".timeline .side").count() == 2
    assert page.locator(".timeline .event.missing").text_content() == "nothing"
    assert page.locator(".timeline .event.lone").text_content() == "report PS 1"
    assert in_sight(page, ".hits .selected")
    assert in_sight(page, ".events .selected")
    assert "only rust" in page.inner_text(".events .selected")


def test_the_difference_is_scrolled_to_on_a_phone_too(opened, report_page):
    page = opened(report_page, STORY, viewport={"width": 390, "height": 844})
    assert page.evaluate("document.querySelector('.timeline').scrollLeft") > 0
    assert in_sight(page, ".hits .selected")


def test_the_command_that_replays_it_is_there_and_can_be_copied(opened, report_page):
    page = opened(report_page, STORY)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    command = page.inner_text("#replay")
    assert command == f"monolith-parity replay {PLANTED} --both --on rust"
    page.click("#copy")
    page.wait_for_function("document.getElementById('copy').textContent === 'Copied'")
    assert page.evaluate("navigator.clipboard.readText()") == command


def test_a_lane_for_chief_workers_health_controller_and_every_ps_on_both_sides(opened, report_page):
    page = opened(report_page, f"{STORY}&lanes=all")
    lanes = [
        "chief (main)", "worker 1", "worker 2", "health thread", "controller", "PS 0", "PS 1",
    ]  # fmt: skip
    assert page.locator(".timeline .lane-name").all_text_contents() == lanes * 2


def test_faults_reports_barrier_spans_and_calls_are_drawn(opened, report_page):
    page = opened(report_page, STORY)
    assert page.locator(".timeline .event.fault").count() == 2
    assert page.locator(".timeline .event.alarm", has_text="report PS 1").count() == 3
    assert page.locator(".timeline .span.barrier").count() == 4
    assert page.locator(".timeline .event.call", has_text="Stop ALREADY_EXISTS").count() == 2


def test_timeline_and_events_go_together_by_mouse_and_by_keyboard(opened, report_page):
    page = opened(report_page, STORY)
    page.locator(".hits rect").nth(1).click()
    assert page.locator(".events .selected").get_attribute("data-row") == "1"
    page.locator(".events button").nth(2).click()
    assert page.locator(".hits .selected").get_attribute("data-row") == "2"
    page.keyboard.press("ArrowDown")
    assert page.locator(".hits .selected").get_attribute("data-row") == "3"
    page.focus(".timeline")
    page.keyboard.press("ArrowLeft")
    assert page.locator(".events .selected").get_attribute("data-row") == "2"


def test_what_differs_is_shown_field_by_field(opened, report_page):
    page = opened(report_page, STORY)
    assert page.locator(".difference mark").all_text_contents() == ["nothing more"]
    assert "PS 1 OUT_OF_MEMORY: Memory limit exceeded" in page.inner_text(".difference")


def test_the_yaml_is_shown_whole(opened, report_page):
    page = opened(report_page, STORY)
    text = page.inner_text(".yaml pre")
    assert "about: A PS over its memory limit is reported once" in text
    assert "rpc: StopTraining" in text


def test_the_step_of_the_first_difference_is_marked_in_the_yaml_and_leads_to_it(
    opened, report_page
):
    page = opened(report_page, STORY)
    assert page.locator(".yaml .line.marked .code").inner_text().strip() == "steps:"
    page.click(".events [data-row='0']")
    page.click(".yaml .line.marked .flag")
    assert "first difference" in page.inner_text(".events .selected")
    assert page.inner_text(".yaml .line[data-line='14']").endswith("✕ rust has 2")


def test_every_event_tells_its_line_and_shades_it_and_a_step_leads_to_its_first_event(
    opened, report_page
):
    page = opened(report_page, STORY)
    call = page.locator(".events button", has_text="ALREADY_EXISTS")
    assert call.locator("small").inner_text() == "line 10"
    call.click()
    shaded = page.locator(".yaml .line.selected")
    assert "rpc: StopTraining" in shaded.first.inner_text()
    assert shaded.count() == 2
    page.locator(".yaml button.number", has_text="8").press("Enter")
    selected = page.inner_text(".events .selected")
    assert "step" in selected
    assert "global_step 1" in selected


def test_what_the_driver_logged_is_at_hand_and_folded_unless_it_failed(opened, report_page):
    page = opened(report_page, STORY)
    assert page.inner_text(".log summary") == "The driver's log its last 2 lines"
    assert not page.locator(".log pre").is_visible()
    page.press(".log summary", "Enter")
    assert page.inner_text(".log pre") == "INFO port: reports PS 1\nINFO port: again"
    failed = opened(report_page, "#scenario=health/basic")
    assert failed.locator(".log pre").is_visible()


def test_what_it_covers_is_named_with_the_files_that_implement_it(opened, report_page):
    page = opened(report_page, STORY)
    named = page.inner_text(".sources")
    assert "PsHealthCheckerHook" in named
    assert "monolith_hooks/ps_check_hooks.py:" in named
    assert "monolith-training/src/hooks/ps_check_hooks.rs" in named
    assert page.locator(".sources a").count() == 0  # The report lies outside of the checkout.


def test_a_report_in_a_checkout_links_its_files(opened, tmp_path, monkeypatch):
    records = [each for each in all_records() if each.scenario == PLANTED]
    monkeypatch.setattr(project, "SOURCES", tmp_path)
    html = render_html(report(records), (), tmp_path / "reports")
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "index.html").write_text(html, encoding="utf-8")
    page = opened(tmp_path / "reports" / "index.html", STORY)
    links = page.locator(".sources a").evaluate_all("links => links.map((each) => each.href)")
    assert f"{tmp_path.as_uri()}/monolith_hooks/ps_check_hooks.py" in links


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        ("health/basic", "thread 'main' panicked"),
        ("health/no_ps", "skipped it: it lacks the capability cluster"),
        ("session/recreation", "Timeline"),
    ],
)
def test_every_kind_of_record_has_a_story(opened, report_page, scenario, words):
    page = opened(report_page, f"#scenario={scenario}")
    assert words in page.inner_text("#story")


def test_every_scenario_opens(opened, report_page):
    page = opened(report_page)
    links = page.locator("#rows a").evaluate_all("links => links.map((a) => a.dataset.scenario)")
    for scenario in links:
        page.evaluate("scenario => { location.hash = `scenario=${scenario}`; }", scenario)
        page.wait_for_function(
            "scenario => document.getElementById('story-title')?.textContent === scenario",
            arg=scenario,
        )


def test_a_story_is_printed_whole_and_on_paper_colours(opened, report_page):
    page = opened(report_page, STORY, scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("#copy").is_visible()
    box = page.locator(".timeline svg").bounding_box()
    assert box["width"] <= page.locator(".timeline").bounding_box()["width"]


def test_every_event_has_an_address(opened, report_page):
    page = opened(report_page, STORY)
    page.click(".events [data-row='3']")
    assert page.url.endswith("&event=3")
    again = opened(report_page, "#" + page.url.partition("#")[2])
    assert again.get_attribute(".events .selected", "data-row") == "3"


def test_what_it_covers_is_there_in_words(opened, report_page):
    page = opened(report_page, STORY)
    clause = page.locator(".covers details").first
    text, place = clause.locator("p").nth(0), clause.locator("p").nth(1)
    assert not text.is_visible()
    clause.locator("summary").click()
    assert len(text.inner_text()) > 20
    assert place.inner_text().startswith("docs/behaviour.md:")


def test_no_story_is_wider_than_a_phone(opened, report_page):
    page = opened(report_page, viewport={"width": 360, "height": 740})
    too_wide = page.evaluate(
        """() => ROWS.map((row) => {
          openStory(row.scenario, null);
          return [row.scenario, document.documentElement.scrollWidth];
        }).filter(([, width]) => width > 360)"""
    )
    assert too_wide == []
