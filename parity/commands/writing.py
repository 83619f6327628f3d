"""Commands for who writes scenarios: validate, new, schema, explain."""

from __future__ import annotations

from typing import Annotated

import typer

from parity import project
from parity.commands.options import Paths, stdout


def validate(paths: Paths = None) -> None:
    """Check scenario files and the list of known differences."""
    from parity.runner import check_known, load_all  # noqa: PLC0415

    files = load_all(paths or [])
    check_known(files)
    typer.echo(f"{len(files)} scenarios are valid")


def new(
    name: Annotated[str, typer.Argument(help="Folder and name: health/oom_at_start.")],
) -> None:
    """Write a commented scenario to start from."""
    from parity.starting import new_scenario  # noqa: PLC0415

    typer.echo(f"written: {project.shown(new_scenario(name, project.own_scenarios()))}")


def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    from parity.generated import schema_text  # noqa: PLC0415

    typer.echo(schema_text(), nl=False)


def explain(
    key: Annotated[
        str | None,
        typer.Argument(help="A key, hook, step, fault, expectation, option or verdict."),
    ] = None,
) -> None:
    """Say what a word of a scenario or a verdict means; without one, list them."""
    from parity.explaining import explain  # noqa: PLC0415

    explain(key, stdout())
