"""The templates and the static files of the pages, which are package data."""

from __future__ import annotations

from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup


def template(name: str) -> Template:
    """Return a template, which escapes whatever it is given."""
    environment = Environment(
        loader=PackageLoader("parity.report.page", "static"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def static(name: str) -> Markup:
    """Return the text of a static file, which needs no escaping."""
    text = resources.files("parity.report.page").joinpath("static", name).read_text("utf-8")
    return Markup(text)  # noqa: S704
