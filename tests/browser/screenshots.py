"""Pictures of a report's main views, for people to look at: ``screenshots.py FOLDER``."""

from __future__ import annotations

import logging
import sys
import tempfile
from pathlib import Path

from chromium import PHONE, WIDE, chromium
from real_reports import PLANTED, all_records, write_page

STORY = f"#scenario={PLANTED}"
VIEWS = [
    ("list-light", "", WIDE, "light"),
    ("list-dark", "", WIDE, "dark"),
    ("list-phone", "", PHONE, "light"),
    ("difference-light", STORY, WIDE, "light"),
    ("difference-dark", STORY, WIDE, "dark"),
    ("difference-phone", STORY, PHONE, "dark"),
    ("story-light", "#scenario=session/recreation", WIDE, "light"),
]


def main(folder: Path) -> None:
    logging.disable()  # Scenarios that fail on purpose are logged by gRPC.
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, chromium() as browser:
        url = write_page(all_records(), Path(temporary)).as_uri()
        for name, address, viewport, scheme in VIEWS:
            page = browser.new_page(viewport=viewport, color_scheme=scheme)
            page.goto(url + address)
            page.screenshot(path=folder / f"{name}.png", full_page=name == "difference-phone")
            page.close()
            print(folder / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
