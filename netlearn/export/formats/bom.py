"""The bill of material: what to buy for a board, how many, and what no part is sold for.

A row a kind and value: its references, what is bought, how many, how many of its units are used and left over. Rows of
kind "simulation only" name what the circuit has and cannot be bought as such; nothing is left out.
"""

from __future__ import annotations

import csv
import io

from netlearn.export.board.pack import Box, packed
from netlearn.export.design import Design
from netlearn.export.formats.order import Files, Order

COLUMNS = (
    "references", "value", "mpn", "manufacturer", "footprint", "quantity", "units used", "units spare", "kind", "note"
)  # fmt: skip


def write(design: Design, order: Order) -> Files:
    """The file, and beside it which part of the netlist is in which box."""
    board = packed(design)
    every = (*board.boxes, *board.beside)
    rows = [dict(zip(("reference", "part"), (box.ref, m.path), strict=True)) for box in every for m in box.members]
    return {"bom.csv": _csv(COLUMNS, bill(every)), "parts.csv": _csv(("reference", "part"), rows)}


def bill(boxes: tuple[Box, ...]) -> list[dict[str, str]]:
    """Rows, in the order in which the first of each stands on the board."""
    alike: dict[tuple[str, ...], list[Box]] = {}
    for box in boxes:
        alike.setdefault(_same(box), []).append(box)
    return [_row(found) for found in alike.values()]


def _same(box: Box) -> tuple[str, ...]:
    package = box.package
    return (box.value, box.footprint, package.name if package else "")


def _row(boxes: list[Box]) -> dict[str, str]:
    first, package = boxes[0], boxes[0].package
    spares = sum(b.spares for b in boxes)
    notes = [package.doc] if package else []
    notes += dict.fromkeys(b.note for b in boxes if b.note)
    notes += [f"pins: {package.source}"] if package and package.letter in "UQ" else []
    return {
        "references": " ".join(b.ref for b in boxes),
        "value": first.value,
        "mpn": package.mpn if package else "",
        "manufacturer": package.maker if package else "",
        "footprint": first.footprint,
        "quantity": f"{len(boxes)}",
        "units used": f"{len(boxes) * package.units - spares}" if package else "",
        "units spare": f"{spares}" if package else "",
        "kind": "board" if first.footprint else "simulation only",
        "note": "; ".join(notes),
    }


def _csv(columns: tuple[str, ...], rows: list[dict[str, str]]) -> str:
    text = io.StringIO()
    table = csv.DictWriter(text, columns, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()
