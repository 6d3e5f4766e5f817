"""Transients a second: the native engine against ngspice, on one lane and on 64.

    python scripts/bench_transient.py [--lanes 64]

The circuit is a 4 x 4 torus of 32 level-1 NMOS transistors with overlap charges. Each gate hangs on a capacitor of 10 nF
that starts at a voltage of its own and leaks through 1 MOhm; every node has 1 nF to ground. One node follows a sine of
1 kHz, one a pulse, and one is held at the sample's voltage. A run is 2 ms in steps of 2 us at most. ngspice runs once a
lane, so its 64 lanes are measured on four and multiplied. `apart` is the largest difference of a node voltage from an
ngspice run in steps of 0.2 us, on the first lane, of the largest swing of a node.

Measured with ngspice 39 and Python 3.11 on two shared cores of an EPYC, best of three:

     lanes  native s  ngspice s  times    apart
         1     0.028       0.36     13    5e-05
        64     0.261      23.66     91    5e-05
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from netlearn.backends import open_backend
from netlearn.circuit.flat import Floats, boundary, flatten, initial
from netlearn.lang.compile import compile_netlist

STOP, STEP = 2e-3, 2e-6
STRAY = "\n".join(f"  C c{i}{j}(n[{i}][{j}], gnd) = 1nF" for i in range(4) for j in range(4))
NETLIST = f"""netlearn 0.1
module Edge(a, b) {{
  net g
  C hold(g, gnd) = 10nF, ic = uniform(2V, 3V)
  R leak(g, gnd) = 1M
  NMOS m(d = a, g = g, s = b, b = gnd) {{ vto = 0.7V, kp = 0.85mA/V^2, w = 10um, l = 10um, cgso = 1e-9, cgdo = 1e-9 }}
}}
circuit Torus {{
  net n[4][4]
  mesh e = grid(4, 4, periodic = true) on n of Edge
  input x = V(n[0][0])
  V wave(n[2][2], gnd) = sine(0.2V, 0.2V, 1kHz)
  V edge(n[3][1], gnd) = pulse(0V, 0.4V, delay = 0.5ms, width = 0.5ms)
{STRAY}
}}
"""


def best(run: Callable[[], object], times: int = 3) -> float:
    """Seconds of the quickest of some runs."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        found.append(time.perf_counter() - start)
    return min(found)


def inputs(lanes: int) -> Floats:
    return np.linspace(0.1, 0.4, lanes)[:, None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lanes", type=int, default=64)
    lanes = parser.parse_args().lanes
    circuit = flatten(compile_netlist(NETLIST).circuit)
    params = initial(circuit)
    native, ngspice = open_backend("native", circuit), open_backend("ngspice", circuit)
    first = native.transient(params, boundary(circuit, inputs(lanes)[:1]), STOP, STEP)
    finer = ngspice.transient(params, boundary(circuit, inputs(lanes)[:1]), STOP, STEP / 10)
    at = np.searchsorted(finer.time, first.time - 1e-6 * STEP)
    volts = slice(1, len(circuit.nodes))
    ours, theirs = first.x[0, 0, :, volts], finer.x[0, 0, at, volts]
    apart = np.abs(ours - theirs).max() / np.ptp(theirs, axis=0).max()
    print(f"{'lanes':>6} {'native s':>9} {'ngspice s':>10} {'times':>6} {'apart':>8}")
    for count in (1, lanes):
        given, few = boundary(circuit, inputs(count)), boundary(circuit, inputs(count)[:4])
        native.transient(params, given, STOP, STEP)
        ours_s = best(lambda given=given: native.transient(params, given, STOP, STEP))  # type: ignore[misc]
        theirs_s = best(lambda few=few: ngspice.transient(params, few, STOP, STEP)) * count / few.samples  # type: ignore[misc]
        print(f"{count:>6} {ours_s:>9.3f} {theirs_s:>10.2f} {theirs_s / ours_s:>6.0f} {apart:>8.0e}")
    ngspice.close()


if __name__ == "__main__":
    main()
