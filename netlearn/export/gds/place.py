"""In which order parts stand, and which of them share a row."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

from netlearn.export.gds.capacitor import Plate
from netlearn.export.gds.resistor import Bar
from netlearn.export.gds.route import left_edge
from netlearn.export.gds.shapes import Block

Part = TypeVar("Part", Bar, Plate)


def ranks(parts: Sequence[Bar | Plate]) -> dict[str, int]:
    """Net to its place in an order that keeps what is connected close together (reverse Cuthill-McKee)."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import reverse_cuthill_mckee

    names = sorted({net for part in parts for net in (part.a, part.b)})
    index = {net: k for k, net in enumerate(names)}
    a, b = [index[part.a] for part in parts], [index[part.b] for part in parts]
    graph = coo_array((np.ones(2 * len(parts)), (a + b, b + a)), shape=(len(names), len(names))).tocsr()
    order = reverse_cuthill_mckee(graph, symmetric_mode=True)
    return {names[k]: place for place, k in enumerate(order.tolist())}


def ordered(parts: Sequence[Part], rank: Mapping[str, int]) -> list[Part]:
    """Parts by the nets that they join; where these are the same, by name."""
    return sorted(parts, key=lambda part: (*sorted((rank[part.a], rank[part.b])), part.name))


def in_rows(blocks: Sequence[Block], pitch: int) -> list[list[Block]]:
    """Rows of about equal width, as many as make a square of them with their channels, for tracks `pitch` apart: there are as many
    in a channel as nets cross from part to part anywhere in the order."""
    if not blocks:
        return []
    total, height = sum(block.width for block in blocks), sum(block.height for block in blocks) / len(blocks)
    spans: dict[str, tuple[int, int]] = {}
    for k, net in ((k, pin.net) for k, block in enumerate(blocks) for pin in block.pins):
        spans[net] = spans.get(net, (k, k))[0], k
    channel = pitch * (1 + max(left_edge(list(spans.values()))))
    limit = max(math.sqrt((height + channel) * total), max(block.width for block in blocks))
    rows: list[list[Block]] = [[]]
    filled = 0
    for block in blocks:
        if filled + block.width > limit:
            rows.append([])
            filled = 0
        rows[-1].append(block)
        filled += block.width
    return rows
