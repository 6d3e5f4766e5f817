"""The rows of a verification as a table: for a terminal, or as Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from netlearn.verify.model import Check

COLUMNS = ("tool", "format", "quantity", "ours", "theirs", "difference", "verdict")


def printed(rows: Iterable[Check]) -> None:
    """As wide as the terminal; as wide as it needs elsewhere."""
    table = Table(*COLUMNS)
    for row in rows:
        table.add_row(*(Text(cell) for cell in cells(row)))
    console = Console()
    Console(width=console.width if console.is_terminal else 200).print(table)


def markdown(rows: Iterable[Check]) -> str:
    """A line a row."""
    lines = [f"| {' | '.join(cell.replace('|', '/') for cell in cells(row))} |" for row in rows]
    return "\n".join([f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|", *lines])


def cells(row: Check) -> tuple[str, ...]:
    """A row in words."""
    off = "" if row.difference is None else f"{row.difference:.1e}"
    found = row.tool, row.format, row.quantity, row.ours, row.theirs, off, row.verdict
    return tuple(
        "".join(c if c.isprintable() else " " for c in cell) for cell in found
    )  # tools and files may say anything
