"""The templates and the static files of the pages, which are package data."""

from __future__ import annotations

from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup


def template(name: str) -> Template:
    """A template; whatever it is given is escaped."""
    environment = Environment(
        loader=PackageLoader("parity.report.page", "static"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def static(name: str) -> Markup:
    """A file of ours, which needs no escaping."""
    text = resources.files("parity.report.page").joinpath("static", name).read_text("utf-8")
    return Markup(text)  # noqa: S704
