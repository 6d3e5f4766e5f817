"""Pictures of runs."""

from netlearn.plot.kinds import KINDS, save, view

__all__ = ["KINDS", "save", "view"]
