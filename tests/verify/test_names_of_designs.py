"""A design that says more than names where names are is not read: verifiers write them into decks."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from chip_cases import make

from netlearn.errors import RunError
from netlearn.export.interchange import from_json, spelled, to_json

EVIL = "x\n.system touch done\n"
PLACES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a block": lambda d: d["blocks"][0].update(name=EVIL),
    "a port": lambda d: d["blocks"][0]["ports"].append(EVIL),
    "a part": lambda d: d["blocks"][0]["parts"][0].update(name=EVIL),
    "a net": lambda d: d["blocks"][0]["parts"][0]["nets"].__setitem__(0, EVIL),
    "a number": lambda d: d["blocks"][0]["parts"][0]["numbers"].update(ic=EVIL),
    "a number of the top": lambda d: d["numbers"].update({EVIL: 1.0}),
    "a source": lambda d: d["bench"]["sources"][0].update(name=EVIL),
    "an input": lambda d: d["bench"]["drives"][0].update(name=EVIL),
    "a node": lambda d: d["names"]["nodes"].update(a=EVIL),
    "a terminal": lambda d: d["devices"]["Bend"]["terminals"].__setitem__(0, EVIL),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_design_is_not_read_that_has_a_command_for_the_name_of(place: str) -> None:
    found = json.loads(spelled(to_json(make())))
    assert from_json(found).nodes == make().nodes
    PLACES[place](found)
    with pytest.raises(RunError, match=r"design\.json is damaged: ValueError: 'x"):
        from_json(found)
