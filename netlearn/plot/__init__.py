"""Pictures of runs, of waveforms, and schematics."""

from netlearn.plot.kinds import KINDS, save, view
from netlearn.plot.picture import write_picture
from netlearn.plot.schematic import schematic

__all__ = ["KINDS", "save", "schematic", "view", "write_picture"]
