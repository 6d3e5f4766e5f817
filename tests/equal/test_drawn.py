"""A circuit is equal to the netlist for layout that it leaves as, and to none in which something else is drawn."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from netlearn.cli.app import app
from netlearn.cli.importing import equal

ROOT = Path(__file__).parents[2]
NETLISTS = sorted((ROOT / "netlists").glob("*.nl"))


def exported(netlist: Path, folder: Path, *options: str) -> Path:
    """The CDL of a netlist."""
    command = typer.main.get_command(app)
    command.main(["export", str(netlist), "--to", "cdl", "--out", str(folder), *options], standalone_mode=False)
    return folder / "cdl" / "dut.cdl"


def verdict(a: Path, b: Path, capsys: pytest.CaptureFixture[str]) -> tuple[bool, str]:
    """Whether two files are equal, and all that is said of it."""
    capsys.readouterr()
    try:
        equal(a, b, None, None, 1e-6, None, False)
    except typer.Exit:
        return False, capsys.readouterr().out
    return True, capsys.readouterr().out


@pytest.mark.parametrize("netlist", NETLISTS, ids=lambda path: path.stem)
def test_every_netlist_is_equal_to_its_own_cdl(
    netlist: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    same, said = verdict(netlist, exported(netlist, tmp_path / "out"), capsys)
    assert same, said
    assert "not compared: models of elements" in said


EVERYTHING = """netlearn 0.1

element Squared(p, n; k = 1mS) {
  current i = k * V(p, n) * V(p, n) / 1V
}

module Leg(a, b; w = 10um) {
  net m, g
  state vg = learn(1.5V, 0V..5V)
  NMOS m1(a, g, m, gnd) { w = w, l = 2um, rd = 5 }
  PMOS m2(m, a, b, b) { w = 2 * w, l = 2um }
  C c(g, gnd) = 1uF, ic = vg
  D d(m, b) { rs = 3 }
  G dead(a, b) = 0S
}

circuit Everything {
  net in, out, output, a[2], free
  Leg x(in, out)
  Leg y(out, output) { w = 20um }
  state k = learn(2mS, 1mS..5mS)
  G g(a[0], a[1]) = k
  R r(a[1], output) = 1k
  R q(in, a[0]) = 3k
  L l(output, free) = 1mH
  R end(free, gnd) = 2k
  Squared s(a[1], gnd) { k = 2mS }
  VCCS t(out, gnd, in, gnd) = 1mS
  V supply(in, gnd) = 5V
  input u = V(a[0])
  output o = V(out)
}
"""


@pytest.fixture
def everything(tmp_path: Path) -> Path:
    (tmp_path / "everything.nl").write_text(EVERYTHING)
    return tmp_path / "everything.nl"


def test_of_every_kind_of_element_the_drawn_part_is_compared(
    everything: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    same, said = verdict(everything, exported(everything, tmp_path / "out", "--input", "u=1V"), capsys)
    assert same, said
    assert "not compared: numbers of black boxes, and what is in them: nl_squared, nl_vccs" in said
    assert "not compared: sources at the top of A, its bench: 1" in said


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("W=20u", "W=21u"),
        (" nch ", " pch "),
        ("1000.0 rpoly", "1100.0 rpoly"),
        ("1e-06 cmim", "2e-06 cmim"),
        (" 0.001 ind", " 0.002 ind"),
        ("xs a_1 gnd", "xs a_0 gnd"),
        ("nl_squared", "nl_cubed"),
        ("xgt out gnd in gnd", "xgt in gnd out gnd"),
        (" dio", " dio\nd99 a gnd dio"),
    ],
)
def test_what_is_drawn_otherwise_is_different(
    one: str, other: str, everything: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = exported(everything, tmp_path / "out", "--input", "u=1V")
    text = file.read_text()
    assert one in text
    (tmp_path / "other.cdl").write_text(text.replace(one, other))
    same, said = verdict(everything, tmp_path / "other.cdl", capsys)
    assert not same
    assert "of A" in said or "A has" in said


def test_a_process_is_compared_by_its_own_models(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    netlist = tmp_path / "one.nl"
    netlist.write_text(
        "netlearn 0.1\ncircuit One {\n  net d, g\n  NMOS m(d, g, gnd, gnd) { w = 2um, l = 0.5um }\n  R r(d, gnd) = 10k\n"
        "  R s(g, gnd) = 20k\n  input i = V(d)\n  output o = V(g)\n}\n"
    )
    file = exported(netlist, tmp_path / "out", "--pdk", "sky130", "--input", "i=1V")
    assert "sky130_fd_pr__nfet_01v8" in file.read_text()
    same, said = verdict(netlist, file, capsys)
    assert same, said
    (tmp_path / "other.cdl").write_text(file.read_text().replace("nfet_01v8", "nfet_01v8_lvt"))
    assert not verdict(netlist, tmp_path / "other.cdl", capsys)[0]
