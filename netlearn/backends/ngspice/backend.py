"""The ngspice backend: a FlatCircuit's operating points and transients from the real SPICE.

One `Simulator` (a worker process with one deck loaded) serves all lanes of a draw; every number that moves
comes in through an external source or is altered in place, so learning never reloads a deck.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netlearn.backends.ngspice import deck as decks
from netlearn.backends.ngspice.deck import Deck, Key
from netlearn.backends.ngspice.simulator import Simulator, transient
from netlearn.backends.protocol import Transient, empty
from netlearn.circuit.flat import Boundary, FlatCircuit, Floats, Ints, Params, check_params
from netlearn.errors import BackendError
from netlearn.solve.solution import Solution


@dataclass
class _Loaded:
    """A running simulator, its deck, and the numbers that are in it now."""

    simulator: Simulator
    deck: Deck
    values: dict[str, dict[str, Floats]]
    plan: _Plan


@dataclass(frozen=True)
class _Plan:
    """Column layout for one kind of boundary: which column each held, switched and fed node writes."""

    held: Ints
    switched: tuple[int, ...]
    fed: Ints


class Ngspice:
    """See `netlearn.backends.protocol.Backend`."""

    def __init__(self, circuit: FlatCircuit, timeout: float = 60.0) -> None:
        self.circuit, self.timeout = circuit, timeout
        self.moving = frozenset((rule.device, rule.param) for rule in circuit.rules)
        self.clampable = _clampable(circuit)
        self.loaded: _Loaded | None = None

    def operating_points(self, params: Params, boundary: Boundary, start: Solution | None = None) -> Solution:
        """Operating points; `start` is not needed: each point starts from the one before it."""
        check_params(self.circuit, params)
        answer = empty(self.circuit, params.draws, boundary.samples)
        for draw in range(params.draws):
            self._draw(params, draw, boundary, answer)
        return answer

    def _draw(self, params: Params, draw: int, boundary: Boundary, answer: Solution) -> None:
        loaded = self._ready(params, draw, boundary)
        columns = self._columns(loaded, params, draw, boundary)
        points = loaded.simulator.operating_points(columns)
        settled = points.settled
        x = answer.x[draw]
        x[:, 0] = 0.0
        x[:, [unknown for _, unknown in loaded.deck.reads]] = points.values
        for k, n in enumerate(boundary.held):
            if int(n) in loaded.deck.held:
                x[:, n] = boundary.voltages[:, k]
        x[~settled] = np.nan
        answer.settled[draw] = settled
        answer.steps[draw] = points.iterations

    def _ready(self, params: Params, draw: int, boundary: Boundary) -> _Loaded:
        """The simulator with a deck for this boundary and the numbers of this draw in it."""
        always = tuple(int(n) for k, n in enumerate(boundary.held) if int(n) not in self.clampable and not np.isnan(boundary.voltages[:, k]).any())
        others = {int(n) for n in boundary.held} - set(always)
        fed = tuple(int(n) for n in boundary.fed)
        loaded = self.loaded
        if loaded is None or set(loaded.deck.held) != set(always) or not others <= set(loaded.deck.switched) or not set(fed) <= set(loaded.deck.fed):
            loaded = self._load(params, draw, always, tuple(sorted(others | self.clampable)), fed)
        if not self._update(loaded, params, draw):
            loaded = self._load(params, draw, tuple(loaded.deck.held), tuple(loaded.deck.switched), tuple(loaded.deck.fed))
        return loaded

    def _load(self, params: Params, draw: int, held: tuple[int, ...], switched: tuple[int, ...], fed: tuple[int, ...]) -> _Loaded:
        self.close()
        values = {d: {p: v[draw].copy() for p, v in of.items()} for d, of in params.values.items()}
        deck = decks.write(self.circuit, values, held, switched, fed, self.moving)
        simulator = Simulator(deck.text, deck.sources, [name for name, _ in deck.reads], timeout=self.timeout)
        self.loaded = _Loaded(simulator, deck, values, _Plan(np.array(held), switched, np.array(fed)))
        return self.loaded

    def _update(self, loaded: _Loaded, params: Params, draw: int) -> bool:
        """Bring the numbers of a draw into the deck; False if it must be written anew."""
        changes: list[tuple[str, str, float]] = []
        for device, of in params.values.items():
            for param, values in of.items():
                now = loaded.values[device][param]
                if np.array_equal(now, values[draw]):
                    continue
                for element in np.flatnonzero(now != values[draw]):
                    key = Key(device, param, int(element))
                    if key in loaded.deck.external:
                        continue
                    if key not in loaded.deck.alterable:
                        return False
                    name, spelled = loaded.deck.alterable[key]
                    changes.append((name, spelled, float(values[draw, element])))
                loaded.values[device][param] = values[draw].copy()
        if changes:
            loaded.simulator.alter(changes)
        return True

    def _columns(self, loaded: _Loaded, params: Params, draw: int, boundary: Boundary) -> Floats:
        """What each external source gives in each sample, (S, sources)."""
        deck = loaded.deck
        columns = np.zeros((boundary.samples, len(deck.sources)))
        for k, n in enumerate(boundary.held):
            voltages = boundary.voltages[:, k]
            if int(n) in deck.held:
                columns[:, deck.held[int(n)]] = voltages
            else:
                target, on = deck.switched[int(n)]
                columns[:, on] = ~np.isnan(voltages)
                columns[:, target] = np.nan_to_num(voltages)
        for k, n in enumerate(boundary.fed):
            columns[:, deck.fed[int(n)]] += boundary.currents[:, k]
        for key, column in deck.external.items():
            columns[:, column] = params.values[key.device][key.param][draw, key.element]
        return columns

    def transient(self, params: Params, boundary: Boundary, stop: float, step: float) -> Transient:
        """The first draw and sample over time, from the operating point at t = 0."""
        check_params(self.circuit, params)
        if not (0 < step <= stop < np.inf):
            raise BackendError(f"a transient of {stop:g} s in steps of {step:g} s", "give 0 < step <= stop")
        values = {d: {p: v[0] for p, v in of.items()} for d, of in params.values.items()}
        held = {int(n): float(boundary.voltages[0, k]) for k, n in enumerate(boundary.held) if np.isfinite(boundary.voltages[0, k])}
        fed = {int(n): float(boundary.currents[0, k]) for k, n in enumerate(boundary.fed)}
        deck = decks.write_transient(self.circuit, values, held, fed)
        waves = transient(deck.text, [name for name, _ in deck.reads], step=step, stop=stop, max_step=step)
        x = np.zeros((len(waves.time), self.circuit.size))
        x[:, [unknown for _, unknown in deck.reads]] = waves.values
        return Transient(waves.time, x)

    def reset(self) -> None:
        if self.loaded is not None:
            self.loaded.simulator.reset()

    def close(self) -> None:
        if self.loaded is not None:
            self.loaded.simulator.close()
            self.loaded = None


def _clampable(circuit: FlatCircuit) -> set[int]:
    """Output nodes a clamped phase may hold: all that are read and not driven."""
    driven = {n for port in circuit.inputs for n in port.nodes} | {0}
    return {n for port in circuit.outputs if port.kind == "V" for n in port.clamped} - driven
