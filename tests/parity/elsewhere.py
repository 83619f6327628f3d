"""The command line with another folder of scenarios than the project's own.

Not a test module. ``python tests/parity/elsewhere.py SCENARIOS run ...``
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from parity.app.cli import main
from parity.base import project

project.SCENARIOS = Path(sys.argv.pop(1))
project.KNOWN_DIFFERENCES = project.SCENARIOS / "known_differences.yaml"
main()
