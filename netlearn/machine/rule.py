"""The rule that a learning cell says it implements, as a change of its state for the drops of its edge.

A cell sees its own two drops and nothing else. So it can implement those rules, and only those, whose update is a
formula of them (`Method.formula`, see `netlearn.solve.lesson`) whatever the law of the edge is:

    SQUARES     change = s gain (d_F^2 - d_C^2)          times all of its pulse, where the rule counts in time
    MAGNITUDES  change = s gain sgn(|d_F| - |d_C|)       zero where they differ by less than `dead`

s = +1 where raising the state raises the conductance between the cell's ends, else -1. Whether a rule is one of these is
asked of the rule itself: of its formula for an edge whose law is none that it could know.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from netlearn.circuit.flat import FlatCircuit, Floats, flatten, initial
from netlearn.circuit.model import Cell, Circuit, Element, Implements, Learn
from netlearn.circuit.model import Formula as Parameter
from netlearn.devices import Device, Param
from netlearn.errors import CheckFault, Diagnostic
from netlearn.learn.methods import METHODS, Method
from netlearn.learn.methods.method import Formula
from netlearn.learn.options import choose
from netlearn.learn.plan import make_plan
from netlearn.solve.lesson import PUSHED, SPAN, SQUARES, TIMES

UNKNOWN = Device(
    name="an edge of unknown law",
    doc="stands for whatever conducts between the ends of a cell",
    terminals=("a", "b"),
    params=(Param("k", "", None, "what its state steers"),),
    law="current i(a, b) = k * V(a, b)",
    drop=("a", "b"),
)


@dataclass(frozen=True)
class EdgeRule:
    """What a rule asks of one edge. gain: of the state a V^2 for squares, its step for magnitudes, with the sign of the
    edge's polarity. logarithmic: the change is one of the state's logarithm. dead: in V."""

    name: str
    squares: bool
    gain: float
    logarithmic: bool
    dead: float

    def signal(self, drops: Floats) -> Floats:
        """(N,) of drops (N, 2), free and clamped, in V: d_F^2 - d_C^2 in V^2, or |d_F| - |d_C| in V."""
        size = drops**2 if self.squares else np.abs(drops)
        return np.asarray(size[:, 0] - size[:, 1])

    def change(self, drops: Floats) -> Floats:
        """(N,) that the rule makes for drops (N, 2) in V."""
        signal = self.signal(drops)
        return self.gain * (signal if self.squares else np.where(np.abs(signal) > self.dead, np.sign(signal), 0.0))


def method_of(implements: Implements) -> Method:
    """The rule that is named; CheckFault, at its place, where it is none or none that a cell can implement."""
    name = implements.rule.name
    known = {name: METHODS[name] for name in implementable()}
    if name in METHODS and name not in known:
        message = f"no cell implements {name}: its update is no function of an edge's own two drops alone"
        help = f"rules that are: {', '.join(known)}"
        raise CheckFault([Diagnostic(message, implements.source, implements.rule.place(""), help)])
    return choose("rule", known, implements.rule, implements.source)


def check_implements(cells: Iterable[Cell]) -> None:
    """CheckFault with every rule that a cell cannot implement."""
    faults: dict[Diagnostic, None] = {}
    for implements in (cell.implements for cell in cells if cell.implements is not None):
        try:
            method_of(implements)
        except CheckFault as fault:
            faults |= dict.fromkeys(fault.diagnostics)
    if faults:
        raise CheckFault(list(faults))


@lru_cache(maxsize=1)
def implementable() -> tuple[str, ...]:
    """The names of the rules that a cell can implement."""
    some = Learn(1.0, 0.5, 2.0)
    return tuple(name for name, kind in METHODS.items() if _formula(_any(kind), some, 1.0) is not None)


def edge_rule(name: str, method: Method, learn: Learn, polarity: float) -> EdgeRule:
    """What a rule that a cell can implement asks of a state `learn` that raises (+1) or lowers (-1) its conductance."""
    formula = _formula(method, learn, polarity)
    assert formula is not None
    span = 1.0 if formula.switch == PUSHED else formula.numbers[SPAN]
    gain = formula.gain * float(formula.weights[0][0]) * span
    return EdgeRule(name, formula.signal == SQUARES, gain, int(formula.scales[0]) == TIMES, formula.dead)


def _formula(method: Method, learn: Learn, polarity: float) -> Formula | None:
    circuit = _twin(replace(learn, init=learn.low, frozen=False))
    plan = make_plan(circuit, initial(circuit))
    return method.formula(circuit, replace(plan, polarity=tuple(np.full_like(p, polarity) for p in plan.polarity)))


def _twin(learn: Learn) -> FlatCircuit:
    """A twin edge of unknown law with one state."""
    steered = {"k": Parameter("s0", (), ("k",))}
    edges = tuple(Element(half, UNKNOWN, (f"a.{half}", f"b.{half}"), steered) for half in ("free", "clamped"))
    nets = tuple(net for edge in edges for net in edge.nodes)
    return flatten(Circuit("twin", Cell("twin", (), nets, edges, (), {"k": learn}), (), ()))


def _any(kind: type[Any]) -> Method:
    """A rule of a kind, with one for every option that has to be given."""
    needed = [f.name for f in dataclasses.fields(kind) if f.init and f.default is dataclasses.MISSING]
    made: Method = kind(**dict.fromkeys(needed, 1.0))
    return made
