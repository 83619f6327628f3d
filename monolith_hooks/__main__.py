"""Entry point of ``python -m monolith_hooks``, which is ``monolith-controller``."""

from monolith_hooks.controller_cli import main

main()
