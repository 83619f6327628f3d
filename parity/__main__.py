"""``python -m parity`` is ``monolith-parity``."""

from parity.app.cli import main

main()
