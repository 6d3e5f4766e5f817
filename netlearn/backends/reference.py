"""The reference backend: the solver of `netlearn.solve.reference`, one path from law to answer."""

from __future__ import annotations

from netlearn.backends.protocol import ACCURACY, Taught, Transient, check_laws, solved
from netlearn.circuit.connections import Connections
from netlearn.circuit.flat import Boundary, FlatCircuit, Floats, Ints, Params
from netlearn.errors import BackendError
from netlearn.solve import reference
from netlearn.solve.lesson import Flaws, Lesson
from netlearn.solve.solution import Solution


class Reference:
    """See `netlearn.backends.protocol.Backend`."""

    def __init__(self, circuit: FlatCircuit) -> None:
        check_laws(circuit)
        self.circuit = circuit
        self.connections = Connections(circuit)

    def operating_points(self, params: Params, boundary: Boundary, start: Solution | None = None) -> Solution:
        """Operating points, from `start` where it settled."""
        fits = start is not None and start.settled.shape == (params.draws, boundary.samples)

        def solve(part: Boundary, rows: Ints) -> Solution:
            return reference.operating_points(self.circuit, params, part, start.of(rows) if start and fits else None)

        return solved(self.connections, params, boundary, solve)

    def teach(
        self, params: Params, lesson: Lesson, rows: Ints, spans: Floats | None = None, flaws: Flaws | None = None
    ) -> Taught | None:
        """No way of its own: the learning loop goes phase by phase."""
        return None

    def transient(
        self,
        params: Params,
        boundary: Boundary,
        stop: float,
        step: float,
        start: Floats | None = None,
        accuracy: float = ACCURACY,
    ) -> Transient:
        raise BackendError("the reference backend finds operating points only", "use --backend native for transients")

    def reset(self) -> None:
        return

    def close(self) -> None:
        return
