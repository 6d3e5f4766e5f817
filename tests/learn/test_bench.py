"""What a bench settles is the circuit under a boundary, and what it counts is what was asked for."""

from __future__ import annotations

import numpy as np

from netlearn.backends import open_backend
from netlearn.circuit.flat import flatten, initial
from netlearn.lang.compile import compile_netlist
from netlearn.learn.bench import Bench
from netlearn.learn.nudge import Feed
from netlearn.learn.task import make_task
from netlearn.learn.tick import Tick
from netlearn.learn.train import Trainer, bench_of, board_of

TEXT = """circuit Bridge {
  net in, m, out
  R r1(in, m) = learn(10k, 1k..100k)
  D d(m, out)
  R r2(out, gnd) = learn(10k, 1k..100k)
  input x = V(in)
  output y = V(out)
}
task t on Bridge {
  data x: [1V, 2V, 3V] -> y: [0.1V, 0.2V, 0.5V]
  rule equilibrium(beta = 1e-5, rate = 1)
  stop steps > 3
}"""


def _bench() -> Bench:
    netlist = compile_netlist(TEXT)
    circuit, task = flatten(netlist.circuit), make_task(netlist.task, 0)
    params = initial(circuit)
    trainer = Trainer(circuit, task, open_backend("native", circuit))
    return bench_of(trainer, board_of(trainer), params, task.train, task.labels, Tick(0, 0, 0))


def test_phases_settled_side_by_side_are_those_settled_one_after_the_other() -> None:
    one, each = _bench(), _bench()
    free, start = one.free(), each.free()
    aim = one.aim(free)
    each.aim(start)
    imposed = [Feed().impose(one.circuit, free, aim, beta) for beta in (-1e-4, 1e-4, 3e-4)]
    alone = [one.settle(boundary, free) for boundary in imposed]
    together = each.settle_each(imposed, start)
    assert len({phase.x.tobytes() for phase in alone}) == 3
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_allclose(a.x, b.x, rtol=0, atol=1e-12)
        assert (a.number, a.boundary) == (b.number, b.boundary)
    assert one.ledger == each.ledger
