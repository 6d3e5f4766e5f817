"""Which spread puts programmed chips off: gradients against differences and closed forms, chips against gradients."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from lines import CELLS, DIVIDER, SOFT, order, shipped, works

from netlearn.backends.native import Native
from netlearn.circuit.chance import Given, Traced
from netlearn.errors import BackendError, CircuitError
from netlearn.factory import sensitivity
from netlearn.factory.numbers import Works, causes, keeping
from netlearn.factory.order import Order
from netlearn.factory.sensitivity import explained, gradients, pairs, predicted
from netlearn.factory.study import Causes, Curves, study
from netlearn.study.findings import Drawer

UP, DOWN, LOAD = 1 / 10e3, 1 / 20e3, 50e-6  # S
TOTAL = UP + DOWN + LOAD
X = np.array([0.3, 0.6])


def _everything() -> Order:
    """The regression with laws that are no lines, twins that are off beside that, and a memory that forgets."""
    return shipped(
        (
            "NMOS.vto  ~ pelgrom(7.15mV*um, par_l = 0.15um, par_w = -0.1um) lot 30mV",
            "NMOS.vto ~ pelgrom(50mV*um) lot 3mV",
        ),
        ("NMOS.kp   ~ pelgrom(0.7%*um, par_l = 0.15um, par_w = -0.1um) lot 5%", "NMOS.kp ~ lognormal(5%)\n  C ~ 1%"),
        ("R.r       ~ 1% lot 15%", "R.r ~ 20% lot 2%\n  memory decay(tau = 100000s, spread = 50%, after = 3600s)"),
        ("imperfection clamp(sd = 0.5mV)", "imperfection twins(vt = 1mV, beta = 1%)\n  imperfection sources(sd = 1mV)"),
    )


def _quiet(what: str, done: int, every: int) -> None:
    """No progress is shown."""


def test_gradients_on_a_divider_are_its_closed_form() -> None:
    of = works(order(DIVIDER, "up ~ 1%\n  down ~ 2% lot 5%\n  G.g ~ normal(1uS)"))
    by = dict(zip(of.numbers, gradients(of).T, strict=True))
    out = X * UP / TOTAL
    down = out * DOWN / TOTAL
    assert by["within/r", "up"] == pytest.approx(
        -0.01 * (X - out) * UP / TOTAL, rel=1e-3
    )  # 1 / (1 +- 1 %) is not quite a line
    assert by["within/r", "down"] == pytest.approx(0.02 * down, rel=1e-3)
    assert by["lot/r", "R"] == pytest.approx(0.05 * down, rel=5e-3)
    assert by["within/g", "load"] == pytest.approx(-1e-6 * out / TOTAL, rel=1e-3)


def test_a_lot_that_all_parts_share_leaves_a_divider_as_it_is() -> None:
    found = predicted(works(order(DIVIDER.replace("G load(out, gnd) = 50uS", ""), "R.r ~ 1% lot 20%")))
    assert set(found.variances) == {"R.r"}


def test_gradients_are_those_of_chips_with_one_number_moved() -> None:
    """Of every kind of number, by a small difference; laws that are no lines (lognormal) by their slope over one deviation."""
    of = works(_everything())
    by, count = gradients(of), len(of.numbers)
    kinds: dict[str, list[int]] = {}
    for k, (what, _) in enumerate(of.numbers):
        kinds.setdefault(what, []).append(k)
    felt = set()
    for what, own in kinds.items():
        some, step = own[:4], 1.0 if what.endswith(("kp", "decay")) else 0.05
        z = np.zeros((2, len(some), count))
        z[0, np.arange(len(some)), some], z[1, np.arange(len(some)), some] = step, -step
        moved = (of.outputs(z[0]) - of.outputs(z[1])) / (2 * step)
        assert moved == pytest.approx(by[:, some].T, rel=2e-2, abs=5e-8), what
        felt |= {what} if np.abs(moved).max() > 2e-7 else set()
    assert felt == {"vto", "kp", "within/vto", "within/kp", "lot/vto", "within/r", "lot/r", "decay"}


def test_parameters_of_modules_have_gradients_too() -> None:
    """b = [x G_0 + off (G_1 - G_0)] / (G_0 + G_1), of 50 kOhm and 25 kOhm."""
    of = works(order(CELLS, ""))
    by = dict(zip(of.numbers, gradients(of).T, strict=True))
    g0, g1, off = 1 / 50e3, 1 / 25e3, 5e-3
    b = ((X - off) * g0 + off * g1) / (g0 + g1)
    assert by["within/Edge.rmax", "e[0].rmax"] == pytest.approx(-0.05 * g0 * (X - off - b) / (g0 + g1), rel=5e-3)
    assert by["within/r", "e[1].r"] == pytest.approx(-0.01 * g1 * (off - b) / (g0 + g1), rel=5e-3)
    assert by["within/Edge.off", "e[0].off"] == pytest.approx(np.full(2, -2e-3 * g0 / (g0 + g1)), rel=1e-6)
    assert set(of.groups) == {"R.r", "Edge.rmax", "Edge.off"}


def test_groups_are_named_by_what_spreads() -> None:
    of = works(_everything())
    counts = {name: len(own) for name, own in of.groups.items()}
    assert counts["NMOS.vto"] == counts["NMOS.kp"] == counts["R.r"] == 64
    assert counts["twins"] == 128
    assert counts["NMOS.vto lot"] == counts["R.r lot"] == 1
    assert counts["decay"] == 32
    assert {"sources", "multiplier", "C.c"} <= set(counts)
    assert sum(counts.values()) == len(of.numbers)


def test_update_circuitry_does_not_put_programmed_chips_off() -> None:
    of = works(shipped())
    assert {"multiplier", "clamp"} <= set(of.groups)
    assert not {"multiplier", "clamp"} & set(predicted(of).variances)


def test_chips_show_what_gradients_say_where_outputs_are_nearly_linear() -> None:
    of = works(order(DIVIDER, "up ~ 1%\n  down ~ 2%\n  G.g ~ normal(0.2uS) lot 0.5uS"))
    by = predicted(of)
    found = explained(of, by, 0, 4096)
    for name, variance in by.variances.items():
        share = found.shares[name]
        assert share.variance == pytest.approx(variance, abs=4 * share.error + 1e-3 * variance), name
        assert share.error < 0.01 * by.total
    assert found.linear.variance == pytest.approx(by.total, rel=0.01)
    assert found.total.variance == pytest.approx(by.total, abs=4 * found.total.error)
    assert found.mse == pytest.approx(by.mse + by.total, rel=0.1)


def test_the_share_of_a_group_does_not_hang_on_the_gradients() -> None:
    """y = 2 a + b^2 + a b: what is linear in a is 4, whatever is taken for known; in b nothing."""
    rng = np.random.default_rng(3)
    z = rng.standard_normal((4000, 5))
    y = (2 * z[:, 0] + z[:, 1] ** 2 + z[:, 0] * z[:, 1])[:, None]
    groups = {"a": np.array([0]), "b": np.array([1]), "rest": np.array([2, 3, 4])}
    for known in (0.0, 1.0, 2.0, 5.0):
        slopes = np.array([[known, 0.5 * known, 0.0, 0.0, 0.1 * known]])
        shares, every = pairs(y, z, groups, slopes)
        for name, variance in (("a", 4.0), ("b", 0.0), ("rest", 0.0)):
            assert abs(shares[name].variance - variance) < 4 * shares[name].error, (known, name)
        assert abs(every.variance - 4.0) < 4 * every.error


def test_the_interval_of_a_share_holds_it_in_nineteen_of_twenty_samples() -> None:
    held = 0
    for seed in range(200):
        z = np.random.default_rng(seed).standard_normal((300, 4))
        y = (z @ np.array([1.0, 0.3, 0.0, 0.0]) + 0.3 * z[:, 0] * z[:, 1])[:, None]
        share, _ = pairs(y, z, {"b": np.array([1])}, np.zeros((1, 4)))
        low, high = (share["b"].variance + side * 1.96 * share["b"].error for side in (-1, 1))
        held += low <= 0.09 <= high
    assert 175 <= held <= 198


def test_a_soft_transistor_has_more_variance_than_any_line_explains() -> None:
    of = works(order(SOFT, "NMOS.vto ~ 200mV\n  R.r ~ 1%"))
    by = predicted(of)
    found = explained(of, by, 0, 4096)
    assert found.total.variance - found.linear.variance > 2 * found.total.error


def test_with_one_cause_kept_chips_are_those_whose_other_numbers_are_zero() -> None:
    line = shipped().line
    whole = works(shipped())
    z = whole.drawn(0, 3)
    for cause in causes(line):
        masked = np.zeros_like(z)
        masked[:, whole.groups[cause]] = z[:, whole.groups[cause]]
        alone = Works(keeping(line, {cause}), Native(line.circuit, threads=1))
        drawn = {number: k for k, number in enumerate(alone.numbers)}
        known = [whole.numbers.index(number) for number in drawn]
        assert alone.outputs(z[:, known]) == pytest.approx(whole.outputs(masked), abs=1e-12), cause
        board = alone.board(alone.given(z[:, known]))
        assert board.flawed == (cause in ("multiplier", "clamp"))


def test_a_chip_by_its_numbers_is_the_chip_by_its_key() -> None:
    of = works(shipped())
    z = of.drawn(5, 7)
    assert of.drawn(0, 7)[5:].tobytes() == z.tobytes()
    chance = Given({number: k for k, number in enumerate(of.numbers)}, z)
    asked = Traced(chance)
    of.board(asked)
    assert set(asked.asked) <= set(of.numbers)
    assert np.array_equal(asked.normal(*_one(of)), z[:, :1])


def test_numbers_that_only_some_chips_have_are_no_numbers_of_all() -> None:
    of = works(shipped())
    with pytest.raises(CircuitError, match="differs from chip to chip: one has a number luck of e"):
        of.given(of.drawn(0, 1)).normal("luck", ["e"])


def _one(of: Works) -> tuple[str, list[str]]:
    what, name = of.numbers[0]
    return what, [name]


def test_a_study_says_what_spoils_chips_and_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found_order = order(DIVIDER, "up ~ 1%\n  down ~ 2% lot 5%", draws=16)
    drawer = Drawer(tmp_path / "out", "mc", {})
    found = study(found_order, Curves(), Causes(True, 8), drawer, _quiet)
    drawer.keep(found)
    groups = found.tables["sensitivity"].column("group")
    assert groups == ["R.r lot", "R.r"]
    assert found.tables["sensitivity"].column("share_gradient") == sorted(
        found.tables["sensitivity"].column("share_gradient"), reverse=True
    )
    rows = {row[:3]: row[3] for row in found.tables["alone"].rows}
    assert set(rows) == {(g, q, w) for g in groups for q in ("only", "without") for w in ("learned", "programmed")}
    assert set(rows.values()) == {8}
    assert json.loads((tmp_path / "out" / "study.json").read_text())["numbers"]["sensitivity"]["chips"] == 4096
    monkeypatch.setattr(sensitivity, "_found", lambda *_: pytest.fail("done before"))
    again = study(found_order, Curves(), Causes(True, 8), drawer, _quiet)
    assert [*map(list, again.tables["sensitivity"].rows)] == [*map(list, found.tables["sensitivity"].rows)]


def test_a_circuit_that_only_ngspice_solves_has_no_gradients_and_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> Native:
        raise BackendError("its law is in a process kit")

    monkeypatch.setattr(sensitivity, "Native", refuse)
    found = sensitivity.study(order(DIVIDER, "up ~ 1%"), Drawer(tmp_path / "out", "mc", {}))
    assert "not known here: its law is in a process kit" in found.text
    assert not found.tables["sensitivity"].rows
