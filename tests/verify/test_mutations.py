"""No verifier is blind: what changes a circuit in an exported file is found by a tool, and what does not is not."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import gdstk
import pytest
from campaign import DESIGNS, failed, files_of, texts_of, tried
from mutations import GRAMMARS, HARMFUL, HARMLESS, mutated

BY_NAME = ("verilog", "json")
"""Formats that are compared by the names of elements, too."""
SURVIVING = {
    ("a value 10 % off", "veriloga", "laws"): "1e-15 A of a junction, beside the channel's current in the same row",
}
"""Mutation, format and design that no tool finds, and why that is right."""
SLOW = ("kicad",)
ANYWHERE = tuple(HARMFUL)[:5]
"""What is done to elements, whatever the format."""
NOTHING = {
    **{(mutation, "bom"): "it has no element" for mutation in (*ANYWHERE, *HARMLESS)},
    ("swapped pins", "veriloga"): "a contribution is between two nets, and its sign is in the rest",
    ("an element doubled", "kicad"): "a symbol with the reference of another is the same part to it",
    ("names exchanged", "kicad"): "references stand in two places",
    ("names exchanged", "veriloga"): "contributions have no names",
    ("an element doubled", "json"): "it would be no JSON",
    ("a comment", "json"): "it has none",
}
"""Mutations that a format has no place for, and why."""


def wanted(mutation: str, format: str) -> bool:
    return mutation in (*ANYWHERE, *HARMLESS) or mutation in GRAMMARS[format].places


def cases(mutations: object) -> list[object]:
    """Every design in each mutation of each format; one of ten is run each time, the others in CI."""
    pairs = [(m, f) for m in mutations for f in GRAMMARS]  # type: ignore[attr-defined]
    return [
        pytest.param(m, f, d, marks=() if k % 10 == j and f not in SLOW else pytest.mark.slow)
        for k, (m, f) in enumerate(pairs)
        for j, d in enumerate(DESIGNS)
        if wanted(m, f)
    ]


@pytest.mark.parametrize("format", GRAMMARS)
def test_every_mutation_finds_a_place_in_some_design(format: str) -> None:
    written = [texts_of(make(), format) for make in DESIGNS.values()]
    for name, mutation in {**HARMFUL, **HARMLESS}.items():
        if wanted(name, format):
            bites = any(mutated(files, format, mutation, seed) for files in written for seed in range(3))
            assert bites != ((name, format) in NOTHING), name


@pytest.mark.parametrize(("mutation", "format", "name"), cases(HARMFUL))
def test_a_mutation_is_found(mutation: str, format: str, name: str) -> None:
    found = tried(DESIGNS[name](), format, mutation, 0)
    if found is None:
        pytest.skip("the format says nothing of the kind of this design")
    assert bool(found) != ((mutation, format, name) in SURVIVING)


@pytest.mark.parametrize(("mutation", "format", "name"), cases(HARMLESS))
def test_what_changes_no_circuit_is_let_pass(mutation: str, format: str, name: str) -> None:
    found = tried(DESIGNS[name](), format, mutation, 0)
    if found is None:
        pytest.skip("the format says nothing of the kind of this design")
    assert bool(found) == (mutation == "names exchanged" and format in BY_NAME), found


@pytest.mark.parametrize("seed", range(5))
def test_a_layout_without_a_polygon_that_no_other_covers_is_found(seed: int) -> None:
    design, chance = DESIGNS["cell"](), random.Random(seed)
    files = files_of(design, "gds")
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "dut.gds"
        path.write_bytes(bytes(files["dut.gds"]))
        library = gdstk.read_gds(path)
        (cell,) = library.top_level()
        cell.remove(chance.choice([one for one in cell.polygons if not covered(one, cell.polygons)]))
        library.write_gds(path)
        assert failed(design, "gds", {**files, "dut.gds": path.read_bytes()})


def covered(one: gdstk.Polygon, every: list[gdstk.Polygon]) -> bool:
    """Whether a polygon could go without a trace."""
    others = [p for p in every if p is not one and (p.layer, p.datatype) == (one.layer, one.datatype)]
    return not gdstk.boolean([one], others, "not")
