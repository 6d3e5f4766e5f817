"""Pages about runs and about studies."""

from netlearn.report.page import write_report
from netlearn.report.studies import write_studies_report

__all__ = ["write_report", "write_studies_report"]
