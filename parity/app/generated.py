"""The committed files that are generated from the models: ``nox -s generated``.

They are the JSON Schema of scenario files, the line in each file that points editors to it, the
scenario reference, the scenarios of pairs of operations and their page, the code on all pages,
the README's figures, and the JSON Schemas and Rust types of everything that crosses a process
border.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from parity.app.package_diagram import IMAGE, package_diagram
from parity.app.page_code import pages
from parity.app.readme import README, readme
from parity.app.reference_page import scenario_reference
from parity.app.schemas import DIALECT, schema_text, schemas
from parity.app.wire_types import wire_types
from parity.base import project
from parity.base.files import write_whole
from parity.base.problems import UsageError
from parity.search.pairs.documents import scenario_texts
from parity.search.pairs.page import pairs_page
from parity.spec.scenario import Scenario

SCHEMA: Final = project.SCENARIOS / "schema.json"
REFERENCE: Final = project.ROOT / "docs" / "scenario-reference.md"
PAIRS: Final = project.SCENARIOS / "pairs"
PAIRS_PAGE: Final = project.ROOT / "docs" / "pairs.md"
WIRE_TYPES: Final = project.ROOT / "monolith-rs" / "crates" / "parity-driver" / "src" / "wire"
_MODELINE: Final = re.compile(r"# yaml-language-server: \$schema=.*\n")


def yaml_schema_text() -> str:
    """Return the JSON Schema of scenario files."""
    return schema_text({"$schema": DIALECT, **Scenario.model_json_schema(by_alias=True)})


def modeline(folder: Path) -> str:
    """Return the first line of a scenario in this folder, by which editors find the schema."""
    path = Path(os.path.relpath(SCHEMA, folder.resolve())).as_posix()
    return f"# yaml-language-server: $schema={path}\n"


def outdated() -> Iterator[tuple[Path, str]]:
    """Yield each generated file that is out of date, with the text that it should have.

    Raises:
        UsageError: The README's figures can't be determined; all else has been yielded by then.
    """
    for path, text in _wanted():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            yield path, text


def _wanted() -> Iterator[tuple[Path, str]]:
    yield SCHEMA, yaml_schema_text()
    yield REFERENCE, scenario_reference()
    yield PAIRS_PAGE, pairs_page()
    yield from (each for each in pages() if each[0] not in (REFERENCE, PAIRS_PAGE))
    yield IMAGE, package_diagram()
    yield from ((WIRE_TYPES / name, text) for name, text in wire_types())
    yield from ((project.SCHEMAS / name, schema_text(schema)) for name, schema in schemas())
    yield from ((PAIRS / f"{name}.yaml", modeline(PAIRS) + text) for name, text in scenario_texts())
    for path in sorted(project.SCENARIOS.rglob("*.yaml")):
        if path != project.KNOWN_DIFFERENCES and path.parent != PAIRS:
            rest = _MODELINE.sub("", path.read_text(encoding="utf-8"), count=1)
            yield path, modeline(path.parent) + rest
    # Last, as it needs recordings, which need a port that compiles with the types from above.
    yield README, readme()


def main() -> int:
    """Write outdated files; return 0 if there were none, 1 if any, 2 if not all can be made."""
    changed: list[str] = []
    untold: UsageError | None = None
    try:
        for path, text in outdated():
            write_whole(path, text)
            changed.append(str(path.relative_to(project.ROOT)))
    except UsageError as error:  # Such as a scenario that wasn't recorded.
        untold = error
    if changed:
        sys.stderr.write(f"generated anew, commit these: {', '.join(changed)}\n")
    if untold is not None:
        sys.stderr.write(f"{untold}\n")
        return 2
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
