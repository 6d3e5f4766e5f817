"""Kits for tests: a fake one, and the real ones where they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fake_kit import make_kit

from netlearn.errors import KitError
from netlearn.kits import FILE, KITS, located

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a fake sky130, which a netlist in it uses."""
    monkeypatch.chdir(tmp_path)
    return make_kit(tmp_path)


@pytest.fixture
def real(tmp_path: Path) -> Callable[..., Path]:
    """The folder of a netlearn.toml with a real kit, from the Python package that carries it or as the netlearn.toml above
    the checkout says; the test is skipped, with what to type, where there is none."""

    def find(name: str, corner: str = "tt") -> Path:
        kit = KITS[name]
        file = tmp_path / FILE
        file.write_text(f'[pdk.{name}]\npackage = "{kit.package}"\ncorner = "{corner}"\n')
        try:
            located(name, tmp_path)
        except KitError:
            file.unlink()
            try:
                root = located(name, ROOT).root
            except KitError:
                pytest.skip(f"NO PROCESS KIT {name}: get it by {kit.source}; see netlearn/kits/settings.py")
            file.write_text(f'[pdk.{name}]\npath = "{root}"\ncorner = "{corner}"\n')
        return tmp_path

    return find
