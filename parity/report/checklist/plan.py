"""The plan in docs/checklist.yaml: the evidence for each box of each module."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import Field, model_validator

from parity.base.model import Model
from parity.spec.loading import load_yaml

Kind = Literal["covers", "scenario", "cluster", "interop", "rust_tests", "python_tests", "page"]
_KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


class Selector(Model):
    """Picks evidence, in YAML as ``{kind: pattern}``; ``*`` in a pattern is any text.

    ``covers: B25a`` are the scenarios that say so, ``scenario: health/*`` those of that
    name, ``cluster: health/*`` those that the cluster played, ``interop: StopTraining`` or
    ``interop: StopTraining/first`` cells by method and case, ``rust_tests: server_lib_test``
    or ``server_lib_test::stop_*`` tests by binary and name, ``python_tests: tests/x.py`` or
    ``tests/x.py::test_*`` tests by file and name, ``page: docs/performance.md#risks`` a
    section of a page.
    """

    kind: Kind
    pattern: Annotated[str, Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _one_key(cls, value: Any) -> Any:
        if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in _KINDS:
            ((kind, pattern),) = value.items()
            return {"kind": kind, "pattern": pattern}
        raise ValueError(f"expected a selector: a mapping with one of the keys {', '.join(_KINDS)}")

    def __str__(self) -> str:
        return f"{self.kind}: {self.pattern}"


class BoxPlan(Model):
    """The evidence for a box: a list of selectors, all of which must be green.

    Where the module has nothing of the kind, ``not_applicable`` says so, and ``evidence`` is
    for that claim: ``{not_applicable: reason, evidence: [...]}``.
    """

    evidence: Annotated[tuple[Selector, ...], Field(min_length=1)]
    not_applicable: Annotated[str, Field(min_length=10)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _list_or_claim(cls, value: Any) -> Any:
        if isinstance(value, tuple) and value:
            return {"evidence": value}
        if isinstance(value, dict) and set(value) == set(cls.model_fields):
            return value
        raise ValueError(
            "expected a box: a list of selectors, or a mapping of not_applicable and evidence"
        )


class ModulePlan(Model):
    """The seed's ten boxes, in its order; the titles are the seed's."""

    public_names: BoxPlan = Field(title="All public functions/classes mapped to Rust")
    normal_inputs: BoxPlan = Field(title="Behavior matches Python on normal inputs")
    errors: BoxPlan = Field(title="Error handling parity confirmed")
    precedence: BoxPlan = Field(title="Config/env precedence parity confirmed")
    formats: BoxPlan = Field(title="I/O formats identical (proto/JSON/TFRecord/pbtxt)")
    threads: BoxPlan = Field(title="Threading/concurrency semantics preserved")
    logging: BoxPlan = Field(title="Logging/metrics parity confirmed")
    performance: BoxPlan = Field(title="Performance risks documented")
    rust_tests: BoxPlan = Field(title="Rust tests added and passing")
    cross_language: BoxPlan = Field(title="Cross-language parity test completed")


class Plan(Model):
    """The seed's modules."""

    hook_utils_test: ModulePlan
    ps_check_hooks: ModulePlan
    ps_check_hooks_test: ModulePlan
    client_lib: ModulePlan = Field(alias="server/client_lib")
    constants: ModulePlan = Field(alias="server/constants")
    server_lib: ModulePlan = Field(alias="server/server_lib")


def load_plan(path: Path) -> Plan:
    """Read the plan.

    Raises:
        ScenarioError: It isn't valid: a box or module is missing, or a selector isn't one.
    """
    return load_yaml(path, Plan, "docs/checklist.md")[0]
