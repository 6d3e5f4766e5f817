"""A lesson: all that a learning step needs to know besides the circuit, as arrays for machine code.

With d_F and d_C the drops of edge e, theta its state, the rules are instances of

    SQUARES     change = gain sum_e w_e theta^-2m_e (d_F^2 - d_C^2)         m = 1 for a resistance, else 0
    MAGNITUDES  change = gain sgn sum_e (|d_F| - |d_C|), zero where that sum is below `dead`

(w holds the sign or the constant of an edge) and each state moves on its own scale, see `netlearn.learn.plan`. A step has a
weight: 1 over its samples where a rule counts in steps, the time (s) that the learning switch is on where it counts in
time. Then what the parts of the update circuitry are off by (`Flaws`) moves the states as well,

    d theta/dt = gain sum_e w_e [(d_F + o_F)^2 - (d_C + o_C)^2] + drift - leak (theta - rest)

and every time that the switch goes off theta jumps.
"""

from __future__ import annotations

from typing import NamedTuple

from netlearn.circuit.flat import Floats, Ints

TOWARDS, LEAD, SIDE = range(3)  # losses: every output to its label, a class ahead of its rivals, one output's side
SQUARES, MAGNITUDES = range(2)
PUSHED, ALWAYS, MISSED, SHARED = range(4)  # when the learning switch is on, see `netlearn.solve.learning.times`
HELD, PLUS, TIMES, DESCEND_LOG, DESCEND_INVERSE = range(5)  # how a state takes a change
NUMBERS = 15
ETA, MARGIN, DELTA, MIDDLE, GAIN, DEAD, SPAN, LOW, HIGH, FULL, POWER, LEAST, EXTRA, READ, DRIVE = range(NUMBERS)
"""Places in `numbers`. SPAN: of a step, where none is given. LOW, HIGH: the rails of outputs that are pushed all the way
(NaN: they are pushed towards their targets). FULL, POWER: the miss from which on the switch is on for all of the span, and
the power of less. LEAST, EXTRA: the shortest time the switch can be on, and what it is late by. READ, DRIVE: steps of the
converters that read outputs and drive clamps, or zero."""
A, B, HALF, STATE, INVERSE = range(5)  # rows of `edges`


class Lesson(NamedTuple):
    """Arrays for N samples, I inputs, O outputs, T clamped nodes, E edges, S states.

    kinds (3,) loss, signal and when the switch is on. reads (2, O) nodes plus and minus of the free half. clamps (3, T): node, node it
    starts from, output that pushes it by its share (T,). edges (5, E): nodes a and b, half, state, m. bounds (3, S):
    low, high, step. signs (S,): which way a state raises conductance.
    """

    numbers: Floats
    kinds: Ints
    inputs: Floats
    labels: Floats
    reads: Ints
    clamps: Ints
    shares: Floats
    edges: Ints
    weights: Floats
    scales: Ints
    bounds: Floats
    signs: Floats


class Flaws(NamedTuple):
    """What the parts of the update circuitry are off by, for D draws or one for all of them.

    drift (D, S): V/s while the switch is on; leak (D, S) in 1/s towards rest (D, S). offsets (D, 2 E): of the free, then of
    the clamped drop of each edge (V). clamp (D, T): of each clamped node; source (D, H): of the nodes that inputs hold,
    while they are clamped. jump (D, S): V whenever the switch goes off.
    """

    drift: Floats
    leak: Floats
    rest: Floats
    offsets: Floats
    clamp: Floats
    source: Floats
    jump: Floats
