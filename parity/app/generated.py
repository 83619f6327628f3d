"""The committed files that are made from the models: ``nox -s generated``.

They are the JSON Schema, the line in each scenario that tells editors of it, and the
scenario reference.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from parity.app.package_diagram import IMAGE, package_diagram
from parity.app.reference_page import scenario_reference
from parity.base import project
from parity.base.files import write_whole
from parity.spec.scenario import Scenario

SCHEMA: Final = project.SCENARIOS / "schema.json"
REFERENCE: Final = project.ROOT / "docs" / "scenario-reference.md"
_MODELINE: Final = re.compile(r"# yaml-language-server: \$schema=.*\n")


def schema_text() -> str:
    """The JSON Schema of scenario files."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Scenario.model_json_schema(by_alias=True),
    }
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


def modeline(folder: Path) -> str:
    """The first line of a scenario in this folder, by which editors find the schema."""
    path = Path(os.path.relpath(SCHEMA, folder.resolve())).as_posix()
    return f"# yaml-language-server: $schema={path}\n"


def outdated() -> Iterator[tuple[Path, str]]:
    """Every generated file that isn't as it should be, with what it should be."""
    wanted = [
        (SCHEMA, schema_text()),
        (REFERENCE, scenario_reference()),
        (IMAGE, package_diagram()),
    ]
    for path in sorted(project.SCENARIOS.rglob("*.yaml")):
        if path != project.KNOWN_DIFFERENCES:
            rest = _MODELINE.sub("", path.read_text(encoding="utf-8"), count=1)
            wanted.append((path, modeline(path.parent) + rest))
    for path, text in wanted:
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            yield path, text


def main() -> int:
    """Write what is outdated; 1 if anything was, so that CI notices."""
    changed = list(outdated())
    for path, text in changed:
        write_whole(path, text)
    if changed:
        names = ", ".join(str(path.relative_to(project.ROOT)) for path, _ in changed)
        sys.stderr.write(f"generated anew, commit these: {names}\n")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
