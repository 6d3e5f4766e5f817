"""Pictures of runs, and of waveforms."""

from netlearn.plot.kinds import KINDS, save, view
from netlearn.plot.picture import write_picture

__all__ = ["KINDS", "save", "view", "write_picture"]
