"""Methods with their options as they are written: the rule of a task, and the one that a module implements."""

from __future__ import annotations

from netlearn.circuit.model import Choice
from netlearn.lang.evaluate import Evaluator
from netlearn.lang.values import Fault, Piece, kind_of, span
from netlearn.lang.write import write
from netlearn.units import Quantity


def read_choice(evaluate: Evaluator, statement: str, tree: Piece, form: str) -> Choice:
    """The method behind the word of a `statement`; `form`: how one is written."""
    if tree.data == "ref" and len(tree.children) == 1:
        return Choice(str(tree.children[0]), {}, {"": span(tree)})
    if tree.data != "call":
        raise Fault("this names a method with its parameters", tree, f"write {form}")
    head, *given = tree.children
    options: dict[str, Quantity | tuple[Quantity, ...]] = {}
    places = {"": span(head)}
    for item in given:
        if item.data != "named":
            what = f"{statement} {write(head)}"
            raise Fault(f"the options of {what} are given by name", tree, f"write {what}(name = {write(item)})")
        key, value = str(item.children[0]), evaluate(item.children[1])
        if isinstance(value, list) and value and all(isinstance(v, Quantity) for v in value):
            value = tuple(value)
        if not isinstance(value, (Quantity, tuple)):
            raise Fault(f"{key} must be a number, not {kind_of(value)}", item, f"write {key} = 0.5")
        if key in options:
            raise Fault(f"'{key}' is given twice", item, "remove one of them")
        options[key], places[key] = value, span(item)
    return Choice(write(head), options, places)
