"""Pictures of a report's main views, for people to look at: ``screenshots.py FOLDER``.

The matrices of the last runs are shown where ``reports/`` has them.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from pathlib import Path

from chromium import PHONE, WIDE, chromium
from real_reports import INTEROP, PLANTED, all_records, write_page

from parity.base import project
from parity.players.python.quiet import quiet_tensorflow
from parity.report.page.matrices import matrices_beside

STORY = f"#scenario={PLANTED}"
VIEWS = [
    ("list-light", "", WIDE, "light", None),
    ("list-dark", "", WIDE, "dark", None),
    ("list-phone", "", PHONE, "light", None),
    ("matrices-light", "", WIDE, "light", ".grid"),
    ("matrices-dark", "", WIDE, "dark", ".grid"),
    ("matrices-phone", "", PHONE, "light", ".grid"),
    ("difference-light", STORY, WIDE, "light", None),
    ("difference-dark", STORY, WIDE, "dark", None),
    ("difference-phone", STORY, PHONE, "dark", None),
    ("failed-light", "#scenario=health/basic", WIDE, "light", None),
    ("recreation-light", "#scenario=session/recreation", WIDE, "light", None),
    ("log-light", "#scenario=health/default_report", WIDE, "light", None),
    ("saves-light", "#scenario=controller/listeners", WIDE, "light", None),
    ("files-dark", "#scenario=session/recreation", WIDE, "dark", ".events li:last-child"),
    ("crowd-light", "#scenario=barrier/three_held_workers_look_four_times", WIDE, "light", None),
]
"""Name, address, viewport, colours, and what to scroll or click to, if anything."""


def main(folder: Path) -> None:
    quiet_tensorflow()
    # Scenarios that fail on purpose are logged by gRPC; what hooks log is recorded, not shown.
    logging.getLogger("grpc").setLevel(logging.CRITICAL)
    folder.mkdir(parents=True, exist_ok=True)
    matrices = matrices_beside(project.ROOT / "reports") or (INTEROP,)
    with tempfile.TemporaryDirectory() as temporary, chromium() as browser:
        url = write_page(all_records(), Path(temporary), matrices).as_uri()
        for name, address, viewport, scheme, target in VIEWS:
            page = browser.new_page(viewport=viewport, color_scheme=scheme)
            page.goto(url + address)
            if target is not None and address:
                page.locator(f"{target} button").dispatch_event("click")
            elif target is not None:
                page.locator(target).last.evaluate("(grid) => grid.scrollIntoView()")
            page.screenshot(path=folder / f"{name}.png", full_page=name == "difference-phone")
            page.close()
            print(folder / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
