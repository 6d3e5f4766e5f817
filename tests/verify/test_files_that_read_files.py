"""What is read by another file is judged as it is read, and what is put in its place is counted, however it is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from chip_cases import make
from exported import random_design
from verified import added, exported

from netlearn.export.folder import contents
from netlearn.export.formats import FORMATS, Order
from netlearn.verify import order
from netlearn.verify.languages import LANGUAGES
from netlearn.verify.model import FAILED
from netlearn.verify.safe import DEEPEST, FILES, MOST_DEVICES, extent

SHELL = ".control\nshell touch run\n.endc\n"
INCLUDE = ".include {}"
INCLUDERS = {
    "ngspice/tb.cir": INCLUDE,
    "ngspice/models.cir": '.INCLUDE "{}"',
    "hspice/tb.sp": INCLUDE,
    "xyce/tb.cir": INCLUDE,
    "ltspice/tb.net": INCLUDE,
    "dspf/tb.cir": INCLUDE,
    "dspf/dut.spf": INCLUDE,
    "cdl/dut.cdl": INCLUDE,
    "kicad/models.cir": INCLUDE,
    "kicad/sheet1.kicad_sch": '(property "Sim.Library" "{}")',
    "kicad/board.kicad_sch": '(property "Sheet file" "{}")',
    "xschem/models.cir": INCLUDE,
    "xschem/tb.sch": "C {{{}}} 0 0 0 0 {{name=x}}",
    "spectre/tb.scs": 'include "{}"',
    "spectre/models.scs": 'ahdl_include "{}"',
    "veriloga/models.va": '`include "{}"',
    "verilog/dut.v": '`include "{}"',
}
SUFFIXES = (
    *(".cir", ".sp", ".net", ".spf", ".cdl", ".spice", ".scs", ".va", ".v", ".sch", ".sym", ".kicad_sch"),
    *(".csv", ".json", ".gds", ".txt", ""),
)


def refused(folder: Path, format: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What `verify` says of a format without any tool; nothing where tools would be shown it."""
    monkeypatch.setattr(order, "VERIFIERS", {})
    rows = [row for row in order.verify(folder, lambda _: None) if row.format == format]
    assert all((row.quantity, row.ours, row.verdict) == ("what an export has", "nothing else", FAILED) for row in rows)
    return rows[0].theirs if rows else ""


@pytest.mark.parametrize("file", INCLUDERS)
def test_a_file_of_any_name_that_is_read_is_judged_as_what_reads_it_would_read_it(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    format = file.partition("/")[0]
    folder = exported(make(), tmp_path / "x", format)
    assert refused(folder, format, monkeypatch) == ""
    whole = (folder / file).read_text()
    for other in [f"more{suffix}" for suffix in SUFFIXES] + ["board.net", "xschemrc"]:
        (folder / file).write_text(whole)
        added(folder / file, INCLUDERS[file].format(other))
        before = (folder / format / other).read_bytes() if (folder / format / other).exists() else None
        (folder / format / other).write_text(SHELL)
        assert refused(folder, format, monkeypatch), other
        if before is None:
            (folder / format / other).unlink()
        else:
            (folder / format / other).write_bytes(before)


@pytest.mark.parametrize("file", INCLUDERS)
def test_a_file_of_the_folder_is_read_in_its_own_language_only(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    format, _, name = file.partition("/")
    folder = exported(make(), tmp_path / "x", format)
    whole = (folder / file).read_text()
    suffixes = {"Sim.Library": {".cir"}, "Sheet file": {".kicad_sch", ".net"}, "ahdl": {".va"}, "C {": {".sym"}}
    own = next(
        (v for k, v in suffixes.items() if k in INCLUDERS[file]), {".cir", ".sp", ".net", ".spf", ".scs", ".cdl"}
    )
    for other in sorted(path.name for path in (folder / format).iterdir()):
        (folder / file).write_text(whole)
        added(folder / file, INCLUDERS[file].format(other))
        good = Path(other).suffix in own and not (other == "board.net" and "Sheet" not in INCLUDERS[file])
        if other == name or format in ("veriloga", "verilog"):
            good = False  # itself, or no such statement
        found = refused(folder, format, monkeypatch)
        assert (found == "") == good or "devices" in found, (other, found)


@pytest.mark.parametrize("name", FORMATS)
def test_every_file_of_a_format_has_its_language(name: str) -> None:
    assert FILES.keys() == FORMATS.keys()
    assert {of for files in FILES.values() for of in files.values()} == {*LANGUAGES, "data"}
    made = contents(make(), (name,), Order(), "", False).files
    assert name == "gds" or any(path.startswith(f"{name}/") for path in made)


LEVELS = 40


def doubled(head: str, call: str, end: str) -> str:
    """Cells c0 to c40, each with two of the one below."""
    cells = [f"{head.format('c0')}\nr1 a 0 1\n{end}"]
    for k in range(LEVELS):
        cells.append("\n".join([head.format(f"c{k + 1}"), *(call.format(n, f"c{k}") for n in (1, 2)), end]))
    return "\n".join(["", *cells, ""])


CALLS = {
    "as it is written": "X{} a {}",
    "with a parameter": "X{} a {} m=1",
    "with blanks around its value": "X{} a {} m = 1",
    "with blanks before its value": "X{} a {} m= 1",
    "with a parameter in brackets": "X{} a {} (m=1)",
    "with the word for parameters": "X{} a {} params: m=1",
    "with an expression": "X{} a {} m={{2 * 1}}",
    "with a quoted expression": "X{} a {} m='2 * 1'",
    "on two lines": "X{} a\n+ {}",
    "over a comment": "X{} a c0\n* w\n+ {}",
    "over an empty line": "X{} a c0\n\n+ {}",
    "over a line of blanks": "X{} a c0\n  \n+ {}",
    "in front of a comment with a name": "X{} a {} // c0",
    "in brackets": "X{}(a) {}",
    "with a tab": "X{}\ta\t{}",
    "in small letters": "x{} A {}",
}


@pytest.mark.parametrize("how", CALLS)
@pytest.mark.parametrize("file", ["ngspice/dut.cir", "cdl/dut.cdl"])
def test_cells_within_cells_are_counted_however_they_are_called(
    how: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    format = file.partition("/")[0]
    folder = exported(random_design(3), tmp_path / "x", format)
    assert refused(folder, format, monkeypatch) == ""
    (folder / file).write_text((folder / file).read_text() + doubled(".subckt {} a", CALLS[how], ".ends"))
    assert refused(folder, format, monkeypatch)


def test_cells_are_counted_over_all_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = exported(random_design(3), tmp_path / "x", "ngspice")
    for k, cell in enumerate(doubled(".subckt {} a", "X{} a {}", ".ends").strip().split(".ends\n")):
        (folder / "ngspice" / f"f{k}.cir").write_text(f"{cell.removesuffix('.ends')}.ends\n")
    assert "devices" in refused(folder, "ngspice", monkeypatch)


def test_files_within_files_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = exported(random_design(3), tmp_path / "x", "ngspice")
    (folder / "ngspice" / "f0.cir").write_text("* nothing\n")
    for k in range(LEVELS):
        (folder / "ngspice" / f"f{k + 1}.cir").write_text(f".include f{k}.cir\n" * 2)
    assert "devices" in refused(folder, "ngspice", monkeypatch)


PIECES = {
    "a cell that ends in another file": "{head}\n.include rest.cir\n",
    "an end without a beginning": ".ends\n",
    "a cell within a cell": ".subckt a1 a\n.subckt a2 a\n.ends\n.ends\n",
}


@pytest.mark.parametrize("text", PIECES.values(), ids=PIECES)
def test_a_cell_is_whole_in_one_file(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = exported(random_design(3), tmp_path / "x", "ngspice")
    (folder / "ngspice" / "rest.cir").write_text("r1 a 0 1\n")
    (folder / "ngspice" / "more.cir").write_text(text.format(head=".subckt a1 a"))
    assert refused(folder, "ngspice", monkeypatch)


def test_modules_within_modules_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = exported(random_design(3), tmp_path / "x", "verilog")
    modules = [f"module c{k + 1} (inout a);\n  c{k} x1 (.a(a));\n  c{k} x2 (.a(a));\nendmodule" for k in range(LEVELS)]
    file = folder / "verilog" / "dut.v"
    file.write_text("\n".join([file.read_text(), "module c0 (inout a);\nendmodule", *modules, ""]))
    assert "devices" in refused(folder, "verilog", monkeypatch)


def test_subcircuits_of_spectre_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = exported(random_design(3), tmp_path / "x", "spectre")
    cells = ["subckt c0 (a)\nr1 (a 0) resistor r=1\nends c0"]
    cells += [f"subckt c{k + 1} (a)\nx1 (a) c{k}\nx2 (a) \\\n  c{k}\nends c{k + 1}" for k in range(LEVELS)]
    file = folder / "spectre" / "dut.scs"
    file.write_text("\n".join([file.read_text(), *cells, ""]))
    assert "devices" in refused(folder, "spectre", monkeypatch)


def test_sheets_within_sheets_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = exported(random_design(3), tmp_path / "x", "kicad")
    for k in range(LEVELS):
        sheets = f'(sheet (property "Sheet file" "s{k}.kicad_sch"))\n' * 2
        (folder / "kicad" / f"s{k + 1}.kicad_sch").write_text(f"(kicad_sch (version 20211123)\n{sheets})\n")
    (folder / "kicad" / "s0.kicad_sch").write_text("(kicad_sch (version 20211123))\n")
    assert "devices" in refused(folder, "kicad", monkeypatch)


def test_devices_are_those_of_what_nothing_else_has_within() -> None:
    part, a, b, top = ("", ""), ("spice", "a"), ("spice", "b"), ("spice", "tb.cir")
    assert extent({a: {part: 2}, b: {a: 3, part: 1}, top: {b: 1}}) == (1 + (1 + 3 * (1 + 2) + 1), 4)
    assert extent({a: {b: 1}, b: {a: 1}})[0] > MOST_DEVICES


def test_cells_too_deep_within_cells_are_not_shown_to_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """KLayout, which is no process of its own, ends with netlearn at some thousands."""
    folder = exported(random_design(3), tmp_path / "x", "cdl")
    cells = [f".subckt c{k + 1} a\nx1 a c{k}\n.ends" for k in range(20_000)]
    file = folder / "cdl" / "dut.cdl"
    file.write_text("\n".join([file.read_text(), ".subckt c0 a\nrr1 a 0 1\n.ends", *cells, ""]))
    assert refused(folder, "cdl", monkeypatch) == f"20002 levels of cells, when {DEEPEST} are let read"


ELSEWHERE = {
    "a library of simulation": '(property "Sim.Library" "{}")',
    "a sheet": '(property "Sheet file" "{}")',
    "a sheet, as later versions say it": '(property "Sheetfile" "{}")',
    "a library, as earlier versions say it": '(property "Spice_Lib_File" "{}")',
    "a name without quotes": "(property Sim.Library {})",
    "a model with a library": '(property "Sim.Params" "type=\\"R\\" model=\\"1\\" lib=\\"{}\\"")',
    "a source out of a file": '(property "Sim.Params" "type=\\"V\\" file=\\"{}\\"")',
    "a frame": '(page_layout "{}")',
    "an older version, whose fields go by their places": '(kicad_sch (version 20200101) (property "Value" "{}"))',
}


@pytest.mark.parametrize("how", ELSEWHERE)
@pytest.mark.parametrize("where", ["/etc/fstab", "../x.cir", "/0/a.cir", "absent.cir", "${HOME}/a", "-/a"])
def test_no_field_of_kicad_names_a_file_elsewhere(
    how: str, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = exported(random_design(3), tmp_path / "x", "kicad")
    file = folder / "kicad" / "sheet1.kicad_sch"
    file.write_text(file.read_text() + ELSEWHERE[how].format(where) + "\n")
    assert refused(folder, "kicad", monkeypatch).startswith("sheet1.kicad_sch: ")
