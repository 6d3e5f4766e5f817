"""Pages about runs, about studies, and about cells."""

from netlearn.report.cells import write_cells_report
from netlearn.report.page import write_report
from netlearn.report.studies import write_studies_report

__all__ = ["write_cells_report", "write_report", "write_studies_report"]
