"""The text of a kit: only models are read from it, and of these only what a deck needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from netlearn.errors import KitError
from netlearn.kits.text import models

MODELS = """
.param a=1
.lib tt
.include 'inner.spice'
.lib 'outer.spice' cells
.endl tt
.lib cells
.subckt pair d g s b w=1u l=1u
x1 d g s b one w=w l=l
.ends
.subckt other d
r1 d 0 1
.ends
.endl
.lib ss
.param a=2
.endl
"""
INNER = """
.subckt one d g s b w=1u l=1u
m1 d g s b bins w = w l = l
.model bins.0 nmos level=54
* the first
+ wmin=1e-6 wmax=2e-6 lmin=1e-6 lmax=9e-6
.model bins.1 nmos level=54 wmin = 2.0e-06 wmax = 5e-6 lmin = 1e-6 lmax=9e-6
.model bins.2 nmos level=54 wmin='a' wmax=5e-6 lmin=1e-6 lmax=9e-6
.ends
.model apart d is=1e-14
"""


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    root = tmp_path / "kit"
    root.mkdir()
    (root / "outer.spice").write_text(MODELS)
    (root / "inner.spice").write_text(INNER)
    return root


def of(kit: Path, width: float = 1.5e-6, name: str = "pair") -> str:
    return "\n".join(models(kit, ("outer.spice tt",), {name: [(width, 2e-6)]}))


def test_what_is_used_is_kept_and_nothing_else(kit: Path) -> None:
    text = of(kit)
    assert ".subckt pair" in text
    assert ".subckt one" in text
    assert "other" not in text  # no instance of it
    assert "apart" not in text  # a model that no kept element names
    assert "a=" not in text.replace("wmin='a'", "")  # outside of any section, and of another one
    assert "*" not in text


@pytest.mark.parametrize(("width", "bins"), [(1.5e-6, "0 2"), (2e-6, "0 1 2"), (4e-6, "1 2")])
def test_the_bins_are_those_that_a_size_lies_in_and_those_that_do_not_say(kit: Path, width: float, bins: str) -> None:
    assert [k for k in "012" if f"bins.{k} " in of(kit, width)] == bins.split()


def test_bins_of_all_sizes_are_there(kit: Path) -> None:
    lines = models(kit, ("outer.spice tt",), {"pair": [(1.5e-6, 2e-6), (4e-6, 2e-6)]})
    assert sum(line.startswith(".model bins") for line in lines) == 3


def test_a_size_without_a_model_is_told_with_those_that_there_are(kit: Path) -> None:
    with pytest.raises(KitError) as fault:
        of(kit, 6e-6)
    assert "'bins' has no model for w = 6 um, l = 2 um" in fault.value.message
    assert "from w = 1 um to 5 um and l = 1 um to 9 um" in fault.value.help


REFUSED = {
    ".control": ".control\nshell touch x\n.endc\n",
    ".option": ".option scale=1u\n",
    ".options": ".options reltol=1\n",
    ".csparam": ".csparam a=1\n",
    ".temp": ".temp 100\n",
    ".global": ".global n1\n",
    ".save": ".SAVE all\n",
    "a1": ".subckt x a\na1 [a] null process\n.ends\n",
    "n1": ".subckt x a\nn1 a 0 osdi\n.ends\n",
    "r1": "r1 n1 0 1\n",
}


@pytest.mark.parametrize("word", REFUSED)
def test_what_is_no_model_is_refused_by_name(word: str, kit: Path) -> None:
    (kit / "inner.spice").write_text(INNER + REFUSED[word])
    with pytest.raises(KitError) as fault:
        of(kit)
    assert f"'{word}' is refused" in fault.value.message.lower()


@pytest.mark.parametrize("path", ["../outside.spice", "/etc/hostname", "way"])
def test_a_file_outside_of_the_kit_is_not_read(path: str, kit: Path) -> None:
    (kit.parent / "outside.spice").write_text(".param secret=1\n")
    (kit / "way").symlink_to(kit.parent / "outside.spice")
    (kit / "inner.spice").write_text(f"{INNER}.include '{path}'\n")
    with pytest.raises(KitError, match="lies outside of the kit's folder"):
        of(kit)


def test_files_that_name_each_other_come_to_an_end(kit: Path) -> None:
    (kit / "inner.spice").write_text(f"{INNER}.include inner.spice\n")
    with pytest.raises(KitError, match="more than 20 deep"):
        of(kit)


def test_a_section_or_subcircuit_or_file_that_is_not_there_is_told(kit: Path) -> None:
    with pytest.raises(KitError, match="no section 'ff'"):
        models(kit, ("outer.spice ff",), {})
    with pytest.raises(KitError, match="no subcircuit 'triple'"):
        of(kit, name="triple")
    with pytest.raises(KitError, match="there is no file"):
        models(kit, ("other.spice",), {})
