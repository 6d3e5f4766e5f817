"""The machine code of a law says what the law's numpy kernel says."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from netlearn.devices import DEVICES, kernel, primitives, vector
from netlearn.devices.machine import Machine, companion, machine
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
    with np.errstate(all="ignore"):
        law = [np.broadcast_to(v, COUNT) for v in kernel(device).evaluate(list(x), p)]
    return _run(code, x, _prepared(code, p)), np.array([*(law[r] for r in code.rows), *law[len(x) :]])


def _prepared(code: Machine, p: list[np.ndarray]) -> np.ndarray:
    prepared = np.array([np.broadcast_to(v, COUNT) for v in code.prepare(p)]).reshape(-1, COUNT)
    assert len(prepared) == code.prepared
    return prepared


def _run(code: Machine, x: np.ndarray, prepared: np.ndarray) -> np.ndarray:
    """Results (results, COUNT) of machine code."""
    given, numbers = (np.ascontiguousarray(a.reshape(len(a), COUNT // 8, 8).swapaxes(0, 1)) for a in (x, prepared))
    out = np.zeros((COUNT // 8, code.results, 8))
    memory = np.full((COUNT // 8, max(code.memories, 1), 8), np.inf)
    points = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 5)(code.address)
    points(COUNT // 8, given.ctypes.data, numbers.ctypes.data, out.ctypes.data, memory.ctypes.data)
    return out.swapaxes(0, 1).reshape(code.results, COUNT)


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


def test_an_exponential_may_decide_between_exponentials() -> None:
    law = """
        let e = limexp(V(a, b) / vt)
        current i(a, b) = k * V(a, b) + where(e > 2, m * limexp(V(a, b) / (2 * vt)), where(e > 1, limexp(V(a, b)), e))
    """
    device = Device(name="Odd", doc="", terminals=("a", "b"), params=MATHS.params, law=law)
    x = np.random.default_rng(0).uniform(-0.2, 0.2, (2, COUNT))
    got, wanted = _evaluated(device, x, [np.full(COUNT, 1.0), np.full(COUNT, 2.5)])
    np.testing.assert_allclose(got, wanted, rtol=1e-11)


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


STORING = [d for d in (d.over_time for d in DEVICES.values()) if any(part[0] in "QF" for part in kernel(d).parts)]


@pytest.mark.parametrize("device", STORING, ids=lambda d: d.name)
def test_a_companion_adds_what_moves_to_the_law(device: Device) -> None:
    rng, law = np.random.default_rng(0), kernel(device)
    x = rng.uniform(-1.0, 1.0, (len(device.terminals) + len(law.branches), COUNT))
    numbers = {q.name: 0.5 if q.default is None else q.default for q in device.params}
    numbers.update({name: 0.25 for name in ("cjo", "tt", "cgso", "cgdo", "cbd", "cbs") if name in numbers})
    p = [np.full(COUNT, number) for number in numbers.values()]
    code = companion(device.terminals, device.param_names, device.law)
    prepared = _prepared(code, p)
    stored = _run(code, x, prepared)[-code.stored :]
    rate, pasts = 3.0, rng.uniform(-1.0, 1.0, (code.stored, COUNT))
    prepared[-code.stored - 1], prepared[-code.stored :] = rate, pasts
    got = _run(code, x, prepared)
    flows = rate * stored - pasts
    f, q = (np.array([np.broadcast_to(v, COUNT) for v in of(list(x), p)]) for of in (law.evaluate, law.charge))
    wanted, slopes = f[: len(x)].copy(), np.zeros((len(x), len(x), COUNT))
    moving = [part for part in law.parts if part[0] in "QF"]
    for flow, (kind, name, a, b, _) in zip(flows, moving, strict=True):
        if kind == "Q":
            wanted[device.terminals.index(a)] += flow
            wanted[device.terminals.index(b)] -= flow
        else:
            wanted[len(device.terminals) + law.branches.index(name)] -= flow
    for entries, values, share in ((law.entries, f, 1.0), (law.charge_entries, q, rate)):
        for (row, column), value in zip(entries, values[len(x) :], strict=True):
            slopes[row, column] += share * value
    np.testing.assert_allclose(got[: len(code.rows)], wanted[list(code.rows)], rtol=1e-9, atol=1e-11)
    for (row, column), value in zip(code.entries, got[len(code.rows) :], strict=False):
        np.testing.assert_allclose(value, slopes[row, column], rtol=1e-9, atol=1e-11)
    assert {(r, c) for r, c in np.argwhere(np.abs(slopes).max(axis=2) > 0).tolist()} <= set(code.entries)
