"""From a YAML file to a Scenario, or to problems with file, line, column and path."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from parity.faults import FAULTS
from parity.hooks import HOOKS
from parity.model import Model, frozen
from parity.nearest import did_you_mean
from parity.problems import Problem, ScenarioError, UsageError
from parity.references import Loc, bad_references
from parity.scenario import Scenario
from parity.steps import CONCURRENT, STEPS

M = TypeVar("M", bound=Model)

_LISTS_OF_KINDS = ("steps", "hooks", "faults", "concurrently")
_KINDS: Final = {
    "no_step": STEPS,
    "no_concurrent_step": CONCURRENT,
    "no_hook": HOOKS,
    "no_fault": FAULTS,
}
"""By the type of the error that a union of kinds raises, the kinds that there are."""


@dataclass(frozen=True)
class ScenarioFile:
    """A valid scenario, its name, and the file that it came from with its text."""

    name: str
    path: Path
    scenario: Scenario
    text: str = ""


def find_scenarios(paths: list[Path], root: Path) -> dict[Path, Path]:
    """The scenario files at and below these paths, each with the folder that names it.

    That folder is ``root`` for what lies in it, else the folder that was given. What
    isn't a path may be a name: ``health/oom``, ``health``.

    Raises:
      UsageError: a path doesn't exist, or there is no scenario in it.
    """
    found: dict[Path, Path] = {}
    for given in paths or [root]:
        path = given if given.exists() else _by_name(given, root)
        if path.is_file():
            here = [path]
        elif path.is_dir():
            here = sorted(p for p in path.rglob("*.yaml") if p.name != "known_differences.yaml")
        else:
            names = (scenario_name(each, root) for each in root.rglob("*.yaml"))
            raise UsageError(
                f"{path}: no such file or folder{did_you_mean(path, names)}; a scenario, a folder "
                "of them, or a name such as health/oom would be right"
            )
        if not here:
            raise UsageError(
                f"{path}: no scenario found; a folder with *.yaml files would be right"
            )
        inside = path.resolve().is_relative_to(root.resolve())
        base = root if inside else path if path.is_dir() else path.parent
        found.update(dict.fromkeys(here, base))
    return found


def find_scenario(path: Path, root: Path) -> tuple[Path, Path]:
    """The one scenario file that is meant by a path or a name, and the folder that names it.

    Raises:
      UsageError: there is none, or it is a folder.
    """
    for found, base in find_scenarios([path], root).items():
        if found in (path, _by_name(path, root)):
            return found, base
    raise UsageError(f"{path}: expected one scenario file, got a folder")


def _by_name(name: Path, root: Path) -> Path:
    """Where the scenario or folder of this name is; the name itself if there is none."""
    named = (root / name, root / f"{name}.yaml")
    return next((path for path in named if path.exists()), name)


def load_yaml(
    path: Path, model: type[M], page: str = "docs/scenario-format.md"
) -> tuple[M, CommentedMap]:
    """Read a YAML file into a model; also gives the document, which knows its lines.

    ``page`` is where the format is described; errors point there.

    Raises:
      ScenarioError: the file can't be read or isn't valid.
    """
    document = _read_yaml(path)
    try:
        return model.model_validate(frozen(document)), document
    except ValidationError as error:
        problems = [_problem(path, document, page, each) for each in error.errors()]
        raise ScenarioError(problems) from None


def load_scenario(path: Path, root: Path) -> ScenarioFile:
    """Read one scenario; its name is its path below ``root`` without the ending.

    Raises:
      ScenarioError: the file can't be read or isn't a valid scenario.
    """
    scenario, document = load_yaml(path, Scenario)
    problems = [
        Problem(path, *_position(document, loc), _dotted(loc), message)
        for loc, message in bad_references(scenario)
    ]
    if problems:
        raise ScenarioError(problems)
    text = path.read_text(encoding="utf-8")
    return ScenarioFile(scenario_name(path, root), path, scenario, text)


def scenario_name(path: Path, root: Path) -> str:
    """``health/oom`` of ``scenarios/health/oom.yaml``."""
    return path.resolve().relative_to(root.resolve()).with_suffix("").as_posix()


def _read_yaml(path: Path) -> CommentedMap:
    def wrong(message: str, line: int = 1, column: int = 1) -> ScenarioError:
        return ScenarioError([Problem(path, line, column, "", message)])

    try:
        text = path.read_text(encoding="utf-8")
    except IsADirectoryError:
        raise wrong("this is a folder; a YAML file would be right") from None
    except UnicodeDecodeError as error:
        raise wrong(f"not UTF-8 (byte {error.start}); UTF-8 text would be right") from None
    except OSError as error:
        raise wrong(
            f"can't be read: {error.strerror}; a readable YAML file would be right"
        ) from None
    try:
        document = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = " ".join((error.problem or "not YAML").split())
        if said.startswith("found duplicate key"):
            said = said.split(" with value")[0] + "; each key once would be right"
        else:
            said = f"not YAML: {said}; see docs/scenario-format.md"
        raise wrong(said, line, column) from None
    except YAMLError as error:
        raise wrong(
            f"not YAML: {' '.join(str(error).split())}; UTF-8 text would be right"
        ) from None
    if document is None:
        raise wrong("the file is empty; a mapping with about, steps and expect would be right")
    if not isinstance(document, CommentedMap):
        raise wrong("this is no mapping; one with about, steps and expect would be right")
    return document


def _problem(path: Path, document: CommentedMap, page: str, error: Any) -> Problem:
    loc = _without_tags(tuple(error["loc"]))
    if error["type"] == "unknown_key":
        loc = (*loc, error["ctx"]["key"])
    return Problem(path, *_position(document, loc), _dotted(loc), _say(error, page))


def _without_tags(loc: Loc) -> Loc:
    """A place as the file has it: pydantic also names the kind of a step, hook or fault."""
    kept: list[int | str] = []
    tag_follows = False
    for i, part in enumerate(loc):
        if tag_follows:
            tag_follows = False
            continue
        kept.append(part)
        in_union_list = isinstance(part, int) and loc[i - 1] in _LISTS_OF_KINDS
        tag_follows = in_union_list or part == "fault"
    return tuple(kept)


def _say(error: Any, page: str) -> str:
    kind, message, value = error["type"], error["msg"], error["input"]
    if kind in _KINDS:
        words = value if isinstance(value, dict) else [value]
        hints = (did_you_mean(word, _KINDS[kind]) for word in words)
        said, right = message.split("; ")
        return f"{said}{next(filter(None, hints), '')}; {right}"
    if "would be right" in message:
        return str(message.removeprefix("Value error, "))
    shown = json.dumps(value, default=str, ensure_ascii=False)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    if kind == "missing":
        return f"this key is missing; see {page} for what would be right"
    right = message[0].lower() + message[1:]
    right = right.removeprefix("input should be ").removeprefix("input should ")
    hint = ""
    if kind == "literal_error":
        hint = did_you_mean(value, re.findall("'([^']+)'", error["ctx"]["expected"]))
    return f"{shown} is wrong{hint}; {right} would be right"


def _position(document: CommentedMap, loc: Loc) -> tuple[int, int]:
    """Line and column, from 1, of the deepest node on the way to ``loc``."""
    node: object = document
    line, column = document.lc.line, document.lc.col
    for part in loc:
        if isinstance(node, CommentedMap) and part in node:
            line, column = node.lc.key(part)
        elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
            line, column = node.lc.item(part)
        else:
            break
        node = node[part]
    return line + 1, column + 1


def _dotted(loc: Loc) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return text.removeprefix(".")
