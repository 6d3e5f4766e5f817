"""What is imported is the same circuit: ngspice on the original and our engine on the netlist find the same voltages."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from spice_files import BESIDE, FILES

from netlearn.backends import open_backend
from netlearn.circuit.flat import FlatCircuit, boundary, flatten, initial
from netlearn.cli.importing import import_
from netlearn.imports import import_file, import_text
from netlearn.lang.compile import Netlist, compile_netlist
from netlearn.lang.format import format_text

EACH = pytest.mark.parametrize("about", FILES)
NGSPICE = pytest.mark.skipif(shutil.which("ngspice") is None, reason="apt-get install ngspice")
OPTIONS = ".options reltol=1e-9 vntol=1e-12 abstol=1e-15\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in BESIDE.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def imported(folder: Path, text: str, name: str = "some.cir") -> Netlist:
    """The netlist of a SPICE text, which has to be laid out already."""
    (folder / name).write_text(text)
    made = import_file(folder / name).text
    assert format_text(made) == made
    return compile_netlist(made)


def judged(folder: Path, text: str, analysis: str = "op") -> dict[str, float]:
    """The voltages that ngspice finds, by node; of a transient the first ones."""
    shown = "all" if analysis == "op" else "v(a)[0] v(b)[0] v(c)[0]"
    control = f"{OPTIONS}.control\nset numdgt=15\n{analysis}\nprint {shown}\n.endc\n.end\n"
    body = re.split(r"^\.end\s*$", text, maxsplit=1, flags=re.MULTILINE | re.IGNORECASE)[0]
    body = re.sub(r"^\.(op|tran).*\n", "", body, flags=re.MULTILINE)
    (folder / "judge.cir").write_text(body + control)
    done = subprocess.run(["ngspice", "-b", "judge.cir"], cwd=folder, capture_output=True, text=True, timeout=60)
    found = re.findall(r"^(?:v\()?([^\s()[\]]+)(?:\)\[0\])? = ([-+.\de]+)", done.stdout, re.MULTILINE)
    assert found, done.stdout + done.stderr
    return {name: float(value) for name, value in found if "#" not in name}


def solved(circuit: FlatCircuit) -> dict[str, float]:
    """The voltages that our engine finds, by node in small letters."""
    native = open_backend("native", circuit)
    try:
        solution = native.operating_points(initial(circuit), boundary(circuit, np.zeros((1, 0))))
    finally:
        native.close()
    assert solution.settled.all()
    return {name.lower(): float(v) for name, v in zip(circuit.nodes, solution.x[0, 0], strict=False)}


def ours_of(theirs: str, netlist: Netlist) -> str:
    """What one of ngspice's nodes is called here: as the comments say where it is called otherwise."""
    said = re.findall(
        r"net (\S+) is (\w+)", "\n".join(re.findall(r"^# names: (.*)$", netlist.source.text, re.MULTILINE))
    )
    renamed = {there.lower(): here.lower() for there, here in said}
    path, _, net = theirs.rpartition(".")
    return renamed.get(theirs) or f"{path}.{renamed.get(net, net)}".lstrip(".")


@EACH
@NGSPICE
def test_ngspice_on_the_original_finds_the_voltages_that_we_find(about: str, folder: Path) -> None:
    netlist = imported(folder, FILES[about])
    ours, theirs = solved(flatten(netlist.circuit)), judged(folder, FILES[about])
    assert len(theirs) > 1
    names = [ours_of(name, netlist) for name in theirs]
    assert len(set(names)) == len(theirs)
    np.testing.assert_allclose([ours[name] for name in names], list(theirs.values()), rtol=1e-6, atol=1e-9)


CHARGED = """charged
V1 a 0 1
R1 a b 1k
C1 b 0 1u
R2 b c 2k
C2 0 c 2u
C3 b c 1n
.ic v(b)=0.3 v(c)={-x} v(a)=1
.param x=0.2
.tran 1u 10u
.end
"""


@NGSPICE
def test_what_ic_says_is_what_capacitors_begin_with(folder: Path) -> None:
    netlist = imported(folder, CHARGED)
    assert "C C1(b, gnd) = 1uF, ic = 0.3V" in netlist.source.text
    assert "C C2(gnd, c) = 2uF, ic = -(-x)" in netlist.source.text
    assert "left out, no capacitor joins a to ground" in netlist.source.text
    ours = solved(flatten(netlist.circuit))
    theirs = judged(folder, CHARGED, "tran 1n 1n")
    assert {name: ours[name] for name in "abc"} == pytest.approx({name: theirs[name] for name in "abc"}, abs=1e-5)
    assert ours["b"] == pytest.approx(0.3)


def test_ic_of_an_element_counts_only_where_spice_takes_it(folder: Path) -> None:
    text = "t\nV1 a 0 1\nR1 a b 1k\nC1 b 0 1u ic=0.5\n.tran 1u 1m{}\n"
    assert "ic = 0.5V" in imported(folder, text.format(" uic")).source.text
    assert "# left out: ic" in imported(folder, text.format("")).source.text


@NGSPICE
def test_a_current_of_an_inductor_counts_only_where_spice_takes_it(folder: Path) -> None:
    text = "t\nV1 a 0 1\nR1 a b 1k\nL1 b 0 1m ic=3m\nR2 b c 1k\nC1 c 0 1n\n"
    netlist = imported(folder, text)
    assert "L L1(b, gnd) = 1mH  # left out: ic" in netlist.source.text
    ours = solved(flatten(netlist.circuit))
    theirs = judged(folder, text, "tran 1n 1n")
    assert {name: ours[name] for name in "abc"} == pytest.approx({name: theirs[name] for name in "abc"}, abs=1e-6)


def test_a_source_goes_on_as_in_spice(folder: Path) -> None:
    waves = imported(folder, FILES["functions of time begin as they do"]).source.text
    assert "V V1(a, gnd) = pulse(0.5V, 5V, delay = 1us, rise = 1ns, fall = 1ns, width = 5us, period = 10us)" in waves
    assert "V V2(b, gnd) = sine(1V, 2V, 1kHz)" in waves
    assert "I I1(gnd, c) = pwl(0s, 1mA, 1ms, 2mA)" in waves


@NGSPICE
def test_a_library_without_a_section_is_an_include_and_what_is_behind_it_is_read(folder: Path) -> None:
    text = "t\nV1 a 0 2\nR1 a b 1k\n{}\nD1 b c dio\nR2 c 0 1k\n"
    spelled = [imported(folder, text.format(f'{word} "models.inc"')) for word in (".lib", ".include")]
    ours = [solved(flatten(one.circuit)) for one in spelled]
    assert ours[0] == ours[1]
    theirs = judged(folder, text.format(".include models.inc"))
    assert {name: ours[0][name] for name in theirs} == pytest.approx(theirs, rel=1e-6)


# what may come out otherwise than in SPICE: (text behind the title, how often, what the caret points at, message, help)
WARNED: dict[str, tuple[str, int, str, str, str]] = {
    "a dc of a sine": ("V1 a 0 DC 1 AC 1 0 SIN(0 1 1k)\nR1 a 0 1k", 1, "1", "the dc of a function of time is left out", "SPICE's .op"),
    "a dc of a pulse": ("V1 a 0 2 pulse(1 5 1u)\nI1 0 a 1 pwl(0 2 1m 1)\nR1 a 0 1", 2, "2", "(and 1 more)", "as in SPICE"),
    "a dc that a parameter has": (".param x=1\nV1 a 0 {x} sin({x} 1 1k)\nR1 a 0 1k", 1, "{x}", "the dc", "SPICE"),
    "a sine that has begun": ("V1 a 0 0 sin(0 1 1k -1m)\nR1 a 0 1k", 1, "0", "the dc", "SPICE"),
    "a temperature": ("V1 a 0 1\nR1 a 0 1k\n.temp 85", 1, "85", "the temperature is left out", "--temperature 85"),
    "a temperature as an option": ("V1 a 0 1\nR1 a 0 1k\n.options temp=85 post", 1, "85", "the temperature", "--temperature 85"),
    "several temperatures": ("V1 a 0 1\nR1 a 0 1k\n.temp 27 85 -40", 2, "85", "the temperature", "--temperature 85"),
    "a first guess": ("V1 a 0 1\nR1 a 0 1k\n.nodeset v(a)=1", 1, ".nodeset v(a)=1", "a first guess", ""),
    "a diode that is off at first": (".model d d\nV1 a 0 1\nD1 a 0 d off", 1, "off", "a first guess", ""),
    "a transistor that is off at first": (".model n nmos\nV1 a 0 1\nM1 a a 0 0 n w=1u l=1u nrs=5 off", 1, "off", "a first guess", ""),
    "a net that begins elsewhere": ("V1 a 0 1\nR1 a 0 1k\n.ic v(a)=0.5", 1, "a", "no capacitor joins", "Cx a 0"),
    "a voltage that is held": ("V1 a 0 1\nR1 a b 1k\nC1 b 0 1n\n.ic v(b)=0.5", 1, "b", "with this voltage held", "SPICE's .op"),
    "a voltage by uic": ("V1 a 0 1\nC1 a 0 1n ic=1\n.tran 1 1 uic", 1, "1", "with this voltage held", "SPICE's .op"),
    "a begin at zero": ("V1 a 0 1\nR1 a b 1k\nC1 b 0 1n\n.tran 1 1 uic", 1, "C1 b 0 1n", "by uic this begins at 0", "ic=0"),
    "a kit's transistor's layout": ("V1 a 0 1\nM1 a a 0 0 sky130__nfet_01v8 w=1u l=0.5u nrd=0.3", 1, "nrd", "the layout", "stress"),
}  # fmt: skip
QUIET = {
    "a dc that the function begins with": "V1 a 0 dc 1 sin(1 2 1k 0.1m)\nV2 a b 0 pulse(0 1 1u)\nI1 b 0 1m pwl(0 1m 1 2m)\nR1 b 0 1k",
    "analyses": "V1 a 0 1 ac 1\nR1 a 0 1k\n.op\n.ac dec 1 1 1k\n.tran 1 1\n.options reltol=1e-6 post\n.temp 27\n.print v(a)",
    "what a transistor of level 1 has not": ".model n nmos(level=1)\nV1 a 0 1\nM1 a a 0 0 n w=1u l=1u ad=1p nrd=2",
    "what SPICE leaves out as well": "V1 a 0 1\nC1 a 0 1n ic=1\n.tran 1 1",
}  # fmt: skip


@pytest.mark.parametrize("what", WARNED)
def test_what_may_not_come_out_as_in_spice_is_warned_of_at_its_place(what: str) -> None:
    text, count, caret, message, help = WARNED[what]
    (warning,) = import_text(f"t\n{text}\n", "x.cir").warnings
    assert warning.severity == "warning"
    assert message in warning.message
    assert help in warning.help
    assert ("more)" in warning.message) == (count > 1)
    shown = warning.source.line(warning.span.line)[warning.span.column - 1 :][: warning.span.length]
    assert shown == caret


@pytest.mark.parametrize("what", QUIET)
def test_what_changes_no_operating_point_is_not_warned_of(what: str) -> None:
    assert import_text(f"t\n{QUIET[what]}\n", "x.cir").warnings == ()


@NGSPICE
def test_without_a_warning_ngspice_finds_our_operating_point_and_with_one_another(folder: Path) -> None:
    text = "t\nV1 a 0 {} SIN(1 1 1k)\nR1 a b 1k\nD1 b 0 dio\n.include models.inc\n"
    for dc, count in (("DC 1", 0), ("DC 2", 1)):
        made = import_text(text.format(dc), "x.cir", folder)
        assert len(made.warnings) == count
        ours = solved(flatten(compile_netlist(made.text).circuit))
        theirs = judged(folder, text.format(dc))
        assert (ours["b"] == pytest.approx(theirs["b"], rel=1e-5)) == (count == 0)


def test_warnings_of_the_command_are_on_standard_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.cir").write_text("t\nV1 a 0 1\nR1 a 0 1k\n.temp 85\n")
    import_(tmp_path / "a.cir")
    shown = capsys.readouterr()
    assert "a.cir:4:7: warning: the temperature is left out" in shown.err
    assert "warning" not in shown.out
