"""Tables that the data of a task come from: CSV files with a line of names, and what reads columns of them."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lark import Token

from netlearn.lang.evaluate import Call, Evaluator
from netlearn.lang.library import locate, read_text
from netlearn.lang.values import Fault, Range, suggest
from netlearn.units import NONE, Dimension, Quantity

MAX_ROWS = 1_000_000
MAX_VALUES = 10_000_000
DATASETS = {"iris": "data/iris.csv", "digits": "data/digits.csv"}


@dataclass(frozen=True)
class Column:
    """One channel's values over the samples."""

    values: tuple[float, ...]
    dimension: Dimension = NONE


@dataclass(frozen=True)
class Table:
    """The fields of a file by the name of their column, and what the file is called. One without columns is none."""

    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    origin: str = ""

    @property
    def calls(self) -> dict[str, Call]:
        """What formulas can ask of it."""
        return {"column": self._column, "columns": self._many, "onehot": self._onehot}

    def _name(self, e: Evaluator, tree: Any) -> str:
        """The name of a column of the table."""
        name = e(tree)
        if not self.fields:
            raise Fault("column needs a table", tree, 'write data from "file.csv" x: column("name") -> ...')
        if not isinstance(name, str) or name not in self.fields:
            raise Fault(
                f"the table has no column '{name}'",
                tree,
                suggest(str(name), self.fields) or f"it has {', '.join(self.fields)}",
            )
        return name

    def _texts(self, name: str, tree: Any) -> Sequence[str]:
        """The entries of a column, none of which is empty."""
        if "" in self.fields[name]:
            raise Fault(
                f"row {self.fields[name].index('') + 1} of column '{name}' is empty",
                tree,
                "fill it, or take the row out; rows are counted below the names",
            )
        return self.fields[name]

    def _numbers(self, name: str, tree: Any) -> list[float]:
        return [self._cell(row, text, name, tree) for row, text in enumerate(self._texts(name, tree), 1)]

    def _cell(self, row: int, text: str, name: str, tree: Any) -> float:
        try:
            number = float(text)
        except ValueError:
            help = "classes are read with onehot(...); rows are counted below the names"
            raise Fault(f"'{text}' in row {row} of column '{name}' is not a number", tree, help) from None
        if not math.isfinite(number):
            raise Fault(f"{text} in row {row} of column '{name}' is not finite", tree, "take the row out")
        return number

    def _column(self, e: Evaluator, tree: Any, given: list[Any], options: Any) -> Column:
        if not 1 <= len(given) <= 2 or options:
            raise Fault("column takes a name and a range to scale to", tree, 'write column("petal_length", 0V..0.45V)')
        numbers = self._numbers(self._name(e, given[0]), given[0])
        return _scaled([numbers], e(given[1]), given)[0] if len(given) == 2 else Column(tuple(numbers))

    def _many(self, e: Evaluator, tree: Any, given: list[Any], options: Any) -> list[Column]:
        """Neighbouring columns, in a unit of their own or all scaled alike to a range."""
        if not 2 <= len(given) <= 3 or set(options) - {"unit"} or (options and len(given) == 3):
            raise Fault(
                "columns takes the first name, the last one, and a unit or a range to scale to",
                tree,
                'write columns("p0", "p63", unit = 10mV) or columns("p0", "p63", 0V..0.45V)',
            )
        names = list(self.fields)
        first, last = (names.index(self._name(e, g)) for g in given[:2])
        if last < first:
            raise Fault("the last column stands before the first", given[1], f"they are {', '.join(names)}")
        chosen = [self._numbers(name, tree) for name in names[first : last + 1]]
        if len(given) == 3:
            return _scaled(chosen, e(given[2]), [given[0], given[2]])
        unit = e.number(options["unit"], "unit", None) if options else Quantity(1.0)
        return [Column(tuple(unit.number * n for n in numbers), unit.dimension) for numbers in chosen]

    def _onehot(self, e: Evaluator, tree: Any, given: list[Any], options: Any) -> list[Column]:
        if len(given) not in (1, 3) or options:
            raise Fault("onehot takes a name and the two levels", tree, 'write onehot("species", 0V, 0.3V)')
        texts = self._texts(self._name(e, given[0]), given[0])
        off, on = (
            (e.number(g, "a level", None) for g in given[1:]) if len(given) == 3 else (Quantity(0.0), Quantity(1.0))
        )
        dimension = off.dimension if off.dimension != NONE else on.dimension
        if on.dimension not in (NONE, dimension):
            raise Fault("the levels of onehot have different units", tree, 'write onehot("species", 0V, 0.3V)')
        classes = sorted(set(texts))
        if len(classes) > 1000:
            raise Fault(f"this column has {len(classes)} classes", given[0], "at most 1000 can be told apart")
        if len(classes) * len(texts) > MAX_VALUES:
            raise Fault("these classes of these rows are too many numbers", given[0], "use fewer rows or classes")
        return [Column(tuple(on.number if t == c else off.number for t in texts), dimension) for c in classes]


def read_table(token: Token, folder: Path | None, allowed: tuple[Path, ...], files: dict[Path, str]) -> Table:
    """The table that is named by a word or in quotes. `folder`, `allowed`: where it may lie; `files` is given its text."""
    if token.type == "NAME":
        if str(token) not in DATASETS:
            raise Fault(
                f"unknown data set '{token}'",
                token,
                suggest(str(token), DATASETS) or f"known: {', '.join(DATASETS)}; a file is named in quotes",
            )
        file = DATASETS[str(token)]
    else:
        file = str(token)[1:-1]
    path = locate(file, folder, allowed, token, "the data")
    text = files[path] = read_text(path, token)
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    try:
        reader = csv.DictReader(io.StringIO("\n".join(lines)))
        names = [name.strip() for name in reader.fieldnames or ()]
        rows = list(reader)
    except csv.Error as error:
        raise Fault(f"'{path.name}' is not a table: {error}", token) from None
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Fault(f"'{path.name}' has two columns '{twice}'", token, "give each column a name of its own")
    if not rows or len(rows) > MAX_ROWS:
        raise Fault(
            f"'{path.name}' has {len(rows)} rows",
            token,
            f"between 1 and {MAX_ROWS}, below a line of column names",
        )
    for number, row in enumerate(rows, 1):
        if None in row or None in row.values():
            raise Fault(
                f"row {number} of '{path.name}' has more or fewer fields than its first line",
                token,
                "give each row every field; rows are counted below the names",
            )
    return Table({key.strip(): [row[key].strip() for row in rows] for key in rows[0]}, path.name)


def _scaled(columns: Sequence[Sequence[float]], to: Any, where: Sequence[Any]) -> list[Column]:
    """Columns scaled alike, their least and their greatest number to the ends of a range."""
    if not isinstance(to, Range):
        raise Fault("a column is scaled to a range", where[1], "write 0V..0.45V")
    low, high = min(map(min, columns)), max(map(max, columns))
    if low == high:
        raise Fault("a constant column cannot be scaled", where[0])
    a, b = to.low.number, to.high.number
    dimension = to.low.dimension if to.low.dimension != NONE else to.high.dimension
    return [Column(tuple(a + (b - a) * (n - low) / (high - low) for n in c), dimension) for c in columns]
