"""The machines of netlists/machine: each learns by itself, and each of its cells does what the rule it implements says."""

from pathlib import Path

import numpy as np
import pytest

from netlearn.lang.compile import compile_file
from netlearn.machine.subject import make_subject
from netlearn.machine.sweep import make_sweep, sweep
from netlearn.study.findings import Drawer
from netlearn.units import Quantity

FOLDER = Path(__file__).resolve().parents[2] / "netlists" / "machine"
SAMPLES = {"two_edge": 120, "gen1": 60, "gen2": 240, "chip": 60, "damage": 60, "quasistatic": 160, "weigh": 150}
TRANSISTORS = {"two_edge": 60, "chip": 20}


def followed(tmp_path: Path, name: str, samples: int, transistors: int) -> list[float]:
    """The errors (V, rms) of the samples that a machine was shown."""
    settings = {"transistors": Quantity(1.0)} if transistors else {}
    subject = make_subject(compile_file(FOLDER / f"{name}.nl", settings=settings), None, 0, samples, ())
    found = sweep(make_sweep(subject, samples, "native"), Drawer(tmp_path / "m", "machine", {}), lambda *_: None)
    return np.sqrt(found.tables["curve"].column("mse_V2")).tolist()


def test_every_machine_is_followed() -> None:
    assert {path.stem for path in FOLDER.glob("*.nl")} == set(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_machine_that_is_left_alone_learns(name: str, tmp_path: Path) -> None:
    errors = followed(tmp_path, name, SAMPLES[name], 0)
    assert np.mean(errors[-8:]) < 0.25 * np.mean(errors[:8])


@pytest.mark.slow
@pytest.mark.parametrize("name", TRANSISTORS)
def test_a_machine_of_transistors_learns(name: str, tmp_path: Path) -> None:
    errors = followed(tmp_path, name, TRANSISTORS[name], 1)
    assert np.mean(errors[-4:]) < 0.6 * np.mean(errors[:4])
