"""What a review found: each was once otherwise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from exported import design_of
from in_process import netlearn
from test_designs import by_name, near
from verified import exported, rows, spoil

from netlearn.export.again import solved
from netlearn.export.formats import FORMATS, Order
from netlearn.export.laws import DIALECTS, subcircuit
from netlearn.lang.compile import compile_netlist
from netlearn.verify.model import FAILED, PASSED, Check, complaint
from netlearn.verify.order import verify
from netlearn.verify.table import printed

ROOT = Path(__file__).parents[2]
PULSE = """circuit Pulse {
  net a, b
  V clk(a, gnd) = pulse(1V, 3V, delay = 1ms, width = 2ms, period = 10ms)
  R r(a, b) = 1k
  C c(b, gnd) = 1uF
  output y = V(b)
}
"""


def test_a_deck_that_is_a_script_by_its_first_line_is_not_run(tmp_path: Path) -> None:
    netlearn("export", ROOT / "netlists" / "divider.nl", "--to", "ngspice", "--out", tmp_path / "x")
    mark = tmp_path / "owned"
    (tmp_path / "x" / "ngspice" / "tb.cir").write_text(f"*ng_script\necho hello > {mark}\n")
    found = json.loads(netlearn("verify", tmp_path / "x", "--json", code=1)[0])["checks"]
    assert not mark.exists()
    assert "what an export has" in {row["quantity"] for row in found}


def test_cells_within_cells_are_not_given_to_any_tool(tmp_path: Path) -> None:
    """Forty levels, each with two of the one below; and one that is in itself."""
    cells = [".SUBCKT c0 a", "RR0 a 0 1 rpoly", ".ENDS"]
    for k in range(1, 41):
        cells += [f".SUBCKT c{k} a", f"X1 a c{k - 1}", f"X2 a c{k - 1}", ".ENDS"]
    for text in (cells, [".SUBCKT c40 a", "X1 a c40", ".ENDS"]):
        folder = exported(design_of(compile_netlist(PULSE)), tmp_path / "x", "cdl")
        (folder / "cdl" / "dut.cdl").write_text("\n".join(["* d", *text, ".SUBCKT dut a", "X1 a c40", ".ENDS", ""]))
        (row,) = [row for row in verify(folder, lambda _: None) if row.format == "cdl"]
        assert row.verdict == FAILED
        assert "devices, when its cells are put together" in row.theirs


def test_parameters_of_users_that_are_called_as_those_of_conductors_stay_what_they_are() -> None:
    text = """element Foo(a, b; g = 1mS, r = 1kOhm, gm = 1mS) {
  current i(a, b) = V(a, b) * (g + gm) + V(a, b) / r
}
circuit Foos {
  net a, b
  R s(a, b) = 1k
  Foo f(b, gnd) { g = 4mS, r = 9kOhm, gm = 3mS }
  input x = V(a)
}
"""
    design = design_of(compile_netlist(text), inputs=[1.0])
    assert not design.numbers
    near(solved(design), by_name(design))


def test_a_run_that_is_not_at_27_c_is_refused(tmp_path: Path) -> None:
    netlearn("train", ROOT / "netlists" / "divider.nl", "--temperature", 85, "--out", tmp_path / "run", "--json")
    _, err = netlearn("export", tmp_path / "run", "--to", "ngspice", "--out", tmp_path / "x", code=2)
    assert "was trained at 85 C, and what is exported is at 27 C" in err


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_inner_node_of_a_law_is_one_of_its_terminals(dialect: str) -> None:
    text = "element Bar(i0, w) {\n  voltage e(i0, w) = 10mV\n  current i(i0, w) = 0.1 * I(e)\n}\ncircuit B {\n  net a\n  Bar b(a, gnd)\n  input x = V(a)\n}\n"
    device = compile_netlist(text).circuit.top.elements[0].device
    text = subcircuit(device, dialect)
    assert ".subckt nl_bar i0 w" in text
    inside = text.partition("\n.subckt")[2].partition("\n")[2]
    assert "wwi0" in inside
    assert not any(line.split()[1:3] == ["i0", "0"] for line in inside.splitlines())


def test_no_number_of_the_top_is_called_as_a_parameter_of_a_cell() -> None:
    text = """module Cell(a, b) {
  R m(a, b) = learn(1k, 100..10k)
}
circuit Names {
  net a, b
  R m(a, b) = learn(1k, 100..10k)
  Cell u(a, b)
  R r(b, gnd) = 1k
  input x = V(a)
}
"""
    design = design_of(compile_netlist(text), inputs=[1.0])
    assert not {*design.numbers} & {p for block in design.blocks for p in block.params}
    assert "parhier=local" in FORMATS["hspice"].write(design, Order())["tb.sp"]


def test_an_output_that_is_a_current_is_named(tmp_path: Path) -> None:
    text = "circuit Current {\n  net a\n  V vs(a, gnd) = 1V\n  R r(a, gnd) = 1k\n  output i = I(r)\n}\n"
    folder = exported(design_of(compile_netlist(text)), tmp_path / "x", "ngspice", "json")
    assert "| i_ | current into rr |" in (folder / "README.md").read_text()
    assert json.loads((folder / "design.json").read_text())["bench"]["currents"] == {"i_": "rr"}


@pytest.mark.parametrize(
    ("format", "file", "pattern", "change"),
    [
        ("ngspice", "tb.cir", r"pulse\(1.0 3.0", "pulse(1.0 30.0"),
        ("hspice", "tb.sp", r"pulse\(1.0 3.0", "pulse(1.0 30.0"),
        ("ltspice", "tb.net", r"pulse\(1.0 3.0", "pulse(1.0 30.0"),
        ("dspf", "tb.cir", r"pulse\(1.0 3.0", "pulse(1.0 30.0"),
        ("spectre", "tb.scs", r"val1=3.0", "val1=30.0"),
        ("xschem", "tb.sch", r"pulse\(1.0 3.0", "pulse(1.0 30.0"),
        ("kicad", "board.kicad_sch", r"pulse\(1.0 3.0", "pulse(1.0 30.0"),
    ],
)
def test_a_wave_that_is_another_later_is_found(
    format: str, file: str, pattern: str, change: str, tmp_path: Path
) -> None:
    design = design_of(compile_netlist(PULSE))
    folder = exported(design, tmp_path / "x", format)
    assert not any(row.verdict == FAILED for row in rows("netlearn", design, folder, format))
    spoil(folder / format / file, pattern, change)
    assert any(row.verdict == FAILED for row in rows("netlearn", design, folder, format))


def test_what_tools_say_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    printed(
        [
            complaint("tool", "cdl", "netlist", "error: [/tmp/x] bad \x1b[31mred"),
            Check("t", "f", "[b]q", "", "", None, FAILED),
        ]
    )
    out = capsys.readouterr().out
    assert "error: [/tmp/x] bad" in out
    assert "[b]q" in out
    assert "\x1b" not in out


def test_a_netlist_of_somebodys_own_is_not_imported_over(tmp_path: Path) -> None:
    (tmp_path / "a.cir").write_text("* a\nr1 a 0 1k\nv1 a 0 1\n.end\n")
    (tmp_path / "mine.nl").write_text("netlearn 0.1\n")
    _, err = netlearn("import", tmp_path / "a.cir", "-o", tmp_path / "mine.nl", code=2)
    assert "is there already, and was not imported" in err
    for _ in range(2):
        netlearn("import", tmp_path / "a.cir", "-o", tmp_path / "new.nl")


@pytest.mark.parametrize(
    ("format", "file"),
    [
        ("ngspice", "dut.cir"), ("hspice", "dut.sp"), ("xyce", "dut.cir"), ("ltspice", "dut.net"), ("spectre", "dut.scs"),
        ("dspf", "dut.spf"), ("xschem", "dut.sch"),
    ],
)  # fmt: skip
def test_a_transistor_that_is_twice_as_wide_and_as_long_is_found(format: str, file: str, tmp_path: Path) -> None:
    text = "circuit One {\n  net a\n  NMOS m(a, a, gnd, gnd) { w = 30um, l = 2um, kp = 1mA/V^2 }\n  input x = V(a)\n}\n"
    design = design_of(compile_netlist(text), inputs=[1.0])
    folder = exported(design, tmp_path / "x", format)
    assert {row.verdict for row in rows("netlearn", design, folder, format)} == {PASSED}
    spoil(folder / format / file, r"w=[\d.e-]+ l=[\d.e-]+", "w=6e-05 l=4e-06")
    assert FAILED in {row.verdict for row in rows("netlearn", design, folder, format)}
