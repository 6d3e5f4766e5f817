"""What the models of a netlist for layout are called that is for no process in particular: by what they are of, R C L D, and n and
p for the channel of a transistor. Written by the export of CDL, and known to its import."""

from __future__ import annotations

GENERIC = {"R": "rpoly", "C": "cmim", "L": "ind", "D": "dio", "n": "nch", "p": "pch"}
