"""Where in a scenario's file something stands that a verdict names."""

from __future__ import annotations

import re
from typing import Final

from parity.base.strict_yaml import YamlError, parse_yaml

_PART: Final = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def line_of(text: str, path: str) -> int | None:
    """Return the line of a path such as ``steps[2].expect``, or of what of it is written.

    Lines count from 1. It is None if the text isn't there, or none of the path is written.
    """
    parts = tuple(int(index) if index else word for index, word in _PART.findall(path))
    try:
        document = parse_yaml(text)
    except YamlError:
        return None
    if document is None or not isinstance(document.inner, dict) or parts[0] not in document.inner:
        return None
    return document.place(parts)[0]
