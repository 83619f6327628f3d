"""The locked environment has all that pyproject.toml asks for, in versions that it allows."""

from __future__ import annotations

import re
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from parity.base import project

LOCK = (project.ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
PYPROJECT = tomllib.loads((project.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def wanted(requirements):
    """The requirements, with those of this project's own extras in their place."""
    for text in requirements:
        requirement = Requirement(text)
        if requirement.name == PYPROJECT["name"]:
            for extra in requirement.extras:
                yield from wanted(PYPROJECT["optional-dependencies"][extra])
        else:
            yield requirement


def test_every_dependency_is_locked_in_a_version_that_is_allowed():
    locked = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", LOCK, re.MULTILINE))
    extras = PYPROJECT["optional-dependencies"]["dev"]
    requirements = list(wanted([*PYPROJECT["dependencies"], *extras]))
    assert len(requirements) > 30
    for requirement in requirements:
        name = canonicalize_name(requirement.name)
        assert name in locked
        assert requirement.specifier.contains(locked[name])


def test_everything_that_is_locked_has_a_hash_and_no_index():
    entries = re.split(r"^(?=\S)", LOCK, flags=re.MULTILINE)[1:]
    assert len(entries) > 60
    for entry in entries:
        assert "--hash=sha256:" in entry
    assert "://" not in LOCK
