"""The machine code of a law says what the law's numpy kernel says."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from netlearn.devices import DEVICES, kernel, primitives, vector
from netlearn.devices.machine import machine
from netlearn.devices.model import Device, Param

COUNT = 512
MATHS = Device(
    name="Maths",
    doc="everything a law may say",
    terminals=("a", "b"),
    params=(Param("k", "", 1.0, ""), Param("m", "", 2.5, "")),
    law="""
        let v = V(a, b)
        let one = exp(k * v) + log(2 + v^2) + sqrt(1 + v^2) + tanh(m * v) + sin(20 * v) + cos(30 * v)
        let two = limexp(100 * v) * 1e-40 + softplus(10 * v) + logistic(9 * v) + pos(v) + abs(v) + sign(v)
        let three = min(v, 0.3) + max(v, k) + where(v > 0.1 and not (v > 0.7) or v < -1, v^3, 1 / (5 + v)) + (5 + v)^1.5
        current i(a, b) = one + two + three
    """,
)


def _evaluated(device: Device, x: np.ndarray, p: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Results of the machine code and of the kernel, (results, COUNT)."""
    code = machine(device.terminals, device.param_names, device.law)
    prepared = np.array([np.broadcast_to(v, COUNT) for v in code.prepare(p)]).reshape(-1, COUNT)
    results = len(code.rows) + len(code.entries)
    given, numbers = (np.ascontiguousarray(a.reshape(len(a), COUNT // 8, 8).swapaxes(0, 1)) for a in (x, prepared))
    out = np.zeros((COUNT // 8, results, 8))
    points = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 5)(code.address)
    memory = np.full((COUNT // 8, max(code.memories, 1), 8), np.inf)
    points(COUNT // 8, given.ctypes.data, numbers.ctypes.data, out.ctypes.data, memory.ctypes.data)
    with np.errstate(all="ignore"):
        law = [np.broadcast_to(v, COUNT) for v in kernel(device).evaluate(list(x), p)]
    return out.swapaxes(0, 1).reshape(results, COUNT), np.array([*(law[r] for r in code.rows), *law[len(x) :]])


@pytest.mark.parametrize(
    "device", [d for d in (*DEVICES.values(), MATHS) if not kernel(d).linear], ids=lambda d: d.name
)
def test_machine_code_and_kernel_agree(device: Device) -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-2.0, 2.0, (len(device.terminals) + len(kernel(device).branches), COUNT))
    x[:, ::2] *= 1e-4  # some near the threshold of what has one
    p = [np.full(COUNT, 1.0 if param.default is None else param.default) for param in device.params]
    got, wanted = _evaluated(device, x, p)
    scale = np.abs(wanted).max(axis=1, keepdims=True)
    assert np.isfinite(wanted).all()
    assert (np.abs(got - wanted) <= 1e-13 * scale + 1e-11 * np.abs(wanted)).all()


def test_zero_drop_is_no_dead_end_for_a_transistor() -> None:
    device = DEVICES["NMOS"]
    x = np.zeros((4, COUNT))
    x[1] = 3.0
    got, _ = _evaluated(device, x, [np.full(COUNT, 0.0 if q.default is None else q.default) for q in device.params])
    code = machine(device.terminals, device.param_names, device.law)
    slope = got[len(code.rows) + code.entries.index((0, 0)), 0]
    assert slope == pytest.approx(2e-5 * 3.0, rel=1e-6)


def test_a_law_may_use_the_same_functions_in_machine_code_as_in_arrays() -> None:
    assert vector.FUNCTIONS.keys() == primitives.FUNCTIONS.keys()
