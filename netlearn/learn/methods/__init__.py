"""The learning methods, one small file each, and the table that a `rule` of the language chooses from."""

from __future__ import annotations

from collections.abc import Mapping

from netlearn.learn.methods.coupled import Coupled
from netlearn.learn.methods.hardware import Hardware
from netlearn.learn.methods.method import Method
from netlearn.learn.methods.sign import Sign
from netlearn.learn.options import make

METHODS: dict[str, type[Method]] = {"coupled": Coupled, "hardware": Hardware, "sign": Sign}


def make_method(name: str, given: Mapping[str, float]) -> Method:
    """The method of that name, with its options in SI units."""
    return make("rule", METHODS, name, given)


__all__ = ["METHODS", "Method", "make_method"]
