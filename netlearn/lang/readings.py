"""What a circuit is to show over time: labels, assertions at a time, plots, and what would be ideal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netlearn import units
from netlearn.circuit.model import GROUND, Element, Instance, Label, Plot, Reading, Watch
from netlearn.devices import DEVICES
from netlearn.lang.channels import indexed_names, listed_values
from netlearn.lang.draft import Draft
from netlearn.lang.formulas import leaves
from netlearn.lang.values import ElementRef, Fault, Named, Net, Piece, Symbolic, in_unit, kind_of, leaf, span, suggest
from netlearn.lang.write import write
from netlearn.units import NONE, VOLT, Quantity

MOST_PLOTS = 50  # of a circuit: all of them are drawn at once
MOST_CURVES = 100  # of a plot


def read_labels(draft: Draft, tree: Piece) -> None:
    """`label y = V(goal) every 1ms`: a source on the net, at 0 V while nothing is shown."""
    *front, period = tree.children
    values = listed_values(draft, front[1:])
    every = draft.evaluate.seconds(period.children[0], "how long a sample is shown", "write every 1ms")
    if draft.labels and every != draft.every:
        raise Fault(f"samples are shown for {draft.every:g} s elsewhere", period, "give all labels the same time")
    draft.every = every
    known = [output.name for output in draft.outputs]
    for name, (value, where) in zip(indexed_names(draft, front, len(values), tree), values, strict=True):
        if name not in known:
            help = suggest(name, known) or f"declare it before: output {name} = V(out)"
            raise Fault(f"there is no output '{name}' to label", front[0], help)
        if any(label.output == name for label in draft.labels):
            raise Fault(f"output '{name}' has a label already", front[0], "an output has one")
        net = value.arguments[0] if isinstance(value, Named) and value.name == "V" else None
        if not isinstance(net, Net) or len(value.arguments) != 1 or net.name == GROUND:
            raise Fault("a label is the voltage of a net", where, f"write label {name} = V(goal) every 1ms")
        output = next(output for output in draft.outputs if output.name == name)
        if output.kind == "I":
            raise Fault(f"output '{name}' is a current, and a label is a voltage", front[0], "read a voltage instead")
        if net.name in output.free:
            message = f"'{net.name}' is what output '{name}' reads: labelled there, it would be right by itself"
            raise Fault(message, where, f"give the label a net of its own: net goal, label {name} = V(goal) every 1ms")
        source = f"label {name}"
        draft.uses[net.name] += 2
        draft.elements.append(Element(source, DEVICES["V"], (net.name, GROUND), {"dc": 0.0}))
        draft.labels.append(Label(name, source))


def read_watch(draft: Draft, tree: Piece) -> None:
    """`assert V(out) > 4V at 30us`."""
    comparison, at = tree.children
    if comparison.data != "compare":
        raise Fault("what is asserted at a time is a comparison", comparison, "write assert V(out) > 4V at 30us")
    left, sign, right = comparison.children
    readings = _symbol(draft, left), _symbol(draft, right)
    dimensions = [reading.dimension for reading in readings]
    if NONE not in dimensions and dimensions[0] != dimensions[1]:
        said = " and ".join(units.describe(d) for d in dimensions)
        raise Fault(f"{said} cannot be compared", comparison, "both sides need the same unit")
    time = draft.evaluate.seconds(at, "when this should hold", "write at 30us")
    text = f"{write(comparison)} at {write(at)}"
    draft.watches.append(
        Watch(text, _reading(readings[0], left), str(sign), _reading(readings[1], right), time, span(tree))
    )


def read_plot(draft: Draft, tree: Piece) -> None:
    """`plot V(out) against V(in)`, `plot V(clk), V(q)`."""
    curves = [c for c in tree.children if c.data != "against"]
    against = next((c.children[0] for c in tree.children if c.data == "against"), None)
    read = [_reading(_symbol(draft, c), c) for c in curves]
    other = _reading(_symbol(draft, against), against) if against is not None else None
    if len(draft.plots) >= MOST_PLOTS:
        raise Fault(f"more than {MOST_PLOTS} plots", tree, "leave some out: each is a picture")
    if len(read) > MOST_CURVES:
        raise Fault(f"{len(read)} curves in one plot", tree, f"a plot has at most {MOST_CURVES}")
    draft.plots.append(Plot(tuple(read), other))


def read_ideal(draft: Draft, tree: Piece) -> None:
    """`ideal offset = 0V`: for a parameter of the circuit."""
    for named in tree.children:
        token, value = named.children[0], draft.evaluate(named.children[1])
        if str(token) not in draft.settings:
            known = suggest(str(token), draft.settings) or f"known: {', '.join(draft.settings) or 'none'}"
            raise Fault(f"'{token}' is no parameter of this circuit", token, known)
        if str(token) in draft.ideals:
            raise Fault(f"the ideal {token} is given twice", token, "remove one of them")
        draft.ideals[str(token)] = setting(draft.settings[str(token)], value, named.children[1])


def setting(default: Any, value: Any, where: Any, said: str = "this") -> Any:
    """A value in the place of a parameter's default, in its unit where it is a plain number; Fault where it cannot be."""
    if type(value) is not type(default):
        raise Fault(f"{said} is {kind_of(value)}, and the parameter is {kind_of(default)}", where)
    if not isinstance(value, Quantity) or default.dimension in (NONE, value.dimension):
        return value
    if value.dimension == NONE:
        return Quantity(value.number, default.dimension)
    wanted = in_unit(default.dimension)
    raise Fault(f"{said} is {in_unit(value.dimension)}, and the parameter is {wanted}", where, f"give it {wanted}")


def _symbol(draft: Draft, tree: Any) -> Symbolic:
    value = draft.evaluate(tree)
    if isinstance(value, ElementRef) and any(output.name == value.name for output in draft.outputs):
        output = next(output for output in draft.outputs if output.name == value.name)
        value = Symbolic(("-", ("n", output.free[0]), ("n", output.free[1])), VOLT) if output.kind == "V" else value
    symbol = leaf(value)
    if symbol is None or leaves(symbol.tree, "s") or _has_logic(symbol.tree):
        raise Fault(f"only voltages can be read here, not {kind_of(value)}", tree, "write V(out), V(a) - V(b) or 2.5V")
    names = {net: _known(draft, net, tree) for net in leaves(symbol.tree, "n")}
    for net in names.values():
        draft.uses[net] += 1
    return Symbolic(_named(symbol.tree, names), symbol.dimension, symbol.size)


def _named(tree: tuple[Any, ...], names: Mapping[str, str]) -> tuple[Any, ...]:
    """The tree with other names for its nets."""
    if tree[0] == "n":
        return ("n", names[tree[1]])
    return tree if tree[0] == "c" else (tree[0], *(_named(part, names) for part in tree[1:]))


def _known(draft: Draft, name: str, where: Any) -> str:
    """The path of a net of this circuit or, as in `cell.g`, of one within an instance."""
    if name in draft.nets or name in draft.uses or name == GROUND:
        return name
    return _within(name, "", draft.instances, where)


def _within(name: str, prefix: str, instances: Sequence[Instance], where: Any) -> str:
    for instance in instances:
        if not name.startswith(f"{instance.name}."):
            continue
        inner, path = name.removeprefix(f"{instance.name}."), f"{prefix}{instance.name}."
        if inner in instance.nets:
            return prefix + instance.nets[inner]
        if inner in instance.cell.nets:
            return path + inner
        if any(inner.startswith(f"{deeper.name}.") for deeper in instance.cell.instances):
            return _within(inner, path, instance.cell.instances, where)
        known = [*instance.cell.nets, *instance.cell.ports]
        help = suggest(inner, known) or f"its nets are {', '.join(known[:12])}"
        raise Fault(f"{instance.name} has no net '{inner}' within it", where, help)
    raise Fault(f"there is no net '{name}'", where, "read a net of this circuit, or one of an instance: V(cell.g)")


def _has_logic(tree: Any) -> bool:
    return isinstance(tree, tuple) and (tree[0] == "xor" or any(_has_logic(part) for part in tree[1:]))


def _reading(symbol: Symbolic, tree: Any) -> Reading:
    return Reading(write(tree), symbol.tree)
