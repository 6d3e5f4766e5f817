"""What a row says: when voltages are the same, when they are not, and of what nobody can say; and what may be let read."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from chip_cases import make, verified
from verified import exported

from netlearn.export.small_signals import FREQUENCIES, responses
from netlearn.verify import order
from netlearn.verify.model import FAILED, FLOOR, NEAR, NOT_CHECKED, PASSED, complaint, volts
from netlearn.verify.rawfile import operating_point, small_signals
from netlearn.verify.safe import forbidden
from netlearn.verify.signals import answered
from netlearn.verify.tools import VERIFIERS

OURS = {"a": 1.0, "b": -0.5, "c": 0.0}
THEIRS = {
    "the same": ({}, PASSED),
    "a difference that rounding makes": ({"a": 1.0 + 0.9 * NEAR}, PASSED),
    "a difference that it does not": ({"a": 1.0 + 1.1 * NEAR}, FAILED),
    "next to nothing for nothing": ({"c": 0.9 * NEAR * FLOOR}, PASSED),
    "something for nothing": ({"c": 1.1 * NEAR * FLOOR}, FAILED),
    "another sign": ({"b": 0.5}, FAILED),
    "no number": ({"b": math.nan}, FAILED),
    "infinity": ({"c": math.inf}, FAILED),
    "a node more": ({"d": 1.0}, PASSED),
}


@pytest.mark.parametrize("case", THEIRS)
def test_voltages_are_judged(case: str) -> None:
    changed, verdict = THEIRS[case]
    row = volts("tool", "format", "voltages", OURS, {**OURS, **changed})
    assert row.verdict == verdict
    assert verdict == PASSED or next(iter(changed)) in row.theirs


def test_a_node_that_is_not_given_fails_and_is_named() -> None:
    row = volts("tool", "format", "voltages", OURS, {"a": 1.0, "c": 0.0})
    assert (row.verdict, row.theirs, row.difference) == (FAILED, "no v(b)", None)


def test_nothing_to_compare_is_no_success() -> None:
    assert volts("tool", "format", "voltages", {}, {"a": 1.0}).verdict == FAILED


COMPLAINTS = {
    "the first line that tells why": ("reading\nError: no node x\nfatal\n", "Error: no node x"),
    "the last line where none does": ("reading\n\ndone\n", "done"),
    "nothing where nothing is said": ("", "nothing"),
}


@pytest.mark.parametrize("case", COMPLAINTS)
def test_a_complaint_has(case: str) -> None:
    said, told = COMPLAINTS[case]
    row = complaint("tool", "format", "operating point", said)
    assert (row.theirs, row.verdict) == (told, FAILED)


POINT = """Title: bench
Plotname: Operating Point
Flags: real
No. Variables: 2
No. Points: 1
Variables:
\t0\tv(A)\tvoltage
\t1\ti(v1)\tcurrent
Values:
 0\t1.5
\t-2e-3
"""
SIGNALS = """Title: bench
Plotname: AC Analysis
Flags: complex
No. Variables: 2
No. Points: 2
Variables:
\t0\tfrequency\tfrequency\tgrid=3
\t1\tv(a)\tvoltage
Values:
0\t1e3,0.0
\t1.0,-2.0

1\t1.0000000000001e4,0.0
\t0.5,0.25
"""


@pytest.mark.parametrize("text", [POINT + SIGNALS, SIGNALS + POINT])
def test_a_raw_file_has_its_points_in_any_order(text: str) -> None:
    assert operating_point(text) == {"a": 1.5, "i(v1)": -2e-3}
    assert {f: of["a"] for f, of in small_signals(text).items()} == {1e3: 1 - 2j, 1e4: 0.5 + 0.25j}


@pytest.mark.parametrize("text", ["", "Title: x\n", POINT.partition("Values:")[0], POINT.replace("\t-2e-3\n", "")])
def test_a_raw_file_that_ends_early_has_no_point(text: str) -> None:
    assert operating_point(text) == {}
    assert small_signals(text) == {}


def test_small_signals_are_the_slopes_of_operating_points_where_nothing_is_stored() -> None:
    """A divider of an ideal source: 10k over 10k with 1 uF across, by hand."""
    text = "circuit Low {\n net a, b\n R r(a, b) = 10k\n R q(b, gnd) = 10k\n C c(b, gnd) = 1uF\n input x = V(a)\n}\n"
    for frequency, found in responses(make(text)).signals.items():
        assert found["b"] == pytest.approx(1 / (2 + 2j * math.pi * frequency * 1e-6 * 1e4), rel=1e-12)
    assert len(responses(make(text)).signals) == len(FREQUENCIES)


HARMLESS_TEXTS = ("* a comment\nr1 a 0 1\n", '.include "other.cir"\n', "x1 a b shell\n")
HARMFUL_TEXTS = (".control\n", "*# run\n", " .system ls\n", ".include /etc/passwd\n", "$system\n", "shell ls\n")


@pytest.mark.parametrize("text", [*HARMLESS_TEXTS, *HARMFUL_TEXTS])
def test_files_may_be_read_unless_they_run_programs_or_read_elsewhere(text: str, tmp_path: Path) -> None:
    (tmp_path / "other.cir").write_text("* nothing\n")
    (tmp_path / "deck.cir").write_text(text)
    assert bool(forbidden(tmp_path, "ngspice")) == (text in HARMFUL_TEXTS)


def test_a_link_is_never_read(tmp_path: Path) -> None:
    (tmp_path / "deck.cir").symlink_to("/etc/hostname")
    assert forbidden(tmp_path, "ngspice") == "deck.cir: no export has such a file"


def test_every_format_has_its_rows_and_a_tool_that_is_not_here_has_checked_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported(make(), tmp_path, "xyce", "verilog")
    nobody = {name: replace(of, version=lambda: None) for name, of in VERIFIERS.items() if name != "netlearn"}
    monkeypatch.setattr(order, "VERIFIERS", {**nobody, "netlearn": VERIFIERS["netlearn"]})
    told: list[str] = []
    found = list(order.verify(tmp_path, told.append))
    verdicts = {(row.tool, row.format): row.verdict for row in found}
    assert verdicts == {
        ("sha256", ""): PASSED,
        ("netlearn", "design.json"): PASSED,
        ("netlearn", "names.json"): PASSED,
        ("vacask", "xyce"): NOT_CHECKED,
        ("netlearn", "xyce"): PASSED,
        ("yosys", "verilog"): NOT_CHECKED,
        ("iverilog", "verilog"): NOT_CHECKED,
    }
    assert told == ["vacask reads xyce", "netlearn reads xyce", "yosys reads verilog", "iverilog reads verilog"]


@pytest.mark.parametrize("file", ["names.json", "xyce/tb.cir", "xyce/models.cir", "xyce/dut.cir"])
def test_a_file_that_is_gone_is_missed(file: str, tmp_path: Path) -> None:
    exported(make(), tmp_path, "xyce")
    (tmp_path / file).unlink()
    failed = {row.tool for row in order.verify(tmp_path, lambda _: None) if row.verdict == FAILED}
    assert {"sha256"} < failed or (file == "xyce/dut.cir" and VERIFIERS["vacask"].version() is None)


def test_small_signals_are_sure_where_a_large_capacitor_floats_on_next_to_nothing() -> None:
    """1M, 470 uF, 10M in series, by hand: 3e6 S beside 1e-7 S."""
    text = (
        "circuit Float {\n net a, b, c\n R r(a, b) = 1M\n C f(b, c) = 470uF\n R q(c, gnd) = 10M\n input x = V(a)\n}\n"
    )
    found = responses(make(text))
    for frequency, signals in found.signals.items():
        whole = 11e6 + 1 / (2j * math.pi * frequency * 470e-6)
        assert signals["c"] == pytest.approx(10e6 / whole, rel=1e-9)
        assert signals["b"] == pytest.approx(1 - 1e6 / whole, rel=1e-9)
    assert found.rounding[1e9]["c"] > 1e-5 > 1e-8 > found.rounding[1e3]["c"]


BRIDGE = """model dd = D { is = 2.5nA, n = 1.75, rs = 0.57Ohm, cjo = 4pF, vj = 0.7V, m = 0.333, tt = 11.5ns }
circuit Bridge {
  net ac1, ac2, pos, neg
  V vac(ac1, ac2) = sine(0V, 10V, 50Hz)
  D d1(ac1, pos) { model = dd }
  D d2(ac2, pos) { model = dd }
  D d3(neg, ac1) { model = dd }
  D d4(neg, ac2) { model = dd }
  C cf(pos, neg) = 470uF
  R rl(pos, neg) = 1k
  R rg(neg, gnd) = 1MOhm
  R gl(ac2, gnd) = 10MOhm
}
"""


@pytest.mark.parametrize("tool", ["ngspice", "vacask"])
@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ("", "", PASSED),
        ("cf pos neg 0.00047\n", "", FAILED),
        ("rg neg 0 1000000.0", "rg neg 0 1100000.0", FAILED),
    ],
)
def test_a_rectifier_is_what_it_is_and_misses_no_capacitor(
    tool: str, old: str, new: str, verdict: str, tmp_path: Path
) -> None:
    found = verified(tool, "ngspice", tmp_path, make(BRIDGE), {old: new} if old else {})
    assert [row.verdict for row in found] == [PASSED, verdict]
    assert found[1].quantity.startswith("small signals at 7 frequencies, V")


@pytest.mark.parametrize(("off", "verdict"), [(0.5, PASSED), (20.0, FAILED), (math.nan, FAILED)])
def test_what_rounding_does_not_explain_fails(off: float, verdict: str) -> None:
    design = make(BRIDGE)
    found = responses(design)
    theirs = {f: dict(of) for f, of in found.signals.items()}
    theirs[1e9]["neg"] += off * found.rounding[1e9]["neg"]
    row = answered("tool", "format", design, theirs)
    assert row.verdict == verdict


def test_signals_of_which_nothing_is_sure_are_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netlearn.export.small_signals.REFINEMENTS", 1)
    monkeypatch.setattr("netlearn.export.small_signals.SURE", 0.0)
    design = make(BRIDGE)
    theirs = {f: dict.fromkeys(of, 1.0 + 0.0j) for f, of in responses(design).signals.items()}
    assert answered("tool", "format", design, theirs).verdict == NOT_CHECKED
