"""Comparisons of rules: what their cells are functions of, what their tables hold, and that they can be interrupted."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from netlearn.errors import NetlearnError, RunError, TaskError
from netlearn.learn.methods import METHODS
from netlearn.study.biases import bias_against_nudge, noise_bias
from netlearn.study.compare import compare
from netlearn.study.comparison import Comparison, Plan, make_plan
from netlearn.study.courses import COLUMNS, budget, course
from netlearn.study.entrants import entrants
from netlearn.study.room import Subject, exact, method_of, room, wanted
from netlearn.study.telling import costs, paragraph

ROOT = Path(__file__).resolve().parents[2]
MESH = ROOT / "netlists" / "gep" / "iris_random.nl"
SMALL = """circuit Net {
  net n[5]
  mesh e = graph([0--2, 1--2, 2--3, 3--4, 1--4, 0--4]) on n of G = learn(uniform(0.5mS, 2mS), 0.1mS..10mS)
  G a(n[3], gnd) = 1mS
  G b(n[4], gnd) = 1mS
  input x[0..1] = V(n[0]), V(n[1])
  output y[0..1] = V(n[3]), V(n[4])
}
task t on Net {
  data x: [[0V, 1V], [1V, 0V], [1V, 1V]] -> y: [[0.2V, 0.1V], [0.1V, 0.3V], [0.3V, 0.3V]]
  rule coupled(eta = 0.5, rate = 1e-4)
  order shuffled
  stop error < 1uV or epochs > 5
}"""


def _small(backend: str = "native") -> Subject:
    return Subject(SMALL, "small.nl", (), None, backend)


def _mesh(task: str = "fixed") -> Subject:
    return Subject(MESH.read_text(), str(MESH), (), task, "native")


def _done(plan: Plan, out: Path) -> Comparison:
    *_, last = compare(plan, out, jobs=1)
    assert isinstance(last, Comparison)
    return last


def _plan(
    methods: str, seeds: int = 2, fractions: tuple[float, ...] = (1.0,), noises: tuple[float, ...] = (0.0,)
) -> Plan:
    return make_plan(_small(), entrants(methods), seeds, fractions, noises, None)


def test_rules_are_named_with_or_without_options() -> None:
    first, second, third = entrants("omega, two_phase(beta = 10m, rate = 2),two-phase-centred")
    assert (first.name, first.options) == ("omega", ())
    assert second.options == (("beta", 0.01), ("rate", 2.0))
    assert third.name == "two_phase_centred"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("omga", "unknown rule 'omga'"),
        ("omega,omega", "omega is named twice"),
        ("", "no method is named"),
        ("omega(beta=1)", "no option 'beta'"),
        ("omega(rate)", "rate of omega: .. is no number"),
        ("omega(rate=-1)", "rate is -1"),
        ("omega(rate=nan)", "rate is nan"),
        ("omega(rate=1V)", "has a unit"),
        ("omega(rate=1,rate=2)", "its rate twice"),
        ("omega,,spsa", "is no rule"),
        ("omega(rate=1", "is no rule"),
    ],
)
def test_what_is_no_rule_is_said(text: str, message: str) -> None:
    with pytest.raises(NetlearnError, match=message.replace("(", r"\(")):
        entrants(text)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"seeds": 0}, "0 seeds"),
        ({"seeds": 10**9}, "1000000000 trainings"),
        ({"fractions": (1.5,)}, "a fraction of 1.5"),
        ({"fractions": (1.0, 1.0)}, "given twice"),
        ({"noises": (-1.0,)}, "a noise of -1"),
    ],
)
def test_numbers_that_cannot_be_are_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(TaskError, match=message):
        _plan("omega", **given)  # type: ignore[arg-type]


def test_a_training_is_as_long_as_the_stop_rule_allows_at_worst() -> None:
    assert budget(_small(), None) == 6
    assert budget(_small(), 7) == 3


@pytest.mark.parametrize("name", METHODS)
def test_every_rule_can_be_compared_and_its_first_step_is_as_long_as_that_of_the_own_rule(name: str) -> None:
    subject = _mesh() if name.startswith("two_phase") else _small("reference" if name == "holomorphic" else "native")
    own = "omega" if name.startswith("two_phase") else "coupled"
    lengths = []
    given = f"{name}(beta=0.01)" if name == "agnostic" else name  # with less, nothing comes to rest
    for entrant in entrants(f"{own},{given}" if name != own else own):
        method = method_of(subject, entrant)
        here = room(subject, method, entrant.name, 0)
        change = wanted(here, here.params, here.task.labels[here.task.train])
        moved = method.apply(here.params.states, change, here.plan) / here.params.states - 1.0
        lengths.append(float(np.sqrt(np.mean(moved**2))))
    assert lengths[0] == pytest.approx(lengths[-1], rel=2e-2)


def test_a_comparison_that_was_interrupted_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    plan = _plan("coupled,omega,spsa", fractions=(1.0, 0.5), noises=(0.0, 0.1))
    for k, _ in enumerate(compare(plan, tmp_path / "a", jobs=1)):
        if k == 5:
            break
    _done(plan, tmp_path / "a")
    _done(plan, tmp_path / "b")
    for name in ("compare.csv", "bias.csv", "noise.csv", "compare.md", "compare.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_folder_with_something_else_is_not_touched(tmp_path: Path) -> None:
    _done(_plan("omega", 1), tmp_path)
    before = (tmp_path / "compare.json").read_bytes()
    with pytest.raises(RunError, match="another comparison"):
        _done(_plan("spsa", 1), tmp_path)
    assert (tmp_path / "compare.json").read_bytes() == before


def test_the_table_has_a_row_a_look_and_the_promised_columns(tmp_path: Path) -> None:
    found = _done(_plan("coupled,omega", fractions=(1.0, 0.5)), tmp_path)
    rows = list(csv.DictReader((tmp_path / "compare.csv").read_text().splitlines()))
    assert list(rows[0]) == list(COLUMNS)
    assert list(COLUMNS) == [
        "method", "seed", "fraction", "noise", "step", "settles", "train_error", "test_accuracy", "cosine",
    ]  # fmt: skip
    assert len(rows) == len(found.rows) == 2 * 2 * 2 * 7
    assert rows[-1]["step"] == "18"
    assert rows[-1]["settles"] == "36"
    assert rows[-1]["test_accuracy"] == ""


def test_omega_goes_along_the_exact_gradient_and_coupled_learning_beside_it(tmp_path: Path) -> None:
    found = _done(_plan("coupled,omega"), tmp_path)
    assert all(r.cosine == pytest.approx(1.0, abs=1e-9) for r in found.rows if r.method == "omega")
    assert all(0.5 < r.cosine < 0.9999 for r in found.rows if r.method == "coupled")


def test_the_centred_two_phase_rule_and_omega_train_identically_on_a_linear_mesh_with_equal_output_resistors() -> None:
    subject = _mesh()
    ends = []
    for entrant in entrants("omega(rate=0.05),two_phase_centred(rate=0.05),equilibrium(rate=0.05)"):
        plan = make_plan(subject, [entrant], 1, [1.0], [0.0], 200)
        ends.append(course(subject, plan.cells[0], method_of(subject, entrant), plan.epochs))
    costs_of = [[row.train_error for row in one.rows] for one in ends]
    np.testing.assert_allclose(costs_of[1], costs_of[0], rtol=1e-9)
    np.testing.assert_allclose(costs_of[2], costs_of[0], rtol=1e-7)
    assert [one.ledger.settles for one in ends] == [2 * 204, 3 * 204, 3 * 204]


def test_noise_on_the_labels_biases_the_one_sided_rule_by_what_the_closed_form_says_and_no_centred_one() -> None:
    subject = _mesh()
    for name, biased in (("two_phase(beta=0.05)", True), ("two_phase_centred(beta=0.05)", False), ("omega", False)):
        (entrant,) = entrants(name)
        clean, predicted, measured = noise_bias(subject, entrant, method_of(subject, entrant), 0, 0.5, draws=100)
        share = np.linalg.norm(predicted) / np.linalg.norm(clean)
        assert (share > 1e-3) is np.bool_(biased)
        if biased:
            assert measured @ predicted / (predicted @ predicted) == pytest.approx(1.0, abs=0.05)


def test_the_bias_of_a_one_sided_rule_grows_with_its_nudge_and_that_of_a_centred_one_is_none() -> None:
    subject = _mesh()
    one, centred = (
        [bias for _, bias, _ in bias_against_nudge(subject, entrant, method_of(subject, entrant), 0)]
        for entrant in entrants("two_phase,two_phase_centred")
    )
    np.testing.assert_allclose(np.array(one[1:]) / one[:-1], 10**0.5, rtol=0.15)
    assert max(centred) < 1e-8


def test_fewer_values_that_learn_are_some_of_those_of_a_larger_part() -> None:
    subject = _small()
    (entrant,) = entrants("omega(rate=1e-6)")
    method = method_of(subject, entrant)
    moved = []
    for fraction in (0.34, 0.67, 1.0):
        plan = make_plan(subject, [entrant], 1, [fraction], [0.0], 9)
        here = room(subject, method, "omega", 0)
        last = course(subject, plan.cells[0], method, plan.epochs)
        assert last.rows[-1].train_error < last.rows[0].train_error
        moved.append(round(fraction * len(here.plan.names)))
    assert moved == [2, 4, 6]


def test_the_paragraph_names_every_rule_and_what_it_asks_for(tmp_path: Path) -> None:
    found = _done(_plan("coupled,omega,perturbation", fractions=(1.0, 0.5), noises=(0.0, 0.1)), tmp_path)
    text = paragraph(found)
    assert all(f"{name} asks for" in text for name in ("coupled", "omega", "perturbation"))
    assert "50 % of the values and noise of 0.1 V" in text
    assert costs(found, "perturbation") == {"settles": 7.0, "reads": 7.0, "stored": 0.0}


def test_the_gradient_of_the_comparison_is_that_of_finite_differences() -> None:
    (entrant,) = entrants("omega")
    subject = _small()
    here = room(subject, method_of(subject, entrant), "omega", 0)
    slope = exact(here, here.params)[0]
    (shaker,) = entrants("perturbation(rate=1,c=1e-6)")
    shaken = room(subject, method_of(subject, shaker), "perturbation", 0)
    by_differences = -wanted(shaken, shaken.params, shaken.task.labels[shaken.task.train])[0]
    np.testing.assert_allclose(by_differences, slope, rtol=1e-4, atol=1e-4 * np.abs(slope).max())


def test_the_command_leaves_tables_a_picture_and_a_paragraph(tmp_path: Path) -> None:
    (tmp_path / "small.nl").write_text(SMALL)
    command = [sys.executable, "-c", "from netlearn.cli.app import main; main()", "compare", str(tmp_path / "small.nl")]
    options = ["--methods", "coupled,omega", "--seeds", "2", "--noise", "0,0.1", "--out", str(tmp_path / "out")]
    done = subprocess.run([*command, *options, "--json"], capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    assert [f["method"] for f in answer["found"]] == ["coupled", "omega"]
    assert answer["cells"] == 8
    names = {p.name for p in (tmp_path / "out").iterdir()}
    assert names == {"compare.csv", "compare.json", "compare.md", "compare.svg", "bias.csv", "noise.csv", "cells"}
    again = subprocess.run([*command, "--methods", "omga"], capture_output=True, text=True, check=False)
    assert again.returncode == 2
    assert "did you mean 'omega'" in again.stderr


@pytest.mark.parametrize(
    "body",
    [
        '{"rows": [["omega", 0, 1.0, 0.0, 0, 0, 1e999, null, 1.0]], "ledger": {}, "samples": 1}',
        '{"rows": [["omega"]], "ledger": {}, "samples": 1}',
        '{"rows": [], "ledger": {"settled": "many"}, "samples": 1}',
        '{"rows": 7}',
        "\x00",
    ],
)
def test_a_damaged_cell_is_told_of_by_its_name(body: str, tmp_path: Path) -> None:
    plan = _plan("omega")
    _done(plan, tmp_path)
    (tmp_path / "cells" / "00001.json").write_text(body)
    with pytest.raises(RunError, match=r"00001\.json"):
        _done(plan, tmp_path)


def test_a_rule_that_the_backend_cannot_run_is_refused_before_there_is_a_folder() -> None:
    with pytest.raises(NetlearnError, match="holomorphic needs complex voltages"):
        _plan("omega,holomorphic")


def test_parts_and_noises_are_told_from_the_plainest_on_in_whatever_order_they_are_given(tmp_path: Path) -> None:
    found = _done(_plan("omega", fractions=(0.5, 1.0), noises=(0.1, 0.0)), tmp_path)
    assert (found.plan.fractions, found.plan.noises) == ((1.0, 0.5), (0.0, 0.1))
    assert "with ." not in paragraph(found)
