"""Orders of chips: their pieces, what is refused, what goes on from what lies in a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from line_samples import DIVIDER, TRANSISTORS, order_of

from netlearn.circuit.flat import flatten
from netlearn.errors import NetlearnError, RunError, TaskError
from netlearn.factory import order as module
from netlearn.factory import rows
from netlearn.factory.line import Chips, Line
from netlearn.factory.order import LEAST, MOST, NUMBERS, Asked, Order, ideal, make, make_order
from netlearn.factory.study import yield_of
from netlearn.lang.compile import compile_netlist
from netlearn.lang.conditions import condition
from netlearn.learn.train import equipped


def _order(text: str, **asked: Any) -> Order:
    return make_order(compile_netlist(text, "net.nl"), Asked(**asked))


def test_an_order_says_what_the_mismatch_block_says_unless_it_is_asked_otherwise() -> None:
    order = _order(DIVIDER)
    assert (order.line.seed, order.draws, order.corners, order.first) == (3, 12, ("",), 0)
    assert [one.text for one in order.wanted] == ["error < 2mV"]
    other = _order(DIVIDER, seed=4, draws=5, first=7, corners=("ss", "ff"), steps=9, learns=False)
    assert (other.line.seed, other.draws, other.corners, other.first) == (4, 5, ("ss", "ff"), 7)
    assert (other.line.steps, other.line.learns) == (9, False)


def test_without_a_yield_chips_must_meet_what_the_task_asserts() -> None:
    text = DIVIDER.replace("  yield error < 2mV\n", "").replace("  stop", "  assert mse < 1e-6\n  stop")
    assert [one.text for one in _order(text).wanted] == ["mse < 1e-6"]
    wanted = [condition("error < 1mV", "--spec")]
    assert list(make_order(compile_netlist(text), Asked(), wanted).wanted) == wanted


@pytest.mark.parametrize("draws", [1, 255, 256, 257, 1000])
@pytest.mark.parametrize("corners", [("",), ("tt", "ss", "ff")])
def test_pieces_hold_every_chip_once(draws: int, corners: tuple[str, ...]) -> None:
    order = replace(_order(DIVIDER), draws=draws, corners=corners)
    made = [(line.corner, k) for _, line, begin, last in order.pieces() for k in range(begin, last)]
    assert made == [(corner, k) for corner in corners for k in range(draws)]
    names = [name for name, *_ in order.pieces()]
    assert len(set(names)) == len(names)
    assert names == sorted(names) or len(corners) > 1


@pytest.mark.parametrize(
    ("nodes", "samples"), [(3, 3), (300, 8), (3000, 100), (30_000, 1), (30_000, 1000), (1_000_000, 10_000)]
)
def test_a_piece_is_smaller_where_a_chip_is_larger(nodes: int, samples: int) -> None:
    """Unknowns of all lanes stay below NUMBERS, down to LEAST chips, which are solved side by side anyway."""
    order = _order(DIVIDER)
    circuit = replace(order.line.circuit, nodes=tuple(map(str, range(nodes))), branch_count=0)
    task = replace(order.line.task, labels=np.zeros((samples, 1)))
    size = replace(order, line=replace(order.line, circuit=circuit, task=task)).size
    assert LEAST <= size <= MOST
    assert size % LEAST == 0
    assert size == LEAST or size * nodes * samples <= NUMBERS
    assert size == MOST or (size + LEAST) * nodes * samples > NUMBERS


REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "nothing spreads": (
        DIVIDER.replace("~ 1%", "").replace("~ 2% lot 10%", ""),
        {},
        "nothing spreads in Divider",
    ),
    "corners without lots": (DIVIDER.replace("lot 10%", ""), {"corners": ("tt", "ss")}, "no lot spreads here"),
    "no such task": (DIVIDER, {"task": "half"}, "there is no task 'half'"),
    "no such mismatch": (DIVIDER, {"mismatch": "chip"}, "there is no mismatch 'chip' on Divider"),
    "several blocks": (
        DIVIDER + "mismatch other on Divider { R ~ 1% }",
        {},
        "Divider has several mismatch blocks",
    ),
    "an unknown result": (DIVIDER.replace("error < 2mV", "accuracy > 0.9"), {}, "a chip has no accuracy"),
    "epochs": (DIVIDER.replace("error < 2mV", "epochs < 9 and error < 1mV"), {}, "a chip has no epochs"),
    "an area law without an area": (DIVIDER.replace("~ 1%", "~ pelgrom(1%*um)"), {}, "r of r1 spreads with its area"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_order_that_cannot_be_is_refused_with_a_help(name: str) -> None:
    text, asked, said = REFUSED[name]
    with pytest.raises(NetlearnError, match=said) as caught:
        _order(text, **asked)
    assert "help: " in str(caught.value)


def test_an_imperfection_is_enough_to_spread() -> None:
    text = TRANSISTORS[: TRANSISTORS.index("mismatch")]
    assert _order(text).line.varying == ()


def test_a_block_is_chosen_by_its_name() -> None:
    text = DIVIDER + "mismatch other on Divider {\n  seed 8\n  R ~ 3%\n}\n"
    assert _order(text, mismatch="other").line.seed == 8
    assert {one.tolerance.within.sd for one in _order(text, mismatch="other").line.varying} == {0.03}  # type: ignore[attr-defined]


def test_what_an_ideal_circuit_learns_knows_nothing_of_imperfections() -> None:
    flawed, flawless = (ideal(_order(text).line) for text in (TRANSISTORS, _without_flaws(TRANSISTORS)))
    assert flawed["states"] == flawless["states"]


def _without_flaws(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if "imperfection" not in line)


def test_the_circuit_of_a_line_has_what_the_rule_attaches_to_it() -> None:
    text = DIVIDER.replace("coupled(eta = 0.5, rate = 2e-3)", "spring(rate = 1e9)")
    order = _order(text)
    plain = flatten(compile_netlist(text).circuit)
    assert order.line.circuit.size == equipped(plain, order.line.task).size


class Fake:
    """Makes chips of numbers; counts how many are held at once."""

    def __init__(self) -> None:
        self.made: list[tuple[str, int, int]] = []
        self.held = 0
        self.most = 0

    def __call__(self, line: Line, first: int, last: int) -> Chips:
        self.made.append((line.corner, first, last))
        self.held += last - first
        self.most = max(self.most, self.held)
        return _Counted(self, first, last)


class _Counted(Chips):
    def __init__(self, fake: Fake, first: int, last: int) -> None:
        object.__setattr__(self, "columns", {"draw": np.arange(first, last)})
        object.__setattr__(self, "fake", fake)

    def __del__(self) -> None:
        self.fake.held -= len(self.columns["draw"])  # type: ignore[attr-defined]


def test_no_more_than_one_piece_is_held_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake()
    monkeypatch.setattr(module, "chips", fake)
    told: list[tuple[int, int]] = []
    order = replace(_order(DIVIDER), draws=2500, corners=("tt", "ss"))
    make(order, tmp_path, lambda done, every: told.append((done, every)))
    assert len(fake.made) == 20
    assert fake.most <= 2 * order.size  # that which is written, while the next is made
    assert told[0] == (0, 5000)
    assert told[-1] == (5000, 5000)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_what_lies_in_the_folder_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order = replace(_order(DIVIDER), draws=1000)
    for k in range(3):
        fake = Fake()
        monkeypatch.setattr(module, "chips", fake)
        make(order, tmp_path, lambda *_: None)
        assert len(fake.made) == (4 if k == 0 else 0)
    (tmp_path / "lots-000000256.parquet").unlink()
    fake = Fake()
    monkeypatch.setattr(module, "chips", fake)
    make(order, tmp_path, lambda *_: None)
    assert fake.made == [("", 256, 512)]


def test_a_killed_order_has_whole_pieces_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order, fake = replace(_order(DIVIDER), draws=1000), Fake()

    def until_killed(
        work: Callable[..., Any], pieces: Mapping[Any, Sequence[Any]], *_: object
    ) -> Iterator[tuple[Any, Any]]:
        for k, (name, arguments) in enumerate(pieces.items()):
            if k == 2:
                raise KeyboardInterrupt
            yield name, work(*arguments)

    monkeypatch.setattr(module, "chips", fake)
    with monkeypatch.context() as once:
        once.setattr(module, "done", until_killed)
        with pytest.raises(KeyboardInterrupt):
            make(order, tmp_path, lambda *_: None)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert set(before) == {"lots-000000000.parquet", "lots-000000256.parquet"}
    make(order, tmp_path, lambda *_: None)
    assert fake.made == [("", begin, min(begin + 256, 1000)) for begin in range(0, 1000, 256)]
    assert all((tmp_path / name).stat().st_mtime_ns == time for name, time in before.items())


def test_more_chips_asked_for_later_are_those_asked_for_at_once(tmp_path: Path) -> None:
    order = order_of(DIVIDER, draws=520)
    make(replace(order, draws=260), tmp_path / "later", lambda *_: None)
    first = (tmp_path / "later" / "lots-000000000.parquet").stat().st_mtime_ns
    make(order, tmp_path / "later", lambda *_: None)
    make(order, tmp_path / "once", lambda *_: None)
    _same_bytes(tmp_path / "later", tmp_path / "once")
    assert (tmp_path / "later" / "lots-000000000.parquet").stat().st_mtime_ns == first


def test_fewer_chips_asked_for_later_are_the_first_of_them_and_nothing_is_lost(tmp_path: Path) -> None:
    from netlearn.factory.study import read

    order = order_of(DIVIDER, draws=300)
    make(order, tmp_path, lambda *_: None)
    kept = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    few = replace(order, draws=40)
    make(few, tmp_path, lambda *_: None)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == kept
    metrics, draws = read(few, tmp_path, "", "learned")
    assert draws.tolist() == list(range(40))
    assert yield_of(few, metrics).chips == 40


def test_jobs_make_no_difference(tmp_path: Path) -> None:
    order = order_of(DIVIDER, draws=300, corners=("", "ss"))
    for jobs in (1, 2):
        make(replace(order, jobs=jobs), tmp_path / str(jobs), lambda *_: None)
    _same_bytes(tmp_path / "1", tmp_path / "2")


def _same_bytes(one: Path, other: Path) -> None:
    assert {p.name for p in one.iterdir()} == {p.name for p in other.iterdir()}
    for path in one.iterdir():
        assert path.read_bytes() == (other / path.name).read_bytes(), path.name


@pytest.mark.parametrize("damage", [b"", b"PAR1", b"nothing at all", b"PAR1" * 40])
def test_a_damaged_piece_is_told_of_and_can_be_made_again(tmp_path: Path, damage: bytes) -> None:
    order = order_of(DIVIDER, draws=8)
    make(order, tmp_path, lambda *_: None)
    path = tmp_path / "lots-000000000.parquet"
    whole = path.read_bytes()
    path.write_bytes(damage)
    with pytest.raises(RunError, match="damaged") as caught:
        make(order, tmp_path, lambda *_: None)
    assert str(path) in caught.value.message
    assert "remove it" in caught.value.help
    path.unlink()
    make(order, tmp_path, lambda *_: None)
    assert path.read_bytes() == whole


def test_a_piece_that_is_damaged_inside_is_told_of(tmp_path: Path) -> None:
    order = order_of(DIVIDER, draws=200)
    make(order, tmp_path, lambda *_: None)
    path = tmp_path / "lots-000000000.parquet"
    whole = bytearray(path.read_bytes())
    whole[40:600] = bytes(560)
    path.write_bytes(bytes(whole))
    with pytest.raises(RunError, match="cannot be read"):
        rows.load([path], ["draw", "error", "before_error"], 200)


def test_a_piece_of_another_netlearn_without_a_column_is_told_of(tmp_path: Path) -> None:
    rows.save(tmp_path / "a.parquet", {"draw": np.arange(3)})
    with pytest.raises(RunError, match="cannot be read"):
        rows.load([tmp_path / "a.parquet"], ["draw", "error"], 3)


def test_an_ideal_circuit_that_runs_away_is_an_error_in_words() -> None:
    text = DIVIDER.replace("R r1(a, b) = learn(10k, 1k..100k)", "G r1(a, b) = learn(0.1mS)")
    with pytest.raises(TaskError, match="ran away"):
        order_of(text.replace("rate = 2e-3", "rate = 1e300"))
