"""The reference backend: the dense solver of `netlearn.solve.dense`, one path from law to answer."""

from __future__ import annotations

from netlearn.backends.protocol import Transient
from netlearn.circuit.flat import Boundary, FlatCircuit, Params
from netlearn.errors import BackendError
from netlearn.solve import dense
from netlearn.solve.solution import Solution


class Reference:
    """See `netlearn.backends.protocol.Backend`."""

    def __init__(self, circuit: FlatCircuit) -> None:
        self.circuit = circuit

    def operating_points(self, params: Params, boundary: Boundary, start: Solution | None = None) -> Solution:
        return dense.operating_points(self.circuit, params, boundary, start)

    def transient(self, params: Params, boundary: Boundary, stop: float, step: float) -> Transient:
        raise BackendError("the reference backend finds operating points only", "use --backend ngspice for transients")

    def reset(self) -> None:
        return

    def close(self) -> None:
        return
