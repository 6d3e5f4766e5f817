"""The learning methods, one small file each, and the table that a `rule` of the language chooses from."""

from __future__ import annotations

from collections.abc import Mapping

from netlearn.errors import TaskError
from netlearn.learn.methods.coupled import Coupled
from netlearn.learn.methods.hardware import Hardware
from netlearn.learn.methods.method import Method, options, required
from netlearn.learn.methods.sign import Sign

METHODS: dict[str, type[Method]] = {"coupled": Coupled, "hardware": Hardware, "sign": Sign}


def make_method(name: str, given: Mapping[str, float]) -> Method:
    """The method a rule names, with its options checked."""
    if name not in METHODS:
        raise TaskError(f"unknown learning rule '{name}'", f"known: {', '.join(METHODS)}")
    known = options(METHODS[name])
    for key in given:
        if key not in known:
            raise TaskError(f"rule {name} has no option '{key}'", f"its options are {', '.join(known)}")
    missing = [key for key in required(METHODS[name]) if key not in given]
    if missing:
        raise TaskError(
            f"rule {name} is not given its {missing[0]}", f"write rule {name}(eta = 0.5, {missing[0]} = ...)"
        )
    return METHODS[name](**dict(given))


__all__ = ["METHODS", "Coupled", "Hardware", "Method", "Sign", "make_method", "options"]
