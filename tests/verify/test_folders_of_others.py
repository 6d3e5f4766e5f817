"""Exported folders that somebody else has changed: nothing of them is run, read where it should not be, or waited for."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from exported import design_of, random_design
from verified import exported

from netlearn.errors import RunError
from netlearn.export.design import Design
from netlearn.export.folder import write
from netlearn.lang.compile import compile_netlist
from netlearn.verify.order import read


@pytest.fixture(scope="module")
def design() -> Design:
    return random_design(0)


def doubled(found: dict[str, Any]) -> None:
    """Sixty blocks, each with the one before twice."""
    cell = {"params": [], "parts": [], "ports": ["a"]}
    use = {"nets": ["a"], "given": {}, "match": ""}
    for k in range(60):
        uses = [{**use, "name": f"x{n}", "block": f"b{k - 1}"} for n in range(2) if k]
        found["blocks"].insert(k, {**cell, "name": f"b{k}", "uses": uses})


def deep(found: dict[str, Any]) -> None:
    """Five thousand blocks, each in the next."""
    cell = {"params": [], "parts": [], "ports": ["a"]}
    use = {"name": "x", "nets": ["a"], "given": {}, "match": ""}
    for k in range(5000):
        uses = [{**use, "block": f"b{k - 1}"}] if k else []
        found["blocks"].insert(k, {**cell, "name": f"b{k}", "uses": uses})


def changed(*path: Any, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(found: Any) -> None:
        for key in path[:-1]:
            found = found[key]
        found[path[-1]] = to

    return change


EVIL: dict[str, Callable[[dict[str, Any]], None]] = {
    "a name with a line of commands": changed("name", to="x\ncontrol\n  postprocess(PYTHON, 'x.py')\nendc"),
    "a title with a line of commands": changed("title", to="x\n.control\nshell touch x\n.endc"),
    "an output with a line of commands": changed("bench", "reads", 0, "name", to="x\n.control"),
    "a device whose words leave their quotes": changed("devices", "R", "doc", to='x" *) `include "/etc/passwd'),
    "blocks that are 2^60": doubled,
    "blocks that are 5000 deep": deep,
    "a voltage that is no number": changed("voltages", "n[0]", to=float("nan")),
    "an input without an end": changed("bench", "drives", 0, "value", to=1e999),
    "an input with a text for its value": changed("bench", "drives", 0, "value", to="0 0\n.control"),
    "a number with more digits than there are": changed("bench", "drives", 0, "value", to=10**4000),
    "no blocks": changed("blocks", to=[]),
    "a list where a table is": changed("numbers", to=[1, 2]),
}


@pytest.mark.parametrize("change", EVIL.values(), ids=EVIL)
def test_a_design_that_is_more_than_a_circuit_is_refused(
    change: Callable[[dict[str, Any]], None], design: Design, tmp_path: Path
) -> None:
    folder = exported(design, tmp_path / "x", "ngspice")
    found = json.loads((folder / "design.json").read_text())
    change(found)
    (folder / "design.json").write_text(json.dumps(found))
    with pytest.raises(RunError, match=r"design\.json"):
        read(folder)


LAWS = {
    "one that calls what is no function": "current i(p, n) = __import__(V(p, n))",
    "one that is no law": "import os",
    "one of a terminal that is not there": "current i(p, n) = g * V(p, q)",
    "one that lets make larger than the world": "\n".join(
        [
            "let a0 = V(p, n) / 1V",
            *(f"let a{k + 1} = a{k} * tanh(a{k})" for k in range(60)),
            "current i(p, n) = g * 1V * a60",
        ]
    ),
    "one that is long": "current i(p, n) = g * (" + " + ".join(["V(p, n)"] * 1000) + ")",
    "one of towers of powers": "current i(p, n) = g * 1V * 9^9^9^9^9^9",
}


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_a_law_that_is_none_is_refused(law: str, tmp_path: Path) -> None:
    text = "netlearn 0.1\nelement Own(p, n; g = 1mS) { current i(p, n) = g * V(p, n) }\n"
    text += "circuit A {\n  net a\n  Own o(a, gnd)\n  I s(gnd, a) = 1mA\n}\n"
    folder = exported(design_of(compile_netlist(text)), tmp_path / "x", "ngspice")
    assert read(folder).devices["Own"].law
    found = json.loads((folder / "design.json").read_text())
    found["devices"]["Own"]["law"] = law
    (folder / "design.json").write_text(json.dumps(found))
    with pytest.raises(RunError, match="the law of Own"):
        read(folder)


def test_a_design_of_brackets_alone_is_refused(design: Design, tmp_path: Path) -> None:
    folder = exported(design, tmp_path / "x", "ngspice")
    (folder / "design.json").write_text("[" * 100_000)
    with pytest.raises(RunError, match=r"design\.json cannot be read"):
        read(folder)


def linked(folder: Path) -> None:
    (folder / "ngspice" / "more").symlink_to("/etc")


def piped(folder: Path) -> None:
    os.mkfifo(folder / "ngspice" / "more")


def swollen(folder: Path) -> None:
    with (folder / "ngspice" / "more").open("wb") as file:
        file.truncate(1 << 40)


def deepened(folder: Path) -> None:
    """Thirty folders, each in the one before; of a thousand Python's own walk would not come back."""
    (folder / "ngspice" / "more" / "/".join("m" * 30)).mkdir(parents=True)


@pytest.mark.parametrize("spoil", [linked, piped, swollen, deepened])
def test_what_no_export_has_is_not_followed_waited_for_or_read(
    spoil: Callable[[Path], None], design: Design, tmp_path: Path
) -> None:
    folder = exported(design, tmp_path / "x", "ngspice")
    spoil(folder)
    with pytest.raises(RunError, match="ngspice/more"):
        read(folder)
    with pytest.raises(RunError, match="ngspice/more"):
        write(folder, {"README.md": b""})


FOREIGN = {
    "sums of other files": f"{'0' * 64}  debian.iso\n",
    "sums as other programs write them": f"{'0' * 64} *debian.iso\n",
    "sums of files elsewhere": f"{'0' * 64}  ../debian.iso\n",
    "sums of a file of the machine": f"{'0' * 64}  /debian.iso\n",
}


@pytest.mark.parametrize("sums", FOREIGN.values(), ids=FOREIGN)
def test_a_folder_that_has_sums_of_its_own_is_left_as_it_is(sums: str, tmp_path: Path) -> None:
    (tmp_path / "debian.iso").write_text("all of it")
    (tmp_path / "SHA256SUMS").write_text(sums)
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunError):
        write(tmp_path, {"README.md": b""})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["SHA256SUMS", "debian.iso", "empty"]


def test_a_folder_made_again_keeps_what_somebody_put_there(design: Design, tmp_path: Path) -> None:
    folder = exported(design, tmp_path / "x", "ngspice", "verilog")
    (folder / "verilog" / "mine.txt").write_text("notes")
    (folder / "mine").mkdir()
    exported(design, folder, "ngspice")
    assert [p.name for p in (folder / "verilog").iterdir()] == ["mine.txt"]
    assert (folder / "mine").is_dir()
