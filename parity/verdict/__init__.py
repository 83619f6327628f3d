"""The verdict on two traces of one scenario: equal, different, expected, known."""

from parity.verdict.compare import Comparison, Difference, compare
from parity.verdict.judge import Judge
from parity.verdict.known import KnownDifferences
from parity.verdict.record import Record, Verdict

__all__ = ["Comparison", "Difference", "Judge", "KnownDifferences", "Record", "Verdict", "compare"]
