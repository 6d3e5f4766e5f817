"""A lesson: all that a learning step needs to know besides the circuit, as arrays for machine code.

With d_F and d_C the drops of edge e, theta its state, the rules are instances of

    SQUARES     change = gain sum_e w_e theta^-2m_e (d_F^2 - d_C^2)         m = 1 for a resistance, else 0
    MAGNITUDES  change = gain sgn sum_e (|d_F| - |d_C|), zero where that sum is below `dead`

(w holds the sign or the constant of an edge) and each state moves on its own scale, see `netlearn.learn.plan`.
"""

from __future__ import annotations

from typing import NamedTuple

from netlearn.circuit.flat import Floats, Ints

TOWARDS, LEAD, SIDE = range(3)  # losses: every output to its label, a class ahead of its rivals, one output's side
SQUARES, MAGNITUDES = range(2)
HELD, PLUS, TIMES, DESCEND_LOG, DESCEND_INVERSE = range(5)  # how a state takes a change
ETA, MARGIN, DELTA, MIDDLE, GAIN, DEAD = range(6)  # places in `numbers`
A, B, HALF, STATE, INVERSE = range(5)  # rows of `edges`


class Lesson(NamedTuple):
    """Arrays for N samples, I inputs, O outputs, T clamped nodes, E edges, S states.

    kinds (2,) loss and signal. reads (2, O) nodes plus and minus of the free half. clamps (3, T): node, node it
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
