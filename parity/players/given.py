"""What a scenario leaves out is left to the hook, so that a play has the hook's own default."""

from __future__ import annotations

from typing import Any

from parity.model import Model


def given(options: Model, **arguments: tuple[str, Any]) -> dict[str, Any]:
    """Arguments of a hook, of those options alone that a scenario gives.

    Args:
      options: a part of a scenario.
      arguments: by the hook's name for it: the option's name, and the value to hand on.
    """
    return {
        argument: value
        for argument, (option, value) in arguments.items()
        if option in options.model_fields_set
    }
