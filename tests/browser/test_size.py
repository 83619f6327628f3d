"""A report of a thousand scenarios: how large it is, how quickly it opens and filters.

Times are held to those of a report with a twentieth of the scenarios, in the same browser.
"""

from __future__ import annotations

import pytest

from tests.browser.real_reports import all_records, many, write_page

SCENARIOS = 1000
FEWER = 20
"""Times fewer scenarios in the small report."""
MEGABYTE = 1_000_000
TRIES = 3

FILTER = """(text) => new Promise((done) => {
  const input = document.getElementById("filter-text");
  const began = performance.now();
  input.value = text;
  input.dispatchEvent(new Event("input", { bubbles: true }));
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began)));
})"""
STORY = """(scenario) => new Promise((done) => {
  const began = performance.now();
  openStory(scenario, null);
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began)));
})"""
OPENED = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(
  () => done(performance.now()))))"""


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    return write_page(many(all_records(), SCENARIOS), tmp_path_factory.mktemp("large"))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return write_page(many(all_records(), SCENARIOS // FEWER), tmp_path_factory.mktemp("small"))


@pytest.fixture
def say(capsys):
    """Prints a figure also where pytest captures."""

    def print_now(text):
        with capsys.disabled():
            print(f"\n    {text}", end="")

    return print_now


def test_it_is_smaller_than_15_megabytes(large, say):
    size = large.stat().st_size
    say(f"{SCENARIOS} scenarios: {size / MEGABYTE:.1f} MB")
    assert size < 15 * MEGABYTE


def compared(opened, say, what, pages, measure):
    """How many times longer something takes on the large page: the least of some tries."""
    least = [min(measure(opened(page)) for _ in range(TRIES)) for page in pages]
    ratio = least[0] / least[1]
    say(f"{what} after {least[0]:.0f} ms, {ratio:.1f} times as long as with {FEWER} times fewer")
    return ratio


def test_it_opens_in_a_time_that_grows_no_faster_than_it(opened, large, small, say):
    ratio = compared(
        opened, say, "opened and painted", (large, small), lambda page: page.evaluate(OPENED)
    )
    assert ratio < FEWER


def test_it_filters_in_a_time_that_grows_no_faster_than_it(opened, large, small, say):
    def measure(page):
        page.evaluate(FILTER, "oom")  # The first search reads the events of all stories.
        return page.evaluate(FILTER, "barrier")

    assert compared(opened, say, "filtered and painted", (large, small), measure) < FEWER
    page = opened(large)
    page.evaluate(FILTER, "barrier")
    assert 0 < page.locator("#rows tr:visible").count() < SCENARIOS


def test_a_story_opens_as_quickly_among_many(opened, large, small, say):
    def measure(page):
        scenario = page.locator("#rows a").nth(20).get_attribute("data-scenario")
        page.evaluate(STORY, scenario)
        return page.evaluate(STORY, scenario)

    assert compared(opened, say, "a story opened", (large, small), measure) < FEWER / 2
