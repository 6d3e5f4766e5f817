"""Rules and losses as tables of small dataclasses, whose fields are the options a task may give.

A field's metadata has `doc` and, where it is measured in one, `unit` (STATE: that of the learnable values, whatever it
is); an option without a unit is a plain number, in SI units. A field that is not part of `__init__` is no option; one of
type `Numbers` takes a list as well.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from netlearn.circuit.model import Choice
from netlearn.errors import CheckFault, Diagnostic, Source, TaskError
from netlearn.lang.values import in_unit, suggest
from netlearn.units import NONE, Quantity, dimension

STATE = "*"
Numbers = float | tuple[float, ...]
Made = TypeVar("Made")


def options(kind: type[Any]) -> dict[str, str]:
    """Option name to its meaning, unit and default."""
    return {f.name: f"{f.metadata['doc']}{_unit(f)} ({_default(f)})" for f in _fields(kind).values()}


def make(what: str, table: Mapping[str, type[Made]], name: str, given: Mapping[str, Numbers]) -> Made:
    """The rule or loss of that name with its options in SI units; TaskError where there is none such."""
    if name not in table:
        known = f"known: {', '.join(table)}"
        raise TaskError(f"unknown {what} '{name}'", suggest(name, table) or known)
    fields = _fields(table[name])
    for key, value in given.items():
        if key not in fields:
            known = f"its options are {', '.join(fields)}" if fields else "it has no options"
            raise TaskError(f"{what} {name} has no option '{key}'", suggest(key, fields) or known, key)
        if isinstance(value, tuple) and fields[key].type != "Numbers":
            raise TaskError(f"{key} is one number, not a list", f"write {key} = {value[0]:g}", key)
    missing = [key for key, f in fields.items() if f.default is dataclasses.MISSING and key not in given]
    if missing:
        raise TaskError(f"{what} {name} is not given its {missing[0]}", f"write {_form(what, name, fields)}")
    return table[name](**dict(given))


def choose(what: str, table: Mapping[str, type[Made]], choice: Choice, source: Source) -> Made:
    """The rule or loss a task names; CheckFault, at the place in its source, where it cannot be had."""
    try:
        made = make(what, table, choice.name, {k: numbers(v) for k, v in choice.options.items()})
        _check_units(table[choice.name], choice)
    except TaskError as error:
        raise CheckFault([Diagnostic(error.message, source, choice.place(error.about), error.help)]) from None
    return made


def numbers(value: Quantity | tuple[Quantity, ...]) -> Numbers:
    """An option in SI units."""
    return tuple(v.number for v in value) if isinstance(value, tuple) else value.number


def _check_units(kind: type[Any], choice: Choice) -> None:
    for key, value in ((k, v) for k, of in choice.options.items() for v in (of if isinstance(of, tuple) else (of,))):
        unit = _fields(kind)[key].metadata.get("unit", "")
        if unit != STATE and value.dimension not in (NONE, dimension(unit)):
            raise TaskError(
                f"{key} is {in_unit(dimension(unit))}, and this is {in_unit(value.dimension)}",
                f"give it in {unit}" if unit else "write it without a unit: it counts in SI units",
                key,
            )


def _fields(kind: type[Any]) -> dict[str, dataclasses.Field[Any]]:
    return {f.name: f for f in dataclasses.fields(kind) if f.init}


def _unit(option: dataclasses.Field[Any]) -> str:
    unit = option.metadata.get("unit", "")
    return f", in {unit}" if unit not in ("", STATE) else ""


def _default(option: dataclasses.Field[Any]) -> str:
    return "must be given" if option.default is dataclasses.MISSING else f"default {option.default:g}"


def _form(what: str, name: str, fields: Mapping[str, dataclasses.Field[Any]]) -> str:
    """How a statement with its options looks."""
    shown = [f"{k} = {'...' if f.default is dataclasses.MISSING else f'{f.default:g}'}" for k, f in fields.items()]
    return f"{what} {name}({', '.join(shown)})"


def check_fraction(**numbers: float) -> None:
    for name, value in numbers.items():
        if not 0 < value <= 1:
            raise TaskError(f"{name} is {value:g}", f"give {name} a number above 0 and up to 1", name)


def check_positive(**numbers: float) -> None:
    for name, value in numbers.items():
        if not 0 < value < float("inf"):
            raise TaskError(f"{name} is {value:g}", f"give {name} a positive number", name)


def check_not_negative(**numbers: float) -> None:
    for name, value in numbers.items():
        if not 0 <= value < float("inf"):
            raise TaskError(f"{name} is {value:g}", f"{name} is not negative", name)


def check_whole(least: int, most: int, **numbers: float) -> None:
    for name, value in numbers.items():
        if not least <= value <= most or value != int(value):
            raise TaskError(f"{name} is {value:g}", f"give {name} a whole number from {least} to {most}", name)
