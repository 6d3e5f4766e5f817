"""What is allowed but probably not meant: nets that float, prefixes that SPICE reads otherwise, an index for a count."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from netlearn.circuit.model import GROUND, Cell, Element, Instance
from netlearn.errors import Source, Span
from netlearn.lang.draft import STATE, Draft, Groups

_MEGA = re.compile(r"(?<![\w.])(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?M(?!\w)")


def mega(source: Source) -> tuple[Span, str] | None:
    """The first number such as 1M, which a SPICE reader takes for milli."""
    for number, line in enumerate(source.text.split("\n"), 1):
        bare = re.sub(r'"[^"]*"?|#.*', lambda m: " " * len(m[0]), line)
        if found := _MEGA.search(bare):
            return Span(number, found.start() + 1, len(found[0])), found[0]
    return None


class Paths:
    """Which nets a direct current can flow between: a union-find over names."""

    def __init__(
        self, elements: Iterable[Element], instances: Iterable[Instance], inside: Mapping[int, Groups]
    ) -> None:
        self.parent: dict[str, str] = {}
        for element in elements:
            device = element.device
            if device.name != "C":
                pairs = zip(element.nodes, device.terminals, strict=True)
                self.join([node for node, terminal in pairs if terminal not in device.control])
        for instance in instances:
            for group in inside[id(instance.cell)]:
                self.join([instance.nets.get(port, port) for port in group])

    def root(self, net: str) -> str:
        parent = self.parent
        while (above := parent.get(net, net)) != net:
            parent[net] = parent.get(above, above)
            net = above
        return net

    def join(self, nets: Sequence[str]) -> None:
        for net in nets[1:]:
            self.parent[self.root(net)] = self.root(nets[0])

    def groups(self, ports: Iterable[str]) -> Groups:
        """The ports, and ground, by what joins them; those that nothing joins are left out."""
        found: dict[str, list[str]] = {}
        for net in {GROUND: None, **dict.fromkeys(ports)}:
            found.setdefault(self.root(net), []).append(net)
        return tuple(tuple(group) for group in found.values() if len(group) > 1)

    def floating(self, nets: Iterable[str], anchors: Iterable[str]) -> list[list[str]]:
        """The islands of nets that no path joins to an anchor."""
        held = {self.root(a) for a in anchors}
        islands: dict[str, list[str]] = {}
        for net in nets:
            if (root := self.root(net)) not in held:
                islands.setdefault(root, []).append(net)
        return list(islands.values())


def _lint_paths(draft: Draft, paths: Paths, cell: Cell) -> None:
    driven = [net for i in draft.inputs if i.kind == "V" for net in i.nodes]
    nets = [net for net, token in draft.nets.items() if token is not None and draft.uses[net] > 1]
    for island in paths.floating(nets, [GROUND, *driven, *(() if draft.top else cell.ports)]):
        others = f" (nor have {len(island) - 1} nets joined to it)" if len(island) > 1 else ""
        draft.session.report.lint(
            f"net '{island[0]}' has no conducting path to ground{others}",
            draft.source,
            draft.nets[island[0]],
            "drive it with an input or a source, or join it to gnd",
        )


def _lint_numbered(draft: Draft) -> None:
    """An element like `u[3]` that has no other beside it: an array of nets is written alike."""
    for name, token in draft.numbered.items():
        count = int(name.removeprefix(str(token)).strip("[]"))
        if draft.scope[str(token)].count == 1 and count > 1:
            help = (
                f"for {count} write for k in 0..{count - 1} {{ ... {token}[k](...) ... }}; for one, leave the index out"
            )
            draft.session.report.lint(f"this is one element called {name}, not {count}", draft.source, token, help)


def lint_cell(draft: Draft, cell: Cell) -> None:
    paths = Paths(cell.elements, cell.instances, draft.session.paths)
    draft.session.paths[id(cell)] = paths.groups(cell.ports)
    draft.session.uses[id(cell)] = {net: draft.uses[net] for net in cell.ports}
    if draft.failed:
        return
    _lint_paths(draft, paths, cell)
    _lint_numbered(draft)
    report = draft.session.report
    unused: dict[tuple[int, int], list[str]] = {}
    for net, token in draft.nets.items():
        if token is not None and draft.uses[net] < 2:
            unused.setdefault((id(token), draft.uses[net]), []).append(net)
    for (_, uses), nets in unused.items():
        half = f", the {nets[0].rsplit('.', 1)[1]} half of a bundle," if "." in nets[0] else ""
        more = f" (like {len(nets) - 1} more of {draft.nets[nets[0]]})" if len(nets) > 1 else ""
        message, help = (
            ("is never used", "remove it or connect it")
            if uses == 0
            else ("has one connection only: it floats", "connect a second terminal, drive it, or read it")
        )
        report.lint(f"net '{nets[0]}'{half} {message}{more}", draft.source, draft.nets[nets[0]], help)
    for port in draft.ports:
        for net in port.nets():
            if port.type != STATE and draft.uses[net] == 0 and net != GROUND:
                report.lint(
                    f"port '{net}' is not used inside {draft.definition.name}", draft.source, draft.declared[port.name]
                )
