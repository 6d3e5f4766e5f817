"""The README is true: its tables are those of the code, its tour runs, its netlists compile."""

from __future__ import annotations

import contextlib
import io
import os
import re
import runpy
from pathlib import Path

import pytest
from typer.testing import CliRunner

from netlearn.cli.app import app
from netlearn.lang.compile import compile_netlist

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _section(name: str) -> str:
    match = re.search(rf"<!-- {name} -->\n(.*?)<!-- end -->", README, re.DOTALL)
    assert match, name
    return match[1]


def test_the_tables_of_the_readme_are_those_of_the_code() -> None:
    updated = runpy.run_path(str(ROOT / "scripts" / "readme.py"))["updated"]
    assert updated(README) == README, "run: python scripts/readme.py --write"


def test_the_netlist_of_the_tour_compiles_and_is_the_shipped_one() -> None:
    text = _section("tour netlist").strip().strip("`").strip()
    assert compile_netlist(text).task.name == "third"
    shipped = (ROOT / "netlists" / "divider.nl").read_text()
    for line in text.splitlines():
        assert line in shipped


def test_the_ten_lines_of_python_run(monkeypatch: pytest.MonkeyPatch) -> None:
    code = _section("tour python").split("```python\n")[1].split("```")[0]
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    monkeypatch.chdir(ROOT)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {})
    assert printed.getvalue().splitlines()[-1].startswith("[[23333.")


def test_the_nudge_of_the_readme_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    code = _section("nudge").split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(ROOT)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    assert float(printed.getvalue().split()[0]) < 1e-6


def test_chips_are_read_as_the_readme_reads_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = _section("tour chips").split("```python\n")[1].split("```")[0]
    netlist = ROOT / "netlists" / "divider.nl"
    assert CliRunner().invoke(app, ["mc", str(netlist), "--draws", "20", "--out", str(tmp_path / "OUT")]).exit_code == 0
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    assert "median(" in printed.getvalue()
    assert "programmed_error" in printed.getvalue()


def test_what_the_readme_shows_of_verification_has_no_failure_and_names_every_format() -> None:
    from netlearn.export.formats import FORMATS

    shown = _section("verified")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in shown.splitlines() if line.startswith("|")]
    verdicts = [row[-1] for row in rows if row[0] not in ("tool", "---")]
    assert set(verdicts) <= {"passed", "not checked"}
    assert verdicts.count("passed") > 60
    assert {row[1] for row in rows} >= set(FORMATS) - {"bom"}
    subjects = runpy.run_path(str(ROOT / "scripts" / "verifying.py"))["SUBJECTS"]
    for _, arguments in subjects.values():
        assert " ".join(arguments) in shown


def test_every_netlist_named_in_the_readme_is_there() -> None:
    for name in re.findall(r"netlists/[\w/]+\.nl", README):
        assert (ROOT / name).is_file(), name


@pytest.mark.parametrize("path", re.findall(r"\((scripts/pictures/[^)]+|grammars/[^)]+)\)", README))
def test_every_link_to_a_file_leads_somewhere(path: str) -> None:
    assert os.path.exists(ROOT / path)
