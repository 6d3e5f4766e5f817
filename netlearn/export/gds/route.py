"""Nets by channels: a track along each row for every net with a pin there, a trunk beside the rows for what is in several.

Pins of a row lie below its channel, no two at the same x, so a stub straight up meets no other stub and crosses tracks on
another level of metal: where tracks of one height lie apart nothing touches that should not. Heights are given by the left-edge
rule (Hashimoto and Stevens, 1971): intervals by where they begin, each to a track that is free again if there is one, which needs no
more tracks than intervals overlap anywhere. Trunks are the same turned by a right angle.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from netlearn.export.gds.process import Process
from netlearn.export.gds.shapes import Box, Pin, square

Interval = tuple[int, int]


@dataclass(frozen=True)
class Track:
    """A net along x at a height; `row`: whose channel it lies in."""

    net: str
    row: int
    low: int
    high: int
    y: int


def left_edge(intervals: Sequence[Interval]) -> list[int]:
    """A track (0, 1, ...) for each interval (low, high), ends included, so that no two of a track have a point in common."""
    ends: list[tuple[int, int]] = []
    found = [0] * len(intervals)
    for k in sorted(range(len(intervals)), key=lambda k: intervals[k]):
        low, high = intervals[k]
        track = heapq.heappop(ends)[1] if ends and ends[0][0] < low else len(ends)
        heapq.heappush(ends, (high, track))
        found[k] = track
    return found


def channel(pins: Sequence[Pin], away: Collection[str], ports: Collection[str], edges: Interval) -> dict[str, Interval]:
    """Net to the extent of its track: over its pins, to the left edge for a port, to the right one for a net that is in other
    rows as well."""
    found: dict[str, Interval] = {}
    for net, x, _ in pins:
        low, high = found.get(net, (x, x))
        found[net] = min(low, x), max(high, x)
    return {
        net: (edges[0] if net in ports else low, edges[1] if net in away else high)
        for net, (low, high) in found.items()
    }


def stacked(extents: Sequence[Interval], base: int, width: int, space: int) -> list[int]:
    """Middles of tracks of a width, the lowest with its edge at `base`, with a space wherever two are side by side or in line."""
    return [
        base + width // 2 + k * (width + space)
        for k in left_edge([(low, high + width + space) for low, high in extents])
    ]


def wired(tracks: Sequence[Track], rows: Sequence[Sequence[Pin]], edge: int, process: Process) -> Iterator[Box]:
    """The metal of all nets, by their tracks and the pins of each row; trunks from x = `edge` on."""
    along, across, cut = process.along, process.across, process.crossing
    wide, thin = process.track_width // 2, process.stub_width // 2
    heights: dict[str, list[int]] = {}
    for track in tracks:
        heights.setdefault(track.net, []).append(track.y)
    spans = {net: (min(ys), max(ys)) for net, ys in heights.items() if len(ys) > 1}
    trunks = dict(zip(spans, stacked(list(spans.values()), edge, process.stub_width, across.space), strict=True))
    for track in tracks:
        high = trunks.get(track.net, track.high)
        yield Box(along.layer, track.low - wide, track.y - wide, high + wide, track.y + wide)
    at = {(track.row, track.net): track.y for track in tracks}
    stubs = [(pin.x, pin.y, at[r, pin.net]) for r, pins in enumerate(rows) for pin in pins]
    for x, low, high in [*stubs, *((trunks[net], low - thin, high) for net, (low, high) in spans.items())]:
        yield Box(across.layer, x - thin, low, x + thin, high + thin)
    for x, y in [*((x, y) for x, _, y in stubs), *((trunks[t.net], t.y) for t in tracks if t.net in trunks)]:
        yield square(cut.layer, x, y, cut.size)
