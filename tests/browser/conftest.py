"""A browser, pages in it, and the reports that they open."""

from __future__ import annotations

import pytest

from tests.browser.chromium import WIDE, chromium
from tests.browser.real_reports import all_records, write_page


@pytest.fixture(scope="session")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def report_page(tmp_path_factory):
    """The project's own scenarios, one of which differs."""
    return write_page(all_records(), tmp_path_factory.mktemp("report"))


class Watched:
    """A page, and what it said and asked for."""

    def __init__(self, context, url):
        self.context, self.url = context, url
        self.said, self.asked = [], []
        self.page = context.new_page()
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(url)


@pytest.fixture
def opened(browser):
    """Opens a page; at the end it must have been silent and have asked for nothing but itself."""
    pages = []

    def open_page(path, address="", viewport=WIDE, scheme="light"):
        context = browser.new_context(viewport=viewport, color_scheme=scheme)
        watched = Watched(context, path.as_uri() + address)
        pages.append(watched)
        return watched.page

    yield open_page
    for watched in pages:
        assert watched.said == []
        assert {url.partition("#")[0] for url in watched.asked} == {watched.url.partition("#")[0]}
        watched.context.close()
