"""Which copy of a circuit leaves: as it is written, as it learned, as manufacture made its chip k."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from netlearn.backends import open_backend
from netlearn.circuit.chance import Keyed, draw_seeds
from netlearn.circuit.flat import FlatCircuit, Floats, Params, boundary, flatten, initial, with_states
from netlearn.circuit.model import Circuit
from netlearn.errors import CircuitError, TaskError
from netlearn.export.design import Design, make_design
from netlearn.factory.order import choose_mismatch
from netlearn.lang.compile import Netlist
from netlearn.variation.corners import FAR
from netlearn.variation.draws import drawn, varied


def learned(circuit: Circuit, seed: int, states: Mapping[str, float]) -> tuple[FlatCircuit, Params]:
    """A circuit, and its numbers with states by name where they were learned, else as they start."""
    shape = flatten(circuit)
    params = initial(shape, seed)
    given = [states.get(s.name, start) for s, start in zip(shape.states, params.states[0].tolist(), strict=True)]
    return shape, with_states(shape, params, np.array([given]).reshape(1, len(shape.states)))


def made(netlist: Netlist, shape: FlatCircuit, params: Params, draw: int, mismatch: str | None) -> Params:
    """The numbers of chip `draw` of a mismatch block, the same as those of `netlearn mc`; TaskError where nothing spreads."""
    block = choose_mismatch(netlist, shape.name, mismatch)
    varying = varied(shape, dict(block.chosen))
    if not varying:
        raise TaskError(
            f"nothing spreads in {shape.name}", "write R r(a, b) = 10k ~ 1%, or a mismatch block; or leave out --draw"
        )
    chance = Keyed(draw_seeds(block.seed, draw, draw + 1))
    return with_states(shape, drawn(shape, varying, params, chance, "", 1.0, FAR), params.states)


def designed(circuit: Circuit, shape: FlatCircuit, params: Params, inputs: Floats, title: str) -> Design:
    """The design of one copy, driven by `inputs` (I,), with its node voltages; CircuitError where it does not settle."""
    kits = any(bank.device.kit for bank in shape.banks.values())
    backend = open_backend("ngspice" if kits else "native", shape)
    try:
        found = backend.operating_points(params, boundary(shape, inputs[None, :]))
    finally:
        backend.close()
    if not found.settled.all():
        raise CircuitError(
            f"{circuit.name} does not settle with these inputs", "see netlearn solve; give others with --input"
        )
    return make_design(circuit, shape, params, inputs, found.x[0, 0], title)
