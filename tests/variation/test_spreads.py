"""Tolerances as they are written: every law with and without names, units, and what is said of mistakes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlearn.circuit.flat import Bank, flatten
from netlearn.circuit.model import Tolerance
from netlearn.errors import Diagnostic, NetlistError
from netlearn.lang.compile import compile_netlist
from netlearn.lang.format import format_text
from netlearn.variation.laws import LAWS
from netlearn.variation.laws.lognormal import Lognormal
from netlearn.variation.laws.normal import Normal
from netlearn.variation.laws.pelgrom import Pelgrom
from netlearn.variation.laws.uniform import Uniform

TEXT = """circuit Net {{
  net a, b
  {line}
  input x = V(a)
  output y = V(b)
}}
"""
R, NMOS = "R r(a, b) = 10k ~ ", "NMOS m(a, b, gnd, gnd) ~ "


def _bank(line: str) -> Bank:
    return next(iter(flatten(compile_netlist(TEXT.format(line=line), "net.nl").circuit).banks.values()))


WRITTEN = {
    R + "1%": Tolerance("r", Normal(0.01, relative=True)),
    R + "r 1%": Tolerance("r", Normal(0.01, relative=True)),
    R + "0%": Tolerance("r", Normal(0.0, relative=True)),
    R + "300%": Tolerance("r", Normal(3.0, relative=True)),
    R + "50Ohm": Tolerance("r", Normal(50.0)),
    R + "normal(1%)": Tolerance("r", Normal(0.01, relative=True)),
    R + "normal(2 * 1%)": Tolerance("r", Normal(0.02, relative=True)),
    R + "normal(sd = 1kOhm)": Tolerance("r", Normal(1e3)),
    R + "uniform(20%)": Tolerance("r", Uniform(0.2, relative=True)),
    R + "uniform(half = 20Ohm)": Tolerance("r", Uniform(20.0)),
    R + "lognormal(50%)": Tolerance("r", Lognormal(0.5, relative=True)),
    R + "lognormal(0.5)": Tolerance("r", Lognormal(0.5, relative=True)),
    R + "lognormal(10Ohm, 50%)": Tolerance("r", Lognormal(0.5, 10.0)),
    R + "lognormal(sd = 50%, median = 10Ohm)": Tolerance("r", Lognormal(0.5, 10.0)),
    R + "lognormal(median = 5%, sd = 50%)": Tolerance("r", Lognormal(0.5, 0.05, relative=True)),
    R + "pelgrom(1%*um, w = 2um, l = 10um)": Tolerance("r", Pelgrom(1e-8, 2e-6, 10e-6, relative=True)),
    R + "1% lot 10%": Tolerance("r", Normal(0.01, relative=True), lot=Normal(0.1, relative=True)),
    R + "1% apart 50Ohm lot uniform(15%)": Tolerance(
        "r", Normal(0.01, relative=True), lot=Uniform(0.15, relative=True), apart=Normal(50.0)
    ),
    R + "tc1 1%": Tolerance("tc1", Normal(0.01, relative=True)),
    NMOS + "vto 2mV": Tolerance("vto", Normal(2e-3)),
    NMOS + "vto pelgrom(7.15mV*um, par_l = 0.15um, par_w = -0.1um)": Tolerance(
        "vto", Pelgrom(7.15e-9, par_w=-0.1e-6, par_l=0.15e-6)
    ),
    NMOS + "kp pelgrom(a = 0.7%*um)": Tolerance("kp", Pelgrom(0.7e-8, relative=True)),
    NMOS + "l along_w(2%)": Tolerance("l", LAWS["along_w"](0.02, relative=True)),
    NMOS + "w along_l(4nm, over = 2um)": Tolerance("w", LAWS["along_l"](4e-9, 2e-6)),
}


def _near(one: object, other: object) -> bool:
    """Equal up to how numbers are read."""
    if isinstance(one, float) and isinstance(other, float):
        return one == pytest.approx(other, rel=1e-12)
    if hasattr(one, "__dataclass_fields__"):
        return type(one) is type(other) and all(
            _near(getattr(one, name), getattr(other, name)) for name in one.__dataclass_fields__
        )
    return one == other


@pytest.mark.parametrize("line", WRITTEN)
def test_a_tolerance_is_read_as_it_is_written(line: str) -> None:
    (found,) = _bank(line).tolerances[0]
    assert _near(found, WRITTEN[line])


def test_every_law_can_be_written() -> None:
    spreads = {type(t.within) for t in WRITTEN.values()}
    assert spreads == set(LAWS.values())


def test_an_element_has_a_tolerance_for_each_of_its_parameters() -> None:
    found = _bank(NMOS + "vto 2mV ~ kp 1% ~ w 5nm").tolerances[0]
    assert [t.param for t in found] == ["vto", "kp", "w"]


@pytest.mark.parametrize("line", WRITTEN)
def test_a_tolerance_is_formatted_once_and_for_all(line: str) -> None:
    once = format_text(TEXT.format(line=line))
    assert format_text(once) == once
    (found,) = next(iter(flatten(compile_netlist(once).circuit).banks.values())).tolerances[0]
    assert _near(found, WRITTEN[line])


REFUSED = {
    R + "0": "0 does not say what it is a part of, or in which unit: write 0% or give it in Ohm",
    R + "1": "1 does not say what it is a part of, or in which unit: write 1% or give it in Ohm",
    R + "1V": "'sd' is in Ohm, and this is in V: a part is written 1%",
    R + "q 1%": "there is no parameter 'q' to spread: write ~ r 1%; what there is: r, tc1, tc2",
    R + "tc3 1%": "there is no parameter 'tc3' to spread: did you mean 'tc2'?",
    R + "1% ~ 2%": "'r' has two tolerances: remove one of them",
    R + "1% ~ r 2%": "'r' has two tolerances: remove one of them",
    R + "gauss(1%)": "unknown distribution 'gauss': known: normal, uniform, lognormal, pelgrom, along_w, along_l",
    R + "norml(1%)": "unknown distribution 'norml': did you mean 'normal'?",
    R + "normal()": "normal is not given its sd: write ~ normal(1%)",
    R + "normal(1%, 2%)": "normal does not take these numbers: write ~ normal(1%)",
    R + "normal(sd = 1%, 2%)": "normal does not take these numbers: write ~ normal(1%)",
    R + "normal(sd = 1%, sd = 2%)": "'sd' is given twice: remove one of them",
    R + "normal(1%, sd = 2%)": "'sd' is given twice: remove one of them",
    R + "normal(sdev = 1%)": "normal has no option 'sdev': did you mean 'sd'?",
    R + "normal(-1%)": "sd is -0.01: sd is not negative",
    R + "normal(1 / 0)": "this is not a finite number: check for a division by zero or an overflow",
    R + "normal([1%])": "'sd' must be a number, not a list: write a number",
    R + "normal(a)": "'sd' must be a number, not a net: write a number",
    R + "uniform(-3Ohm)": "half is -3: half is not negative",
    R + "lognormal(median = 1kOhm)": "lognormal is not given its sd: write ~ lognormal(50%)",
    R + "lognormal(50Ohm)": "'sd' is a plain number, and this is in Ohm: give it a plain number",
    R + "lognormal(1V, 50%)": "'median' is in Ohm, and this is in V: a part is written 1%",
    R + "pelgrom(1%)": "'a' is a part times a length: write 1%*um",
    R + "pelgrom(5mV*um)": "'a' is in V*m/A, and this is in V*m: give it in V*m/A",
    R + "pelgrom(1%*um, w = 2V)": "'w' is in m, and this is in V: give it in m",
    R + "1e400%": "'1e400%' is too large: numbers stay below 1.8e308",
    NMOS + "1%": "this kind has no main value; name the parameter that spreads: write ~ vto 1%",
    "V v(a, gnd) = sine(0V, 1V, 1kHz) ~ 1%": (
        "a source that changes over time does not spread: let the parts that it drives spread"
    ),
}


@pytest.mark.parametrize("line", REFUSED)
def test_a_mistake_is_answered_under_a_caret_and_with_a_help(line: str) -> None:
    with pytest.raises(NetlistError) as caught:
        _bank(line)
    (said,) = caught.value.diagnostics
    assert f"{said.message}: {said.help}".startswith(REFUSED[line])
    assert said.span.line == 3
    assert said.span.column > 3 + line.index("~")


MODULE = """module Amp(a, b; r = 1k, off = 1mV, sub = gnd) {{
  net m
  R x(a, m) = r
  V v(m, b) = off
}}
circuit Net {{
  net a, b
  {line}
  R load(b, gnd) = 1k
  input x = V(a)
  output y = V(b)
}}
"""
OF_MODULES = {
    "Amp u(a, b) ~ 1%": "this kind has no main value; name the parameter that spreads",
    "Amp u(a, b) ~ q 1%": "there is no parameter 'q' to spread",
    "Amp u(a, b) ~ off 1Ohm": "'sd' is in V, and this is in Ohm",
    "Amp u(a, b) ~ r 1% ~ r 2%": "'r' is an expression of voltages or states here, and only a number can spread",
    "state k = learn(1k, 1..2k)\n  Amp u(a, b) { r = k } ~ r 1%": "'r' is an expression of voltages or states here, and only a number can spread",
}


@pytest.mark.parametrize("line", OF_MODULES)
def test_what_cannot_spread_of_a_module_is_said(line: str) -> None:
    with pytest.raises(NetlistError) as caught:
        compile_netlist(MODULE.format(line=line), "net.nl")
    assert caught.value.diagnostics[0].message.startswith(OF_MODULES[line])
    assert caught.value.diagnostics[0].help


def _answers(text: str) -> Sequence[Diagnostic]:
    try:
        return compile_netlist(text, "net.nl").warnings
    except NetlistError as error:
        return error.diagnostics


PIECES = st.sampled_from(
    [*LAWS, "lot", "apart", "(", ")", ",", "=", "1%", "5mV*um", "1e308%", "1e-320", "0", "3V", "sd", "w", "l", "~", "-", "inf",
     "nan", "vto", "r", "[", "*", "2", "%", "match", "10Ohm", "1um"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=12))
def test_any_tolerance_is_read_or_answered(pieces: list[str]) -> None:
    assert all(d.message and d.help and d.render() for d in _answers(TEXT.format(line=R + " ".join(pieces))))


@given(st.lists(PIECES | st.sampled_from(["R", "NMOS", ".", "m", "seed", "yield", "corner", "tt", "\n"]), max_size=14))
def test_any_line_of_a_mismatch_block_is_read_or_answered(pieces: list[str]) -> None:
    text = TEXT.format(line=NMOS + "vto 1mV") + "mismatch chip on Net {\n" + " ".join(pieces) + "\n}\n"
    assert all(d.message and d.help and d.render() for d in _answers(text))


def _netlearn(*arguments: object, code: int) -> tuple[str, str]:
    done = subprocess.run([sys.executable, "-m", "netlearn", *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout, done.stderr


def test_check_and_fmt_know_tolerances_and_mismatch_blocks(tmp_path: Path) -> None:
    file = tmp_path / "net.nl"
    block = "mismatch chip on Net {\n  seed 7\n  R[*] ~ 2% lot uniform(10%)\n  nothing ~ 1%\n  yield error < 1mV\n}\n"
    file.write_text(TEXT.format(line=R + "1%") + block)
    _, err = _netlearn("check", file, code=0)
    assert "nothing names nothing in Net" in err
    _netlearn("fmt", file, code=0)
    _netlearn("fmt", file, "--check", code=0)
    file.write_text(TEXT.format(line=R + "pelgrom(1%)") + block)
    _, err = _netlearn("check", file, code=2)
    assert "'a' is a part times a length" in err
    assert "  = help: write 1%*um" in err.replace("   = help", "  = help")
