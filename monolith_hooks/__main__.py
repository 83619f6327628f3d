"""Entry point of ``python -m monolith_hooks``, which is ``monolith-controller``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command, or say what to install for it."""
    try:
        from monolith_hooks.controller_cli import main as control  # noqa: PLC0415
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"monolith-controller needs {error.name}, which isn't installed; "
            "pip install 'monolith-hooks-parity[hooks]' has it\n"
        )
        sys.exit(2)
    control()


if __name__ == "__main__":
    main()
