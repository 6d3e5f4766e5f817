"""Files that tell a tool to run a program, to read elsewhere or to write: none of them is shown to a tool."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from exported import gallery_design, random_design
from verified import added, exported, rows

from netlearn.export.design import Design
from netlearn.export.folder import contents
from netlearn.export.formats import FORMATS, Order
from netlearn.verify import model, order
from netlearn.verify.languages import LANGUAGES, NotAllowed, statements
from netlearn.verify.model import FAILED, Check, Verifier
from netlearn.verify.safe import forbidden

APPENDED = {
    "a control block": ("ngspice/tb.cir", ".control\nshell touch run\n.endc"),
    "a control block in capitals": ("ngspice/tb.cir", " .CONTROL"),
    "a control line in a comment": ("ngspice/dut.cir", "*# shell touch run"),
    "a command of gnucap in a comment": ("ngspice/models.cir", "*>! touch run"),
    "a code model": ("ngspice/dut.cir", "a1 [a] [b] evil"),
    "a model that starts a program": ("ngspice/dut.cir", '.model evil d_process(process_file="./run")'),
    "a file elsewhere": ("ngspice/tb.cir", '.include "/etc/passwd"'),
    "a file elsewhere, abbreviated": ("ngspice/tb.cir", ".incl /etc/passwd"),
    "a file elsewhere, on a line that goes on": ("ngspice/tb.cir", '.include\n+ "/etc/passwd"'),
    "a file above": ("hspice/tb.sp", ".include ../../secret.sp"),
    "a library": ("hspice/tb.sp", ".lib '/etc/passwd' tt"),
    "a source that reads a file": ("xyce/dut.cir", 'v9 a 0 pwl file "/etc/passwd"'),
    "a line behind a carriage return": ("ngspice/dut.cir", "* nothing\r.control"),
    "a control block in a language that says who runs it": (
        "spectre/dut.scs",
        "control\n  postprocess(PYTHON, 'x.py')",
    ),
    "a file in a file": ("spectre/dut.scs", 'embed "run.py" <<<END\nimport os\n>>>END'),
    "another language": ("spectre/dut.scs", "simulator lang=vacask"),
    "a library of machine code": ("spectre/dut.scs", 'load "run.osdi"'),
    "a function of C": ("verilog/dut.v", 'import "DPI-C" function int kill(int a, int b);'),
    "a memory out of a file": ("verilog/dut.v", "initial $readmemh(name, word);"),
    "a directive within a line": ("verilog/dut.v", "wire a; `include </etc/passwd>"),
    "an include behind something": ("veriloga/models.va", 'real x; `include "/etc/passwd"'),
    "a file that a module opens": ("veriloga/models.va", 'x = $fopen("run");'),
    "Tcl": ("xschem/tb.sch", "T {tcleval([exec touch run])} 0 0 0 0 1 1 {}"),
    "Tcl in two pieces": ("xschem/x-r.sym", 'G {format="tc@name" template="name=leval(x"}'),
    "a symbol that is a program": ("xschem/tb.sch", "C {run.py(1)} 0 0 0 0 {name=x}"),
    "a symbol elsewhere": ("xschem/tb.sch", "C\n{/tmp/evil.sym} 0 0 0 0 {name=x}"),
    "a symbol that is not there": ("xschem/tb.sch", "C {evil.sym} 0 0 0 0 {name=x}"),
    "a sheet elsewhere": ("kicad/board.kicad_sch", '(property "Sheetfile" "../../secret.kicad_sch")'),
    "a library elsewhere": ("kicad/sheet1.kicad_sch", '(property "Sim.Library" "/etc/passwd")'),
    "a variable of the environment": ("kicad/sheet1.kicad_sch", '(property "Value" "${HOME}")'),
    "a line that a comment with a backslash would hide": ("ngspice/dut.cir", "* \\\n.ends"),
    "a line that a comment would go on in": ("spectre/dut.scs", '// \\\nload "run.osdi"'),
    "lines behind the end": ("ngspice/tb.cir", ".end\nr1 a 0 1"),
    "text that goes on from nothing": ("ngspice/dut.cir", "\n+ .control"),
    "a line behind a form feed": ("ngspice/dut.cir", "* nothing\f.control"),
    "a character of no width": ("ngspice/dut.cir", "* nothing\0"),
    "a line behind a separator of lines": ("ngspice/dut.cir", "* nothing\u2028.control"),
    "a mark of byte order": ("hspice/models.sp", "\ufeff* nothing"),
    "a source that reads a file without quotes": ("xyce/dut.cir", "v9 a 0 pwl(file x.cir)"),
    "a table out of a file": ("xyce/dut.cir", "b9 a 0 v=tablefile('x')"),
    "a section of a library": ("hspice/tb.sp", ".lib 'models.sp' tt"),
    "a variable in a name": ("ngspice/tb.cir", ".include $HOME/x.cir"),
    "an element of a compiled model": ("ngspice/dut.cir", "n1 a b osdi"),
    "instances in a loop": ("verilog/dut.v", "for (i=1; i; i=i+1) dut x (.a(b));"),
    "instances by the thousand": ("verilog/dut.v", "dut x[1:1000] (.a(b));"),
    "a module behind a carriage return": ("verilog/dut.v", "// nothing\rmodule x (inout a);"),
    "a definition": ("veriloga/models.va", "`define x $system"),
    "a loop": ("veriloga/models.va", "while (1) x = x + 1;"),
    "a loop behind a number": ("spectre/models.va", "x = 1for(;;) x = x + 1;"),
    "a loop behind a comment of lines": ("veriloga/models.va", "/* // */ while (1) x = x + 1;"),
    "a loop behind quotes in a comment": ("veriloga/models.va", '// "\nwhile (1) x = x + 1; // "'),
    "a picture that a program makes": ("xschem/tb.sch", "B 2 0 0 1 1 {flags=image filter=run}"),
    "a sheet of another name": ("xschem/tb.sch", "C {x-r.sym} 0 0 0 0 {name=a schematic=run}"),
    "Tcl in a value": ("xschem/tb.sch", 'C {x-r.sym} 0 0 0 0 {name=a value="TCLeval(exit)"}'),
    "a file within a file": ("kicad/board.kicad_sch", '(embedded_files (file (name "x")))'),
    "a comment of KiCad's": ("kicad/board.kicad_sch", '# (property "Sim.Library" "/etc/passwd")'),
}
"""What is wrong: which file, and what is put at its end."""
ADDED = (
    "ngspice/.spiceinit",
    "ngspice/spice.rc",
    "xschem/xschemrc.tcl",
    "kicad/board.kicad_pro",
    "cdl/.netgenrc",
    "ngspice/sub/x.cir",
)


@pytest.mark.parametrize(("file", "what"), APPENDED.values(), ids=APPENDED)
def test_a_statement_that_no_export_has_keeps_a_format_from_every_tool(
    file: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    format, _, name = file.partition("/")
    folder = exported(random_design(3), tmp_path / "x", format)
    assert forbidden(folder / format, format) == ""
    added(folder / file, what)
    assert forbidden(folder / format, format).startswith(f"{name}: ")
    monkeypatch.setattr(order, "VERIFIERS", {})
    assert [row.verdict for row in order.verify(folder, lambda _: None) if row.format == format] == [FAILED]


@pytest.mark.parametrize("text", [".control\n".encode("utf-16"), "* é\n".encode("latin-1")])
def test_a_file_in_another_encoding_is_no_text(text: bytes, tmp_path: Path) -> None:
    folder = exported(random_design(3), tmp_path / "x", "ngspice") / "ngspice"
    (folder / "dut.cir").write_bytes(text)
    assert forbidden(folder, "ngspice") == "dut.cir: it is no text"


@pytest.mark.parametrize("name", ["x\n.cir", "x.cir\n", 'x".cir', "é.cir", "X.CIR", ".cir", "x.cir"])
def test_a_folder_or_a_strange_name_keeps_a_format_from_every_tool(name: str, tmp_path: Path) -> None:
    folder = exported(random_design(3), tmp_path / "x", "ngspice") / "ngspice"
    (folder / name).mkdir() if name == "x.cir" else (folder / name).write_text("* nothing\n")
    assert forbidden(folder, "ngspice") == f"{name}: no export has such a file"


LONG = {"spice": ["x1", "v1 pwl", "* ", ".subckt a"], "spectre": ["r1 (", "// "], "verilog": ["a #(", "module a "],
        "verilog_a": ["`", ""], "xschem": ["C {a.sym} ", "G {type=a\n"], "kicad": ['"', '(property "Value" "']}  # fmt: skip
PIECES = ("a", " ", "a ", "a=1 ", "pwl ", "file", ".a(a), ", "\\", "\\ ", "0 ", "(", "\n+", '\\"')


@pytest.mark.parametrize("language", LONG)
def test_a_long_line_takes_as_long_as_it_is(language: str) -> None:
    began = time.process_time()
    for text in (head + piece * 100_000 + "!" for head in LONG[language] for piece in PIECES):
        with contextlib.suppress(NotAllowed):
            list(statements(LANGUAGES[language], text))
    assert time.process_time() - began < 30.0


@pytest.mark.parametrize("file", ADDED)
def test_a_file_that_no_export_has_keeps_a_format_from_every_tool(file: str, tmp_path: Path) -> None:
    format = file.partition("/")[0]
    folder = exported(random_design(3), tmp_path / "x", format)
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text("* nothing\n")
    assert "no export has such a file" in forbidden(folder / format, format)


@pytest.mark.parametrize("path", ["netlists/machine/gen2.nl", "netlists/std/comparator.nl", "netlists/xor.nl"])
def test_what_we_write_ourselves_is_allowed(path: str, tmp_path: Path) -> None:
    made = contents(
        gallery_design(path, "LatchComparatorBench" if "std" in path else None), tuple(FORMATS), Order(), "", False
    )
    for name, what in made.files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(what)
    assert {f.name: forbidden(f, f.name) for f in tmp_path.iterdir() if f.is_dir() and forbidden(f, f.name)} == {}


def test_a_program_that_does_not_end_is_ended_with_what_it_has_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "PATIENCE", 1.0)
    with pytest.raises(model.OutOfTime, match="not done within 1 s"):
        model.ran(["sh", "-c", "sleep 1000 & echo $! > child; wait"], tmp_path)
    assert _gone(int((tmp_path / "child").read_text()))


def test_what_a_program_leaves_behind_is_ended(tmp_path: Path) -> None:
    assert model.ran(["sh", "-c", "sleep 1000 & echo $! > child"], tmp_path).status == 0
    assert _gone(int((tmp_path / "child").read_text()))


def test_a_program_that_writes_without_end_is_ended(tmp_path: Path) -> None:
    assert model.ran(["sh", "-c", "exec truncate -s 2G large"], tmp_path).status != 0
    assert (tmp_path / "large").stat().st_size < 1 << 31


def _gone(child: int) -> bool:
    """Whether a process has ended; one that nobody has asked for its status has."""
    found = subprocess.run(["ps", "-o", "stat=", "-p", str(child)], capture_output=True, text=True).stdout.strip()
    return not found or found.startswith("Z")


def test_a_verifier_that_stumbles_is_a_row_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumbles(folder: Path, format: str, design: Design) -> Iterator[Check]:
        raise IndexError("list index out of range")
        yield

    folder = exported(random_design(3), tmp_path / "x", "verilog")
    tools = {name: Verifier(name, "reads", ("verilog",), "", lambda: "1", stumbles) for name in ("one", "two")}
    monkeypatch.setattr(order, "VERIFIERS", tools)
    found = [row for row in order.verify(folder, lambda _: None) if row.format == "verilog"]
    assert [(row.tool, row.verdict) for row in found] == [("one", FAILED), ("two", FAILED)]
    assert "IndexError" in found[0].theirs


def test_a_schema_that_names_one_elsewhere_is_not_followed(tmp_path: Path) -> None:
    folder = exported(random_design(3), tmp_path / "x", "json")
    (folder / "json" / "design.schema.json").write_text('{"$ref": "file:///etc/passwd"}')
    found = [row for row in rows("jsonschema", random_design(3), folder, "json") if row.quantity == "schema"]
    assert [(row.theirs, row.verdict) for row in found] == [("design.schema.json is another one", FAILED)]


def test_a_layout_in_another_format_is_not_read(tmp_path: Path) -> None:
    design = gallery_design("netlists/divider.nl")
    folder = exported(design, tmp_path / "x", "gds")
    (folder / "gds" / "dut.gds").write_text("magic\ntech scmos\nuse /etc/passwd passwd_0\n")
    assert [row.theirs for row in rows("klayout layout", design, folder, "gds")] == ["another format"]
