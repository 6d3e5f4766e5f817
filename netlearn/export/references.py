"""Whether what a design names is in it: one that was read from a file may have been changed by somebody."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from netlearn.export.design import GND, Block, Design, Number, Part


def missing(design: Design) -> str | None:
    """The first reference of a design that leads nowhere, or what is there twice, in words; None where there is none."""
    return next(_faults(design), None)


def _faults(design: Design) -> Iterator[str]:
    yield from _within("the top takes", design.top.params, ())
    for block in design.blocks:
        known = design.numbers if block is design.top else block.params
        yield from _twice(f"{block.name} has", [*(p.name for p in block.parts), *(u.name for u in block.uses)])
        yield from _twice(f"{block.name} has the port", block.ports)
        for part in block.parts:
            yield from _part(f"{block.name}.{part.name}", part, known)
        for use in block.uses:
            where = f"{block.name}.{use.name}"
            yield from _same(f"{where} is given", use.given, use.block.params)
            yield from _known(where, use.given, known)
            if len(use.nets) != len(use.block.ports):
                yield f"{where} is on {len(use.nets)} nets, and {use.block.name} has {len(use.block.ports)} ports"
    for part in design.bench.sources:
        yield from _part(part.name, part, design.numbers)
    yield from _same("names of numbers are", design.meaning, design.numbers)
    parts, nodes = set(_parts(design.top, "")) | {p.name for p in design.bench.sources}, set(_nets(design.top, ""))
    outside = {net for part in design.bench.sources for net in part.nets}
    yield from _within("a name of a part is", design.parts.values(), parts)
    yield from _within("a name of a node is", design.nodes.values(), nodes | outside | {GND})
    yield from _within("a voltage is of", design.voltages, design.nodes)
    yield from _within("an input drives", [net for d in design.bench.drives for net in d.nets], nodes | outside | {GND})
    yield from _within(
        "an output reads", [n for r in design.bench.reads for n in (r.plus, r.minus)], nodes | outside | {GND}
    )
    yield from _within("an output reads", design.bench.currents.values(), parts)
    yield from (f"an input {d.name} is of kind {d.kind}" for d in design.bench.drives if d.kind not in ("V", "I"))


def _part(where: str, part: Part, known: Collection[str]) -> Iterator[str]:
    yield from _same(f"{where} has", part.numbers, part.device.param_names)
    yield from _known(where, part.numbers, known)
    yield from _within(f"of {where} is learned", part.learned, part.numbers)


def _known(where: str, numbers: Mapping[str, Number], known: Collection[str]) -> Iterator[str]:
    yield from _within(f"{where} takes", [v for v in numbers.values() if isinstance(v, str)], known)


def _same(what: str, found: Collection[str], wanted: Collection[str]) -> Iterator[str]:
    yield from _within(what, found, wanted)
    yield from (f"{what} no {name}" for name in wanted if name not in found)


def _within(what: str, found: Collection[str], known: Collection[str]) -> Iterator[str]:
    yield from (f"{what} {name}, which is not there" for name in found if name not in known)


def _twice(what: str, names: Collection[str]) -> Iterator[str]:
    seen = set[str]()
    for name in names:
        if name in seen:
            yield f"{what} {name} twice"
        seen.add(name)


def _parts(block: Block, before: str) -> Iterator[str]:
    yield from (before + part.name for part in block.parts)
    for use in block.uses:
        yield before + use.name
        yield from _parts(use.block, f"{before}{use.name}.")


def _nets(block: Block, before: str) -> Iterator[str]:
    """Nets by the names that nodes have: those of a cell but its ports, which are their users'."""
    inside = block.nets if not before else [net for net in block.nets if net not in block.ports]
    yield from (before + net for net in inside)
    for use in block.uses:
        yield from _nets(use.block, f"{before}{use.name}.")
