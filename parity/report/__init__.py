"""Reports of finished runs, read from JSON lines and rendered for people; nothing is played."""

from parity.report.report import Report, read_report

__all__ = ["Report", "read_report"]
