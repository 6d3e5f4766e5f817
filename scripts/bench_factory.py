"""Chips a second: side by side on the native engine, against one after the other there, and against ngspice.

    python scripts/bench_factory.py [--chips 256]

Chips of netlists/factory/regression.nl learn 400 samples each, with all their mismatch and flaws, on one core; one after the
other they are measured on 16 of them, on ngspice on 4 (whole steps within ngspice's own sweep, the fastest that we know), and
multiplied. `apart`: the largest difference of an error from the same chip's side by side, as a part of it. `memory`: by how much a
process grows that makes so many chips in pieces and keeps what it found, against one that makes the first piece.

Measured with ngspice 39 and Python 3.11 on two shared cores of an EPYC:

                 ms a chip   times    apart
    side by side       3.8     1.0    0e+00
    one by one        40.4    10.7    0e+00
    ngspice          656.3   174.2    1e-08
    memory: 0 MB more for 1,024 chips than for 256
"""

from __future__ import annotations

import argparse
import resource
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from netlearn.factory.line import Line, chips
from netlearn.factory.order import Asked, ideal, make_order
from netlearn.lang.compile import compile_file

NETLIST = Path(__file__).resolve().parents[1] / "netlists" / "factory" / "regression.nl"
STEPS, ALONE, SPICE = 400, 16, 4


def timed(line: Line, first: int, last: int) -> tuple[float, np.ndarray]:
    """Seconds, and errors of some chips."""
    start = time.perf_counter()
    found = chips(line, first, last)
    return time.perf_counter() - start, np.asarray(found.columns["error"], dtype=float)


def one_by_one(line: Line, count: int) -> tuple[float, np.ndarray]:
    parts = [timed(line, k, k + 1) for k in range(count)]
    return sum(seconds for seconds, _ in parts), np.concatenate([errors for _, errors in parts])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--chips", type=int, default=256)
    count = parser.parse_args().chips
    order = make_order(compile_file(NETLIST), Asked(steps=STEPS))
    line = replace(order.line, trained=np.array([ideal(order.line)["states"]]))
    timed(line, 0, 8)  # machine code is there
    seconds, errors = timed(line, 0, count)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for first in range(count, 4 * count, count):
        timed(line, first, first + count)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    rows = [("side by side", seconds / count, 1.0, 0.0)]
    for what, of, some in (("one by one", line, ALONE), ("ngspice", replace(line, backend="ngspice"), SPICE)):
        took, own = one_by_one(of, some)
        apart = float(np.max(np.abs(own - errors[:some]) / errors[:some]))
        rows.append((what, took / some, took / some / rows[0][1], apart))
    print(f"{'':14}{'ms a chip':>12}{'times':>8}{'apart':>9}")
    for what, each, times, apart in rows:
        print(f"{what:14}{1e3 * each:12.1f}{times:8.1f}{apart:9.0e}")
    print(f"memory: {grown:.0f} MB more for {4 * count:,} chips than for {count:,}")


if __name__ == "__main__":
    main()
