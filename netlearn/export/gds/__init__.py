"""The resistors and capacitors of a circuit as a layout (GDSII), in layers of our own or of a process."""

from netlearn.export.gds import generic, gf180mcu, sky130
from netlearn.export.gds.capacitor import Plate
from netlearn.export.gds.drawable import Parts, drawable, makeable
from netlearn.export.gds.layout import layout
from netlearn.export.gds.process import Process
from netlearn.export.gds.resistor import Bar

PROCESSES: dict[str, Process] = {
    process.name: process
    for process in (generic.PROCESS, sky130.PROCESS, sky130.WITH_XHIGH, sky130.WITH_GENERIC, gf180mcu.PROCESS)
}

__all__ = ["PROCESSES", "Bar", "Parts", "Plate", "Process", "drawable", "layout", "makeable"]
