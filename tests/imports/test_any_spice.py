"""Any SPICE text gives a netlist or diagnostics, quickly, and no file outside the folder is opened."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutated_text import mutated
from spice_files import BESIDE, FILES

from netlearn.errors import NetlistError
from netlearn.imports import import_text
from netlearn.lang import budget
from netlearn.lang.compile import compile_netlist
from netlearn.lang.format import format_text
from netlearn.lang.library import shipped

ROOT = Path(__file__).parents[2]
SECONDS = 8.0
WORDS = [
    *"RCLVIDMEGFHXBK", "R1", "X1 a b s", "V1 a 0 1\n", ".subckt s a b\n", ".ends\n", ".param", ".model", ".include", ".lib", ".ic",
    ".global", ".control\n", ".endc\n", ".options", ".tran 1 1 uic\n", ".end\n", "nmos", "d(", "=", "(", ")", "{", "}", "'", '"', ",",
    "+", "\n+", "*", "$", "$ ", ";", "//", "/", "$[n]", "$W=1", "1k", "1meg", "4k7", "-5", "1e400", "{a}", "{a+", "a", "b", "0", "gnd",
    "v(a)=1", "m=2", "w=1u", "l=1u", "pulse(0 1", "sin(0 1 1k)", "pwl(", "poly(2)", "\0", "\n", "\n", "\n", "../x", "/etc/passwd",
    "models.inc", "corners.lib", "ss", "é", "a.b<1>", "dc", "ac", "params:", "\n*.GLOBAL", "\n*.MEGA\n", "\n*+", "$PINS", "$.MODEL=", "nf=1", "\n.func f(x) {x+x}\n", "{f(1)}",
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _small_budget() -> object:
    with pytest.MonkeyPatch.context() as patch:
        for what in budget.LIMITS:
            patch.setitem(budget.LIMITS, what, 20_000)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("spice")
    for name, text in BESIDE.items():
        (found / name).write_text(text)
    return found


def answer(text: str, name: str, folder: Path) -> str:
    """What is made of a text, if anything is; files are opened in the folder and in netlearn's own only."""
    opened: list[Path] = []
    reading = Path.read_text

    def watched(path: Path, *given: object, **options: object) -> str:
        opened.append(path.resolve())
        return reading(path, *given, **options)  # type: ignore[arg-type]

    start = time.process_time()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "read_text", watched)
        try:
            made = import_text(text, name, folder).text
        except NetlistError as error:
            made, said = "", [d.render() for d in error.diagnostics]
        else:
            said = [made]
    assert said
    assert all(said)
    assert time.process_time() - start < SECONDS
    inside = (folder.resolve(), shipped().resolve(), ROOT / "grammars", ROOT / "netlearn")
    assert all(any(path.is_relative_to(one) for one in inside) for path in opened), opened
    if made:
        compile_netlist(made, folder=folder)
        assert format_text(made) == made
    return made


@given(st.text(), st.sampled_from(["x.cir", "x.cdl"]))
def test_random_text_gives_diagnostics(folder: Path, text: str, name: str) -> None:
    answer(f"t\n{text}", name, folder)


@given(st.binary())
def test_random_bytes_give_diagnostics(folder: Path, data: bytes) -> None:
    answer(data.decode("utf-8", "surrogateescape"), "x.cir", folder)


@settings(max_examples=400)
@given(st.lists(st.sampled_from(WORDS), max_size=40), st.sampled_from(["x.cir", "x.cdl"]))
def test_a_soup_of_words_gives_diagnostics(folder: Path, words: list[str], name: str) -> None:
    answer("t\n" + " ".join(words), name, folder)


@settings(max_examples=300)
@given(st.sampled_from(list(FILES)), st.integers(0, 10**6), st.sampled_from(["x.cir", "x.cdl"]))
def test_a_mutated_file_gives_diagnostics_or_a_netlist(folder: Path, about: str, seed: int, name: str) -> None:
    answer(mutated(FILES[about], WORDS, seed), name, folder)


@pytest.mark.slow
def test_a_few_seconds_of_fuzzing_find_nothing(tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="pip install atheris")
    done = subprocess.run(
        [
            sys.executable,
            str(Path(__file__).with_name("fuzz_spice.py")),
            "-max_total_time=10",
            str(tmp_path / "corpus"),
        ],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
