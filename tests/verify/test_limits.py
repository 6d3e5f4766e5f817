"""No verifier waits, or takes room, without end: what is not done in time is not checked, and netlearn goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from chip_cases import CHIP, make
from verified import exported

from netlearn.verify import model, order
from netlearn.verify.model import NOT_CHECKED, PASSED
from netlearn.verify.tools import VERIFIERS

PLAIN = "\n".join(line for line in CHIP.splitlines() if "Bend" not in line and "NEKV" not in line) + "\n"
OURSELVES = ("annotations", "jsonschema", "klayout", "klayout layout", "netlearn", "openvaf")
"""What runs no program."""


@pytest.mark.parametrize("name", VERIFIERS)
def test_a_tool_that_is_out_of_time_has_not_checked(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier = VERIFIERS[name]
    if verifier.version() is None:
        pytest.skip(f"no {name} here: {verifier.get}")
    folder = exported(make(PLAIN if name == "gnucap" else CHIP), tmp_path / "x", *verifier.formats)
    monkeypatch.setattr(order, "VERIFIERS", {name: verifier})
    monkeypatch.setattr(model, "PATIENCE", 0.0)
    found = [row for row in order.verify(folder, lambda _: None) if row.format in verifier.formats]
    assert found
    said = {(row.theirs, row.verdict) for row in found}
    if name in OURSELVES:
        assert {verdict for _, verdict in said} == {PASSED}
    else:
        assert said == {("not done within 0 s", NOT_CHECKED)}
