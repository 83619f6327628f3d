"""Loading of YAML files into scenarios, or into problems with file, line, column and path."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

from pydantic import ValidationError

from parity.base import content_cache, project
from parity.base.bounds import LARGEST_YAML
from parity.base.files import check_within, read_text
from parity.base.model import Model, canonical_json, frozen
from parity.base.problems import Problem, ScenarioError, UsageError, did_you_mean
from parity.base.strict_yaml import Node, YamlError, parse_yaml
from parity.base.terminal_text import shortened
from parity.base.validation_words import said, shown
from parity.spec.expected_references import Loc
from parity.spec.faults import FAULTS
from parity.spec.hooks import HOOKS
from parity.spec.names import check_scenario_name
from parity.spec.references import bad_references
from parity.spec.scenario import Scenario
from parity.spec.steps import BACKGROUND, CONCURRENT, STEPS

M = TypeVar("M", bound=Model)

_LISTS_OF_KINDS = ("steps", "hooks", "faults", "concurrently")
_FIELDS_OF_KINDS = ("fault", "background")
_KINDS: Final = {
    "no_step": STEPS,
    "no_background_step": BACKGROUND,
    "no_concurrent_step": CONCURRENT,
    "no_hook": HOOKS,
    "no_fault": FAULTS,
}
"""The existing kinds, by the type of the error that a union of kinds raises."""
_MOST_PROBLEMS: Final = 50
"""Problems of one file that are shown; a person fixes some and tries again."""


@dataclass(frozen=True)
class ScenarioFile:
    """A valid scenario, its name, its file, and the text of the file."""

    name: str
    path: Path
    scenario: Scenario
    text: str = ""


def find_scenarios(paths: list[Path], root: Path) -> dict[Path, Path]:
    """Return the scenario files at and below these paths, each with its naming folder.

    Names are relative to that folder, which is ``root`` for files in it, else the given
    folder. A path that doesn't exist may be a name: ``health/oom``, ``health``.

    Raises:
        UsageError: A path doesn't exist, can't be read, has a link that leads out of
            it, or contains no scenario.
    """
    found: dict[Path, Path] = {}
    for given in paths or [root]:
        try:
            found.update(_scenarios_of(given, root))
        except (OSError, RuntimeError) as error:  # resolve raises the latter for a loop of links.
            why = error.strerror if isinstance(error, OSError) else "it leads to itself"
            raise UsageError(f"{given}: can't be read: {why}") from None
        except ValueError as error:
            raise UsageError(f"{given}: {error}") from None
    return found


def find_scenario(path: Path, root: Path) -> tuple[Path, Path]:
    """Return the one scenario file of a path or a name, and its naming folder.

    Raises:
        UsageError: There is no such file, or it is a folder.
    """
    for found, base in find_scenarios([path], root).items():
        if found in (path, _by_name(path, root)):
            return found, base
    raise UsageError(f"{path}: expected one scenario file, got a folder")


def _scenarios_of(given: Path, root: Path) -> dict[Path, Path]:
    path = given if given.exists() else _by_name(given, root)
    if path.is_dir():
        here = sorted(_scenarios_below(path))
        base = path
    elif path.exists():
        here = [path]
        base = path.resolve().parent
    else:
        names = (scenario_name(each, root) for each in _scenarios_below(root))
        raise UsageError(
            f"{path}: no such file or folder{did_you_mean(path, names)}; expected a scenario, a "
            "folder of them, or a name such as health/oom"
        )
    if not here:
        raise UsageError(f"{path}: no scenario found; expected a folder with *.yaml files")
    inside = path.resolve().is_relative_to(root.resolve())
    return dict.fromkeys(here, root if inside else base)


def _scenarios_below(folder: Path) -> Iterator[Path]:
    """Yield each YAML file except the known differences, without following links to folders."""
    for here, _, names in os.walk(folder, onerror=_refuse):
        for name in names:
            if name.endswith(".yaml") and name != "known_differences.yaml":
                path = Path(here, name)
                if path.is_symlink():
                    _check_link(path, folder)
                yield path


def _refuse(error: OSError) -> NoReturn:
    raise error


def _check_link(path: Path, folder: Path) -> None:
    try:
        check_within(path, folder)
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from None


def _by_name(name: Path, root: Path) -> Path:
    """Return the path of the scenario or folder of this name, or the name if there is none."""
    named = (root / name, root / f"{name}.yaml")
    return next((path for path in named if path.exists()), name)


def load_yaml(path: Path, model: type[M], page: str = "docs/scenario-format.md") -> tuple[M, Node]:
    """Read a YAML file, and return its model and the document with the places of its values.

    ``page`` describes the format; errors refer to it.

    Raises:
        ScenarioError: The file can't be read or isn't valid.
    """
    return _load(path, _read(path), model, page)


def load_scenario(path: Path, root: Path) -> ScenarioFile:
    """Read one scenario, whose name is its path below ``root`` without the ending.

    Raises:
        ScenarioError: The file can't be read or isn't a valid scenario.
    """
    text = _read(path)
    try:
        name = check_scenario_name(scenario_name(path, root))
    except ValueError as error:
        raise ScenarioError([Problem(path, 1, 1, "", str(error))]) from None
    cache = content_cache.opened()
    if cache is None:
        return ScenarioFile(name, path, _checked(path, text)[0], text)
    key = {"yaml": hashlib.sha256(text.encode()).hexdigest(), "reader": reader_digest()}
    kept = cache.get(key)
    if kept is not None:
        with contextlib.suppress(ValueError):
            return ScenarioFile(name, path, Scenario.model_validate(frozen(json.loads(kept))), text)
    scenario, document = _checked(path, text)
    cache.put(key, canonical_json(document.value))  # Parsing YAML takes longer than all else.
    return ScenarioFile(name, path, scenario, text)


def _checked(path: Path, text: str) -> tuple[Scenario, Node]:
    """Return a scenario whose references are good, and its document."""
    scenario, document = _load(path, text, Scenario, "docs/scenario-format.md")
    problems = _first(
        Problem(path, *document.place(loc), _dotted(loc), message)
        for loc, message in bad_references(scenario)
    )
    if problems:
        raise ScenarioError(problems)
    return scenario, document


@cache
def reader_digest() -> str:
    """Return a digest of all that reads and checks a scenario."""
    parity = Path(__file__).resolve().parents[1]
    return content_cache.source_digest(parity / "base", parity / "spec")


def scenario_name(path: Path, root: Path) -> str:
    """Return ``health/oom`` for ``scenarios/health/oom.yaml``."""
    folder = _resolved_folder(path.parent.absolute())
    real = path.resolve() if path.is_symlink() else folder / path.name
    return real.relative_to(_resolved_folder(root.absolute())).with_suffix("").as_posix()


@cache
def _resolved_folder(folder: Path) -> Path:
    """Return a folder without links, which takes a look at each of its parents."""
    return folder.resolve()


def _read(path: Path) -> str:
    try:
        return read_text(path, LARGEST_YAML)
    except ValueError as error:
        raise ScenarioError([Problem(path, 1, 1, "", str(error))]) from None


def _load(path: Path, text: str, model: type[M], page: str) -> tuple[M, Node]:
    document = _mapping(path, text, page)
    try:
        return model.model_validate(document.value), document
    except ValidationError as error:
        errors = (each for each in error.errors() if not _follows_from_others(each))
        problems = (_problem(path, document, page, each) for each in errors)
        raise ScenarioError(_first(problems)) from None


def _mapping(path: Path, text: str, page: str) -> Node:
    try:
        document = parse_yaml(text)
    except YamlError as error:
        message = error.message
        message += f"; see {page}" if message.startswith("not YAML") else ""
        raise ScenarioError([Problem(path, error.line, error.column, "", message)]) from None
    if document is None or document.value is None:
        message = f"the file is empty; expected a mapping, see {page}"
        raise ScenarioError([Problem(path, 1, 1, "", message)])
    if not isinstance(document.value, dict):
        message = f"found {shown(document.value)}; expected a mapping, see {page}"
        raise ScenarioError([Problem(path, document.line, document.column, "", message)])
    return document


def _first(problems: Iterable[Problem]) -> list[Problem]:
    """Return the first problems, as many as a person reads at a time."""
    kept = list(islice(problems, _MOST_PROBLEMS + 1))
    if len(kept) > _MOST_PROBLEMS:
        last = kept.pop()
        kept.append(Problem(last.file, last.line, last.column, "", "and more, from here on"))
    return kept


def _follows_from_others(error: Any) -> bool:
    """Return True for a length error that only follows from other errors.

    Pydantic counts only the valid items of a list.
    """
    value = error["input"]
    is_list = isinstance(value, tuple)
    return error["type"] == "too_short" and is_list and len(value) >= error["ctx"]["min_length"]


def _problem(path: Path, document: Node, page: str, error: Any) -> Problem:
    loc = _without_tags(tuple(error["loc"]))
    if error["type"] == "unknown_key":
        loc = (*loc, error["ctx"]["key"])
    return Problem(path, *document.place(loc), _dotted(loc), _say(error, page))


def _without_tags(loc: Loc) -> Loc:
    """Return the place without the kinds of steps, hooks and faults that pydantic adds."""
    kept: list[int | str] = []
    tag_follows = False
    for i, part in enumerate(loc):
        if tag_follows:
            tag_follows = False
            continue
        kept.append(part)
        in_union_list = isinstance(part, int) and loc[i - 1] in _LISTS_OF_KINDS
        tag_follows = in_union_list or part in _FIELDS_OF_KINDS
    return tuple(kept)


def _say(error: Any, page: str) -> str:
    kind, message, value = error["type"], error["msg"], error["input"]
    if kind in _KINDS:
        words = list(value)[:10] if isinstance(value, dict) else [value]
        hints = (did_you_mean(word, _KINDS[kind]) for word in words)
        unknown, right = message.split("; ")
        found = ", ".join(shortened(str(word)) for word in words[:3]) or shown(value)
        return f"{unknown} {found}{next(filter(None, hints), '')}; {right}"
    return said(error, page)


def _dotted(loc: Loc) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{shortened(part)}" for part in loc)
    return text.removeprefix(".")


def load_all(paths: Sequence[Path]) -> list[ScenarioFile]:
    """Load every scenario at and below these paths.

    Raises:
        ScenarioError: Some are invalid; it has the problems of all of them.
        UsageError: There is no scenario, or two have the same name.
    """
    files, problems = [], []
    for path, base in find_scenarios(list(paths), project.SCENARIOS).items():
        try:
            files.append(load_scenario(path, base))
        except ScenarioError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(problems)
    by_name: dict[str, Path] = {}
    for file in files:
        if by_name.setdefault(file.name, file.path) != file.path:
            raise UsageError(
                f"{file.path}: has the name {file.name}, like {by_name[file.name]}; "
                "expected paths in one folder"
            )
    return files
