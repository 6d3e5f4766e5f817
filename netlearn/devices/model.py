"""What a device is: terminals, parameters, one law, and the SPICE card it corresponds to.

A device is data. Its law is text in the language of `element` blocks (grammars/netlearn.lark), so that
built-in and user devices are made of the same thing; `netlearn.devices.law` turns the text into kernels,
derivatives and SPICE expressions.

    current i(a, b) = ...   a current that flows through the device from terminal a to terminal b
    charge  q(a, b) = ...   a charge on a, its opposite on b; its rate is a current from a to b
    voltage e(a, b) = ...   holds V(a, b); the branch brings one unknown, its current I(e)
    flux    e = ...         its rate of change is added to the voltage of branch e
    let     x = ...         a name for an expression
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

Allowed = Literal["any", "positive", "not negative"]


@dataclass(frozen=True)
class Param:
    """A parameter: name, SI unit, default (None: must be given), its meaning, the values it may take."""

    name: str
    unit: str
    default: float | None
    doc: str
    allowed: Allowed = "any"
    most: float = math.inf
    least: float = -math.inf

    def fault(self, value: float) -> str:
        """What is wrong with a value, or nothing."""
        if not math.isfinite(value):
            return f"{self.name} is {value}, not a finite number"
        if self.allowed == "positive" and not value > 0:
            return f"{self.name} is {value:g}, and must be greater than zero"
        if self.allowed == "not negative" and value < 0:
            return f"{self.name} is {value:g}, and must not be negative"
        if value < self.least:
            return f"{self.name} is {value:g}, and must be at least {self.least:g}"
        if value > self.most:
            return f"{self.name} is {value:g}, and must not exceed {self.most:g}"
        return ""


@dataclass(frozen=True)
class Card:
    """How SPICE spells a device: element line, model line, and which parameters `alter` can change.

    The templates are filled with `{id}`, `{model}`, node names as `{terminal}` and numbers as `<parameter>`;
    `transient` replaces `line` in transient runs where the two differ. `alter`: a parameter of the language to SPICE's of the
    first line's element, or to the letter of one of them and its parameter. `warm` is put behind the element line, and behind
    the numbers of the model, where a device does not work at SPICE's nominal temperature: filled with `<celsius>`.
    """

    line: str
    model: str = ""
    transient: str = ""
    alter: Mapping[str, str] = field(default_factory=dict)
    warm: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Device:
    """A kind of circuit element.

    `value`: the parameter that `= value` sets. `drop`: the edge's two ends, whose voltage difference a
    learning rule reads. `control`: terminals that carry no direct current and steer the element (gates).
    `series`: resistance parameters realised outside the law, (parameter, terminal). `waveform`: the
    parameter that may be a function of time. `learn`: bounds that an `element` states for its parameters.
    `grounded`: terminals that go to ground where a netlist does not connect them. `holds`: the parameter that a
    voltage branch between the two terminals simply is, so that the other end is known where one is grounded.
    `junction`: a first guess at an operating point takes it for an open circuit. `moving`: the law over time, after
    the operating point it starts from, of a device that is something else at rest. `channel`: "n" or "p" of a transistor, by
    which corners of a process tell it; `slow`: by which sign of its parameters manufacture makes it slower. `kit`: the
    process kit whose models it has; its law says only what depends on what, and its numbers hold nowhere. `home`: where the
    netlist that uses it lies; `corner`: of that process, else the one of netlearn.toml. `temperature`: how parameters move with it, each as an expression (in the language of
    laws) of its parameters at `temp` for what they are at `hot` (K); see `netlearn.circuit.temperature`. A device with a
    parameter `temp` works at that temperature: vt in its law follows. `symmetric`: groups of terminals that can change places
    without any change of the law, but that the two parameters of each pair in `mirrored` change places as well.
    """

    name: str
    doc: str
    terminals: tuple[str, ...]
    params: tuple[Param, ...]
    law: str
    value: str = ""
    drop: tuple[str, str] | None = None
    control: tuple[str, ...] = ()
    card: Card | None = None
    series: tuple[tuple[str, str], ...] = ()
    waveform: str = ""
    learn: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    grounded: tuple[str, ...] = ()
    holds: str = ""
    junction: bool = False
    moving: str = ""
    channel: str = ""
    slow: Mapping[str, int] = field(default_factory=dict)
    kit: str = ""
    home: Path | None = None
    corner: str = ""
    temperature: Mapping[str, str] = field(default_factory=dict)
    symmetric: tuple[tuple[str, ...], ...] = ()
    mirrored: tuple[tuple[str, str], ...] = ()

    @property
    def param_names(self) -> tuple[str, ...]:
        return tuple(p.name for p in self.params)

    def param(self, name: str) -> Param:
        return next(p for p in self.params if p.name == name)

    @property
    def over_time(self) -> Device:
        """The device as it is in a transient run."""
        return replace(self, law=self.moving, moving="", holds="") if self.moving else self


@dataclass(frozen=True)
class ModelCard:
    """A named set of parameter values of one device, with its origin."""

    name: str
    device: str
    params: Mapping[str, float]
    origin: str
