"""`task` blocks: data, rule, loss and stop condition, checked against the circuit they train."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lark import Tree

from netlearn.circuit.model import Choice, Circuit
from netlearn.errors import Source, Span
from netlearn.lang.choices import read_choice
from netlearn.lang.conditions import Condition, read_condition
from netlearn.lang.evaluate import Evaluator
from netlearn.lang.samples import Rows, SampleReader
from netlearn.lang.tables import MAX_ROWS, Table, read_table
from netlearn.lang.values import Fault, Piece, span, suggest

LACKING = {"square": ("accuracy", "violations"), "nearest": ("violations",), "softmax": ("violations",)}
"""Loss to the metrics that mean nothing with it."""
MANY = {"update": "update limited(fraction = 0.5)", "imperfection": "imperfection bias(sd = 0.8V/s)"}
"""Statements that a task may have any number of, and how one looks."""
ORDERS = ("sequential", "shuffled", "batch")


@dataclass(frozen=True)
class TaskSpec:
    """A checked task: inputs (N, channels) and labels (N, channels) as rows of numbers in SI units.

    `places` has where each kind of statement stands in `source`, and the name of the task under ""."""

    name: str
    circuit: str
    inputs: Rows
    labels: Rows
    rule: Choice
    loss: Choice
    stop: Condition | None
    holdout: float
    order: str
    batch: int
    updates: tuple[Choice, ...]
    imperfections: tuple[Choice, ...]
    asserts: tuple[Condition, ...]
    source: Source
    places: Mapping[str, Span]
    origin: str = ""

    def place(self, statement: str) -> Span:
        """Where a statement stands, or the name of the task where there is none such."""
        return self.places.get(statement, self.places[""])


def completed(tree: Piece, earlier: Mapping[str, Piece]) -> Piece:
    """A task with all its statements: where it is like an `earlier` one, that one's of the kinds it has none of."""
    name, head, *own = tree.children
    if head.data != "like":
        return tree
    other = str(head.children[0])
    if other not in earlier:
        known = suggest(other, earlier) or f"tasks before this one: {', '.join(earlier) or 'none'}"
        raise Fault(f"there is no task '{other}' before this one", head, known)
    _, circuit, *given = earlier[other].children
    kinds = {statement.data for statement in own}
    return Tree(tree.data, [name, circuit, *own, *(s for s in given if s.data not in kinds)], tree.meta)


def read_task(
    tree: Piece,
    circuit: Circuit,
    source: Source,
    folder: Path | None,
    allowed: tuple[Path, ...],
    files: dict[Path, str],
) -> TaskSpec:
    """The task of a tree on the circuit that it is of. `folder` and `allowed` bound the files it may name; `files` is given
    the texts of those. Fault where something cannot be."""
    token = tree.children[0]
    many: dict[str, list[Piece]] = {name: [] for name in (*MANY, "assert_")}
    one: dict[str, Piece] = {}
    for statement in tree.children[2:]:
        if statement.data in many:
            many[statement.data].append(statement)
        elif statement.data in one:
            raise Fault(f"a second '{statement.data}' in one task", statement, "a task has one of each")
        else:
            one[statement.data] = statement
    if "data" not in one:
        raise Fault(f"task {token} has no data", token, "write data x: [0.1V, 0.2V] -> y: [30mV, 60mV]")
    place = next((c.children[0] for c in one["data"].children if c.data == "source"), None)
    table = Table() if place is None else read_table(place, folder, allowed, files)
    evaluate = Evaluator({}, table.calls)
    inputs, labels = SampleReader(circuit, evaluate).read(one["data"])

    def choice(kind: str, default: str, form: str) -> Choice:
        """A rule or loss, or the default one, which stands nowhere: it is told of at the name of the task."""
        return chosen(one[kind], form) if kind in one else Choice(default, {}, {"": span(token)})

    def chosen(statement: Piece, form: str) -> Choice:
        return read_choice(evaluate, str(statement.data), statement.children[0], form)

    loss = choice("loss", "square", "loss square")
    _has_metrics(tree, loss.name)
    return TaskSpec(
        name=str(token),
        circuit=circuit.name,
        inputs=inputs,
        labels=labels,
        rule=choice("rule", "coupled", "rule coupled(eta = 0.5, rate = 1e-3)"),
        loss=loss,
        stop=read_condition(evaluate, one["stop"].children[0]) if "stop" in one else None,
        holdout=_holdout(evaluate, one["holdout"]) if "holdout" in one else 0.0,
        order=_order(one["order"]) if "order" in one else "sequential",
        batch=_batch(evaluate, one["batch"], one.get("order")) if "batch" in one else 1,
        updates=tuple(chosen(statement, MANY["update"]) for statement in many["update"]),
        imperfections=tuple(chosen(statement, MANY["imperfection"]) for statement in many["imperfection"]),
        asserts=tuple(read_condition(evaluate, statement.children[0]) for statement in many["assert_"]),
        source=source,
        places={"": span(token), **{name: span(statement) for name, statement in one.items()}},
        origin=table.origin,
    )


def _has_metrics(tree: Piece, loss: str) -> None:
    """Conditions name only metrics that mean something with this loss."""
    for statement in tree.children[2:]:
        if statement.data in ("stop", "assert_"):
            for ref in statement.find_data("ref"):
                name = str(ref.children[0])
                if name in LACKING.get(loss, ()):
                    fits = [other for other in ("nearest", "hinge") if name not in LACKING.get(other, ())]
                    raise Fault(f"loss {loss} has no {name}", ref, f"write loss {' or loss '.join(fits)}")


def _holdout(evaluate: Evaluator, statement: Piece) -> float:
    number = evaluate.number(statement.children[0], "holdout").number
    if not 0 <= number < 1:
        raise Fault("the part that is held out lies between 0 and 1", statement, "write holdout 0.3")
    return number


def _order(statement: Piece) -> str:
    token = statement.children[0]
    if str(token) not in ORDERS:
        raise Fault(f"unknown order '{token}'", token, suggest(str(token), ORDERS) or f"known: {', '.join(ORDERS)}")
    return str(token)


def _batch(evaluate: Evaluator, statement: Piece, order: Piece | None) -> int:
    """How many samples a step is made from."""
    number = evaluate.number(statement.children[0], "batch").number
    if not 1 <= number <= MAX_ROWS or number != int(number):
        raise Fault(f"a batch is a whole number of samples from 1 to {MAX_ROWS}", statement, "write batch 10")
    if order is not None and str(order.children[0]) == "batch":
        raise Fault("order batch shows all samples at once", statement, "take one of the two out")
    return int(number)
