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
from netlearn.imports import import_file
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
    made = import_file(folder / name)
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
