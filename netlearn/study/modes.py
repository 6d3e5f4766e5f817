"""The ways to clamp and to time that overclamping is made of (arXiv 2505.22887), each on the same board.

standard      clamped towards the labels, the switch on for every pulse
nudge         clamped towards the rails, the switch on for all of a pulse wherever something is missed
time          clamped towards the labels, the switch on in proportion to what is missed
overclamped   both: towards the rails, for a time in proportion to what is missed
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.learn.methods.integrator import Integrator
from netlearn.learn.methods.overclamp import Overclamp
from netlearn.solve.lesson import SHARED
from netlearn.study.stand import Stand

STANDARD, NUDGE, TIME, OVERCLAMPED = MODES = ("standard", "nudge", "time", "overclamped")
ETA = 32 / 129  # of the lab's overclamped runs, where a netlist has none
LOW, HIGH = 18.1e-3, 435.1e-3  # V: its supplies, which are what it clamps towards


def overclamped(stand: Stand) -> Overclamp:
    """The overclamped rule of a netlist, or the lab's on the integrator that it has."""
    for rule in (stand.method, *stand.others):
        if isinstance(rule, Overclamp):
            return rule
    m = stand.method
    return Overclamp(r=m.r, c=m.c, v0=m.v0, gain=m.gain, pulse=m.pulse, eta=ETA, low=LOW, high=HIGH)


def standard(stand: Stand) -> Integrator:
    """The standard rule of a netlist, or that of the overclamped one's integrator with a full nudge."""
    for rule in (stand.method, *stand.others):
        if not isinstance(rule, Overclamp):
            return rule
    m = stand.method
    return Integrator(r=m.r, c=m.c, v0=m.v0, gain=m.gain, pulse=m.pulse)


def modes(stand: Stand) -> dict[str, Integrator]:
    """The rule of each of MODES."""
    over, plain = overclamped(stand), standard(stand)
    return {
        STANDARD: plain,
        NUDGE: replace(over, power=0.0),
        TIME: replace(over, rails=0.0, eta=plain.eta),
        OVERCLAMPED: over,
    }


def coarser(method: Integrator, at_once: float) -> Integrator:
    """The same with pulses of at least `at_once` seconds: they are so short that what many of them do one after the
    other is what one does that is as long as all of them."""
    return replace(method, pulse=max(method.pulse, at_once))


def duty(method: Integrator, missed: Floats) -> Floats:
    """The part (D,) of a step's pulses for which the switch is on where samples are `missed` (D, N) by so much (V)."""
    whole = method.pulse * (1 if method.switch == SHARED else missed.shape[1])
    return np.array([method.times(miss, method.pulse).sum() / whole for miss in missed])
