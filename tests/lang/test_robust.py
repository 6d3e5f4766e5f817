"""Any text gives a netlist or diagnostics, quickly: never a traceback, never a machine that is used up."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutated_text import mutated

from netlearn.devices import DEVICES
from netlearn.errors import Diagnostic, NetlistError
from netlearn.lang import budget
from netlearn.lang.compile import compile_file, compile_netlist
from netlearn.lang.evaluate import CALLS
from netlearn.lang.mistakes import KEYWORDS

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SHIPPED = [p.read_text(encoding="utf-8") for p in sorted((ROOT / "netlists").glob("**/*.nl"))]
SECONDS = 8.0  # of processor time; alone 2.5 at most, and a busy machine takes up to three times as long


def faults(text: str, folder: Path | None = None) -> list[str]:
    """The messages a text gets, within the time allowed."""
    start = time.process_time()
    found: list[Diagnostic] | None = None
    try:
        compile_netlist(text, "bad.nl", folder)
    except NetlistError as error:
        found = list(error.diagnostics)
    assert time.process_time() - start < SECONDS
    assert found is None or (found and all(d.render() for d in found))
    return [d.message for d in found or ()]


@given(st.text())
def test_random_text_gives_diagnostics(text: str) -> None:
    faults(text)


@given(st.binary())
def test_random_bytes_give_diagnostics(data: bytes) -> None:
    faults(data.decode("utf-8", "surrogateescape"))


WORDS = [
    *sorted(KEYWORDS), *sorted(DEVICES), *sorted(CALLS), *"(){}[]=,:;.~^+-*/%<>\n\n\n\n", "..", "--", "->", "==",
    "A", "a", "b", "n", "x", "y", "gnd", "V", "I", "10k", "1", "0", "1%", "1e300", "-3", "1.5", "1V", "16", "twin",
    '"std/edge.nl"', "free", "model", "ald1106",
    "{\n", "}\n", "circuit A {\n", "net a, b\n", "R r1(a, b) = ", "# note\n",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=60))
def test_a_soup_of_words_gives_diagnostics(words: list[str]) -> None:
    faults(" ".join(words))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SHIPPED), st.integers(0, 10**6))
@pytest.mark.usefixtures("_small_budget_once")
def test_a_mutated_netlist_gives_diagnostics(text: str, seed: int) -> None:
    faults(mutated(text, WORDS, seed), ROOT / "netlists")


@pytest.fixture(scope="module")
def _small_budget_once() -> object:
    with pytest.MonkeyPatch.context() as patch:
        for what in budget.LIMITS:
            patch.setitem(budget.LIMITS, what, 20_000)
        yield


def circuit(*lines: str) -> str:
    return "circuit A {\n" + "\n".join(lines) + "\n}\n"


DOUBLING = "\n".join(f"module M{k}(a) {{\n M{k - 1} x(a)\n M{k - 1} y(a)\n}}" for k in range(1, 36))
DOUBLED = "\n".join(
    f"module M{k}(a; p = 1) {{\n M{k - 1} x(a) {{ p = 2 * p }}\n M{k - 1} y(a) {{ p = 2 * p + 1 }}\n}}"
    for k in range(1, 36)
)
LARGE = {
    "a mesh of 10^12 edges": circuit("net n[9]", "mesh e = dense(1000000, 1000000) on n, n of R = 1k"),
    "a mesh of 10^9 edges": circuit("net n[9]", "mesh e = complete(50000) on n of R = 1k"),
    "a grid of 10^300 rows": circuit("net n[9]", "mesh e = grid(1e300, 2) on n of R = 1k"),
    "an array of 10^9 nets": circuit("net n[1000000000]"),
    "an array of 10^300 nets": circuit("net n[0..1e300]"),
    "an array from below zero": circuit("net n[-1e300..1e300]"),
    "an array of half a net": circuit("net n[0.5..2.5]"),
    "an array of many dimensions": circuit("net n" + "[2]" * 40),
    "an array of very many dimensions": circuit("net n" + "[1]" * 10**4),
    "states without end": circuit("state k[1000000000] = learn(1, 0..2)"),
    "a slice without end": circuit("net n[4]", "input x = V(n[0..1e12])"),
    "brackets in brackets": circuit("let x = " + "(" * 10**5 + "1" + ")" * 10**5),
    "lists in lists": circuit("let x = " + "[" * 10**5 + "]" * 10**5),
    "minus and minus": circuit("let x = " + "-" * 10**5 + "1"),
    "not and not": circuit("assert " + "not " * 10**5 + "true"),
    "a long sum": circuit("let x = 1" + " + 1" * 10**5),
    "a tower of powers": circuit("let x = 1" + "^1" * 10**5),
    "a long comparison": circuit("assert 1" + " == 1" * 10**5),
    "ranges of ranges": circuit("let x = 1" + "..1" * 10**5),
    "edges of edges": circuit("let x = 1" + "--1" * 10**5),
    "loops in loops": circuit("for i in 0..0 {\n" * 1000 + "}\n" * 1000),
    "a million rounds of a million": circuit("for i in 0..999999 {", "for j in 0..999999 {", "}", "}"),
    "many rounds of a long slice": circuit("net n[1000000]", "for i in 0..99999 {", "let x = n[0..999999]", "}"),
    "many rounds of a mesh": circuit("for i in 0..99999 {", "let x = grid(700, 700)", "}"),
    "a list that doubles": circuit("let a0 = [1, 1]", *(f"let a{k} = [a{k - 1}, a{k - 1}]" for k in range(1, 60))),
    "a formula that doubles": circuit(
        "state k = learn(1, 0..2)", "let a0 = k", *(f"let a{k} = a{k - 1} * a{k - 1}" for k in range(1, 60))
    ),
    "modules that double": f"module M0(a) {{\n R r(a, gnd) = 1k\n}}\n{DOUBLING}\ncircuit A {{\n net a\n M35 m(a)\n}}",
    "modules that double with other numbers": (
        f"module M0(a; p = 1) {{\n R r(a, gnd) = p\n}}\n{DOUBLED}\ncircuit A {{\n net a\n M35 m(a)\n}}"
    ),
    "a module in itself": "module M(a) {\n M x(a)\n M y(a)\n}\ncircuit A {\n net a\n M m(a)\n}",
    "a complete random graph": circuit("net n[9]", "mesh e = random(1400, 979300, seed = 1) on n of R = 1k"),
    "a huge power of a unit": circuit("let x = (1V)^1e300"),
    "an overflow": circuit("let x = 1e300 * 1e300"),
    "a number of many digits": circuit("let x = " + "9" * 10**6),
    "a unit of many pieces": circuit("let x = 1GV" + "*TV^9" * 1000),
    "a million faulty lines": "R1 a b 10k\n" * 10**5,
    "a million faulty statements": circuit(*["  R r1(a b) = 1k"] * 20_000),
    "an open brace on every line": "circuit A {\n" * 10**4,
    "an open bracket on every line": "circuit A {\n" + "R r(a\n" * 10**4,
    "closing brackets only": ")" * 10**5,
    "quotes only": '"' * 10**5,
    "NUL bytes": "\0" * 10**5,
    "a text of ten million characters": "# " + "x" * 10**7,
    "lone surrogates": 'import "\udcff.nl"\ncircuit \udcff {\n}',
    "a file name that is too long": f'import "{"a" * 5000}"',
}


@pytest.mark.parametrize("name", LARGE)
def test_what_would_be_too_large_is_refused_quickly(name: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert faults(LARGE[name])
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_500_000  # kilobytes


def test_an_else_if_chain_may_be_long() -> None:
    chain = " else ".join(f"if i == {k} {{\n net n{k}\n}}" for k in range(3000))
    assert faults(circuit("let i = 5", chain)) == []


@pytest.mark.parametrize(
    "change",
    [lambda t: t.replace("\n", "\r\n"), lambda t: "\ufeff" + t, lambda t: t.replace("  ", "\t"), lambda t: t.rstrip()],
    ids=["CRLF", "BOM", "tabs", "no last line end"],
)
@pytest.mark.parametrize("text", SHIPPED)
def test_line_ends_tabs_and_marks_do_not_matter(text: str, change: object) -> None:
    assert faults(change(text), ROOT / "netlists") == []  # type: ignore[operator]


def test_imports_and_data_stay_inside_the_folder(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    (tmp_path / "secret.nl").write_text("bundle b { x, y }")
    (inside / "link.nl").symlink_to(tmp_path / "secret.nl")
    (inside / "loop.nl").symlink_to(inside / "loop.nl")
    (inside / "folder.nl").mkdir()
    outside = ["../secret.nl", str(tmp_path / "secret.nl"), "link.nl", "a/../../secret.nl"]
    for name in (*outside, "loop.nl", "folder.nl", "\0", ""):
        assert faults(f'import "{name}"\n', inside), name
        table = f'task t on A {{\n data from "{name}" x: column("a") -> y: column("b")\n}}'
        assert faults(circuit("net a", "R r(a, gnd) = 1k", "input x = V(a)", "output y = V(a)") + table, inside), name


def test_a_file_that_is_huge_or_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "huge.nl").write_bytes(b"#" * 11_000_000)
    (tmp_path / "binary.nl").write_bytes(bytes(range(256)))
    assert faults('import "huge.nl"', tmp_path) == ["'huge.nl' is larger than 10 MB"]
    assert faults('import "binary.nl"', tmp_path) == ["'binary.nl' is not UTF-8 text"]
    with pytest.raises(NetlistError, match="not UTF-8"):
        compile_file(tmp_path / "binary.nl")


def test_imports_that_double_are_read_once(tmp_path: Path) -> None:
    for k in range(25):
        (tmp_path / f"m{k}.nl").write_text(f'import "m{k + 1}.nl"\nimport "m{k + 1}.nl"\n')
    (tmp_path / "m25.nl").write_text("bundle twin { free, clamped }\n")
    assert faults('import "m0.nl"\n' + circuit("net a: twin", "R r(a.free, a.clamped) = 1k"), tmp_path) == []


@pytest.mark.slow
def test_a_few_seconds_of_fuzzing_find_nothing(tmp_path: Path) -> None:
    pytest.importorskip("atheris")
    done = subprocess.run(
        [
            sys.executable,
            str(HERE / "fuzz_netlist.py"),
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
