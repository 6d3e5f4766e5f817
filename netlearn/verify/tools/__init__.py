"""The verifiers: one small file each, and the table of them."""

from netlearn.verify.model import Verifier
from netlearn.verify.tools import (
    adms,
    annotations,
    gnucap,
    iverilog,
    jsonschema,
    kicad,
    kinparse,
    klayout,
    klayout_gds,
    netgen,
    ngspice,
    openvaf,
    vacask,
    written,
    xschem,
    yosys,
)

TOOLS = (
    *(ngspice, vacask, gnucap, openvaf, adms),
    *(netgen, klayout, klayout_gds, yosys, iverilog, annotations),
    *(kicad, kinparse, xschem, jsonschema, written),
)
VERIFIERS: dict[str, Verifier] = {tool.VERIFIER.name: tool.VERIFIER for tool in TOOLS}

__all__ = ["VERIFIERS"]
