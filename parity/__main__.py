"""``python -m parity`` is ``monolith-parity``."""

from parity.cli import main

main()
