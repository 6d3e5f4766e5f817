"""Reports of runs."""

from netlearn.report.page import write_report

__all__ = ["write_report"]
