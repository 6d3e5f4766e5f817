"""No verifier waits, or takes room, without end: what is not done in time is not checked, and netlearn goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import gdstk
import pytest
from chip_cases import CHIP, make
from verified import exported

from netlearn.verify import model, order
from netlearn.verify.child import Stumbled, asked
from netlearn.verify.model import FAILED, NOT_CHECKED, PASSED, Check
from netlearn.verify.tools import VERIFIERS

PLAIN = "\n".join(line for line in CHIP.splitlines() if "Bend" not in line and "NEKV" not in line) + "\n"
OURSELVES = ("annotations", "jsonschema", "netlearn")
"""What runs no program, and reads no more than it is given."""


@pytest.mark.parametrize("name", VERIFIERS)
def test_a_tool_that_is_out_of_time_has_not_checked(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    verifier = VERIFIERS[name]
    if verifier.version() is None:
        pytest.skip(f"no {name} here: {verifier.get}")
    folder = exported(make(PLAIN if name == "gnucap" else CHIP), tmp_path / "x", *verifier.formats)
    monkeypatch.setattr(order, "VERIFIERS", {name: verifier})
    monkeypatch.setattr(model, "PATIENCE", 0.0)
    found = [row for row in order.verify(folder, lambda _: None) if row.format in verifier.formats]
    assert found
    late = {row.theirs for row in found if row.verdict == NOT_CHECKED}
    assert late == (set() if name in OURSELVES else {"not done within 0 s"})
    assert {row.verdict for row in found} <= {NOT_CHECKED, PASSED}


LEVELS = range(1, 41)


def arrays(folder: Path) -> None:
    """Three arrays within one another, of a million each."""
    library = gdstk.read_gds(folder / "dut.gds")
    (top,) = library.top_level()
    below = library.new_cell("a0").add(gdstk.rectangle((0, 0), (0.01, 0.01), layer=top.polygons[0].layer))
    for level in range(1, 4):
        below = library.new_cell(f"a{level}").add(gdstk.Reference(below, columns=1000, rows=1000, spacing=(0.02, 0.02)))
    top.add(gdstk.Reference(below))
    library.write_gds(folder / "dut.gds")


def endless(folder: Path) -> None:
    """A module that counts, and never so far."""
    file = folder / "models.va"
    text = file.read_text().replace("analog begin\n", "real k;\n  analog begin\n    k = 0.0;\n    COUNT\n", 1)
    text = text.replace("COUNT", "while (k < 1e6 * (2.0 + V(e_) * V(e_))) k = k + 1e-9;", 1)
    file.write_text(text.replace("V(e_) <+ ddt(", "V(e_) <+ ddt(k*", 1))


def cells(folder: Path) -> None:
    """Forty levels of cells, each with two of the one below."""
    text = [".SUBCKT c0 a", "RR0 a 0 1 rpoly", ".ENDS"]
    for k in LEVELS:
        text += [f".SUBCKT c{k} a", f"X1 a c{k - 1}", f"X2 a c{k - 1}", ".ENDS"]
    (folder / "dut.cdl").write_text("\n".join(["* bomb", *text, ".SUBCKT dut a", "X1 a c40", ".ENDS", ""]))


def modules(folder: Path) -> None:
    """The same in Verilog, without a device in them."""
    text = ["module m0(inout a); wire w; assign w = a; endmodule"]
    text += [f"module m{k}(inout a); m{k - 1} x1 (.a(a)); m{k - 1} x2 (.a(a)); endmodule" for k in LEVELS]
    (folder / "dut.v").write_text("\n".join([*text, "module dut(inout a); m40 x (.a(a)); endmodule", ""]))


BOMBS: dict[str, tuple[str, str, Callable[[Path], None]]] = {
    "a layout of arrays in arrays": ("klayout layout", "gds", arrays),
    "a module that does not end": ("openvaf", "veriloga", endless),
    "cells in cells": ("klayout", "cdl", cells),
    "modules in modules": ("yosys", "verilog", modules),
}


def read(
    name: str, format: str, bomb: Callable[[Path], None], place: Path, monkeypatch: pytest.MonkeyPatch
) -> list[Check]:
    """What verify says of a format that has a bomb in it, which is shown to one tool."""
    if VERIFIERS[name].version() is None:
        pytest.skip(f"no {name} here: {VERIFIERS[name].get}")
    folder = exported(make(PLAIN), place / "x", format)
    bomb(folder / format)
    monkeypatch.setattr(order, "VERIFIERS", {name: VERIFIERS[name]})
    monkeypatch.setattr(order, "forbidden", lambda _, __: "")
    return [row for row in order.verify(folder, lambda _: None) if row.format == format]


@pytest.mark.parametrize(("name", "format", "bomb"), BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_given_up_and_not_checked(
    name: str, format: str, bomb: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "PATIENCE", 3.0)
    *_, row = read(name, format, bomb, tmp_path, monkeypatch)
    assert (row.theirs, row.verdict) == ("not done within 3 s", NOT_CHECKED)


def test_a_library_that_is_out_of_memory_ends_its_own_process_and_is_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = model.BOUNDED[2].replace(f"{model.MEMORY >> 10}", f"{1 << 19}")
    assert small != model.BOUNDED[2]
    monkeypatch.setattr(model, "BOUNDED", ("sh", "-c", small))
    (row,) = read("klayout", "cdl", cells, tmp_path, monkeypatch)
    assert row.verdict == FAILED
    assert "alloc" in row.theirs


def test_what_a_function_in_a_process_of_its_own_raises_comes_back_in_words() -> None:
    with pytest.raises(Stumbled, match="ValueError: could not convert"):
        asked(float, "of all things")
