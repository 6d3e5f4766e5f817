"""A study that is killed, at whatever time and however often, ends as one that was not."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from commands import begun, killed, left, times
from line_samples import TRANSISTORS

PIECES = 8
KILLS = 10


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_study_killed_ten_times_at_random_ends_identical_and_does_nothing_twice(jobs: int, tmp_path: Path) -> None:
    (tmp_path / "net.nl").write_text(TRANSISTORS)
    command = (tmp_path / "net.nl", "--draws", 256 * PIECES, "--steps", 2000, "--tolerances", 2, "--jobs", jobs)
    since = time.monotonic()
    assert begun(*command, "-o", tmp_path / "whole").wait() == 0
    whole, rng, out, known = time.monotonic() - since, random.Random(jobs), tmp_path / "killed", dict[str, int]()
    for _ in range(KILLS):
        process = begun(*command, "-o", out)
        time.sleep(rng.uniform(0.1, 0.4 * whole))
        killed(process)
        assert all(times(out)[name] == when for name, when in known.items())
        known = times(out)
    assert known
    assert begun(*command, "-o", out).wait() == 0
    assert all(times(out)[name] == when for name, when in known.items())
    assert left(out) == left(tmp_path / "whole")
