"""Commands for authors of scenarios: validate, new, schema, explain."""

from __future__ import annotations

from typing import Annotated

import typer

from parity.app.commands.options import Paths, stdout
from parity.base import project
from parity.base.terminal_text import counted


def validate(paths: Paths = None) -> None:
    """Check scenario files and the list of known differences."""
    from parity.spec.loading import load_all  # noqa: PLC0415
    from parity.verdict.known import check_known  # noqa: PLC0415

    files = load_all(paths or [])
    check_known(files)
    typer.echo(f"{counted(len(files), 'scenario')} {'is' if len(files) == 1 else 'are'} valid")


def new(
    name: Annotated[str, typer.Argument(help="Folder and name: health/oom_at_start.")],
) -> None:
    """Write a commented scenario to start from."""
    from parity.app.new import new_scenario  # noqa: PLC0415

    typer.echo(f"written: {project.shown(new_scenario(name, project.own_scenarios()))}")


def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    from parity.app.generated import yaml_schema_text  # noqa: PLC0415

    typer.echo(yaml_schema_text(), nl=False)


def explain(
    key: Annotated[
        str | None,
        typer.Argument(
            help="A key, hook, step, fault, expectation, option or verdict; or a fact: B12, B12a."
        ),
    ] = None,
) -> None:
    """Say what a word, a verdict or a fact means, or list them."""
    from parity.app.explain import explain  # noqa: PLC0415

    explain(key, stdout())
