"""``python -m monolith_hooks`` is ``monolith-controller``."""

from monolith_hooks.controller_cli import main

main()
