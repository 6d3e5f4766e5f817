"""A design.json that somebody changed is refused in words, or solved again: it never ends `netlearn verify`."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from exported import design_of, gallery_design, random_design
from verified import exported

from netlearn.errors import RunError
from netlearn.export.design import Design
from netlearn.export.interchange import from_json, spelled, to_json
from netlearn.lang.compile import compile_netlist
from netlearn.verify.model import FAILED, Check
from netlearn.verify.order import verify

OTHERS: tuple[Any, ...] = (None, -1000.0, 0, 1e300, "x", "", [], {}, True, "r", -1)
DIVIDER = """netlearn 0.1
module Half(a, b; r = 1k) { R rr(a, b) = r }
circuit Divider {
  net a, b
  V v(a, gnd) = 1V
  Half top(a, b) { r = 2k }
  Half low(b, gnd)
  output y = V(b)
}"""


def places(of: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every key and index, from the top."""
    inside = of.items() if isinstance(of, dict) else enumerate(of) if isinstance(of, list) else ()
    for key, value in inside:
        yield (*at, key)
        yield from places(value, (*at, key))


def changed(found: dict[str, Any], seed: int) -> dict[str, Any]:
    """One to three places with something else, nothing, or what stands elsewhere; or called otherwise."""
    rng, found = random.Random(seed), deepcopy(found)
    for _ in range(rng.randint(1, 3)):
        every = list(places(found))
        *above, key = rng.choice(every)
        holder: Any = found
        for step in above:
            holder = holder[step]
        match rng.randrange(4):
            case 0:
                del holder[key]
            case 1:
                holder[key] = rng.choice(OTHERS)
            case 2:
                other: Any = found
                for step in rng.choice(every):
                    other = (
                        other[step]
                        if isinstance(other, dict) or (isinstance(other, list) and step < len(other))
                        else other
                    )
                holder[key] = deepcopy(other)
            case 3 if isinstance(holder, dict):
                holder[rng.choice(["x", "r", "a"])] = holder.pop(key)
    return found


DESIGNS = {
    "divider": lambda: design_of(compile_netlist(DIVIDER)),
    "random": lambda: random_design(3),
    "trained": lambda: gallery_design("netlists/divider.nl"),
}


def said(folder: Path, found: dict[str, Any]) -> list[Check]:
    """What `netlearn verify` says of a folder with this design and no file of any format."""
    (folder / "design.json").write_text(spelled(found))
    return list(verify(folder, lambda _: None))


def empty(folder: Path, design: Design) -> Path:
    shutil.rmtree(exported(design, folder, "json") / "json")
    return folder


def answer(folder: Path, found: dict[str, Any]) -> str:
    try:
        return f"{len(said(folder, found))} rows"
    except RunError:
        return "refused"


@pytest.mark.parametrize("name", DESIGNS)
def test_whatever_is_changed_is_refused_in_words_or_solved(name: str, tmp_path: Path) -> None:
    design = DESIGNS[name]()
    folder, found = empty(tmp_path / "x", design), to_json(design)
    answers = Counter(answer(folder, changed(found, seed)) for seed in range(300))
    assert answers.keys() == {"refused", "3 rows"}


REFUSED = {
    "has nix, which is not there": lambda part, found: part["numbers"].update(nix=1.0),
    "has no r": lambda part, found: part["numbers"].pop("r"),
    "takes nix, which is not there": lambda part, found: part["numbers"].update(r="nix"),
    "a voltage is of nix, which is not there": lambda part, found: found["voltages"].update(nix=1.0),
    "half has rr twice": lambda part, found: found["blocks"][0]["parts"].append(part),
    "half has 1 ports": lambda part, found: found["blocks"][0]["ports"].pop(),
    "an output reads nix, which is not there": lambda part, found: found["bench"]["reads"][0].update(plus="nix"),
}


@pytest.mark.parametrize(("told", "change"), REFUSED.items(), ids=REFUSED)
def test_what_leads_nowhere_is_named(told: str, change: Callable[[Any, Any], Any]) -> None:
    found = to_json(DESIGNS["divider"]())
    (part,) = found["blocks"][0]["parts"]
    change(part, found)
    with pytest.raises(RunError) as refused:
        from_json(found)
    assert told in str(refused.value)


def test_what_cannot_be_solved_fails_in_a_row(tmp_path: Path) -> None:
    design = DESIGNS["divider"]()
    found = to_json(design)
    found["blocks"][0]["parts"][0]["numbers"]["r"] = -1000.0
    (row,) = [row for row in said(empty(tmp_path / "x", design), found) if row.format == "design.json"]
    assert row.verdict == FAILED
    assert "r is -1000, and must be greater than zero" in row.theirs
