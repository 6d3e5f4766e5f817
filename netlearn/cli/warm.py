"""Compile the native engine ahead of its first use: `python -m netlearn.cli.warm`, as scripts/setup does.

Every kernel is called once, on a circuit of one resistor and one diode, and the law of every device is compiled, so
that nothing is for a new circuit; what is on disk already is not compiled again.
"""

from __future__ import annotations

import sys

import numpy as np

from netlearn.backends.native import Native
from netlearn.circuit.chance import Keyed
from netlearn.circuit.flat import FlatCircuit, Params, boundary, flatten, initial
from netlearn.devices import DEVICES, kernel
from netlearn.devices.machine import machine
from netlearn.jit import is_kept
from netlearn.lang.compile import compile_netlist
from netlearn.learn.assembly import assemble
from netlearn.learn.compiled import make_lesson
from netlearn.learn.plan import make_plan
from netlearn.learn.task import make_task
from netlearn.solve.adjoint import multipliers_of_eight, multipliers_of_one
from netlearn.solve.newton import points_of_eight, points_of_one
from netlearn.solve.teaching import teach_eight, teach_one
from netlearn.solve.transient import run_eight, run_one

KERNELS = [
    points_of_one,
    points_of_eight,
    multipliers_of_one,
    multipliers_of_eight,
    teach_one,
    teach_eight,
    run_one,
    run_eight,
]
NETLIST = """circuit Smallest {
  net in, out
  R r(in, out) = learn(1k)
  D d(out, gnd)
  input x = V(in)
  output y = V(out)
}
task t on Smallest {
  data x: [0.1V] -> y: [0.05V]
  rule coupled(rate = 1e-3)
}"""


def main() -> None:
    if all(is_kept(kernel) for kernel in KERNELS):
        return
    print("compiling the native engine, once on this machine (some ten seconds)", file=sys.stderr)
    for device in DEVICES.values():
        if not kernel(device).linear:
            machine(device.terminals, device.param_names, device.law)
    netlist = compile_netlist(NETLIST)
    circuit, task = flatten(netlist.circuit), make_task(netlist.task, 0)
    native, one = Native(circuit), initial(circuit)
    lesson = make_lesson(task, assemble(circuit, make_plan(circuit, one), task, one, Keyed((0,))))
    assert lesson is not None
    for count in (1, 8):
        use(native, circuit, one.copies(count))
        native.teach(one.copies(count), lesson, np.zeros(1, np.int64))


def use(native: Native, circuit: FlatCircuit, params: Params) -> None:
    """Solve, differentiate and go on for a microsecond."""
    held = boundary(circuit, np.array([[0.1]]))
    found = native.operating_points(params, held)
    native.gradient(params, held, found, np.ones_like(found.x))
    native.transient(params, held, 1e-6, 1e-6)


if __name__ == "__main__":
    main()
