"""A report of a thousand scenarios: how large it is, how quickly it opens and filters."""

from __future__ import annotations

import pytest

from tests.browser.real_reports import all_records, many, write_page

SCENARIOS = 1000
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
  openStory(scenario);
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began)));
})"""
OPENED = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(
  () => done(performance.now()))))"""


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    return write_page(many(all_records(), SCENARIOS), tmp_path_factory.mktemp("large"))


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


def test_it_opens_within_a_second(opened, large, say):
    times = [opened(large).evaluate(OPENED) for _ in range(TRIES)]
    say(f"opened and painted after {min(times):.0f} ms")
    assert min(times) < 1000


def test_it_filters_within_a_second(opened, large, say):
    page = opened(large)
    times = [page.evaluate(FILTER, text) for text in ("oom", "", "barrier") * TRIES]
    say(f"filtered and painted after {sorted(times)[len(times) // 2]:.0f} ms (median)")
    assert sorted(times)[len(times) // 2] < 1000
    assert 0 < page.locator("#rows tr:visible").count() < SCENARIOS


def test_a_story_opens_within_a_second(opened, large, say):
    page = opened(large)
    scenario = page.locator("#rows a").nth(SCENARIOS // 2).get_attribute("data-scenario")
    time = page.evaluate(STORY, scenario)
    say(f"a story opened and painted after {time:.0f} ms")
    assert time < 1000
