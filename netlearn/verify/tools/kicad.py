"""KiCad reads the schematics: what it says is on each net, what is to be bought, its electrical rules; and the deck that it makes
of them is run by ngspice."""

from __future__ import annotations

import csv
import xml.etree.ElementTree as xml
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from netlearn.export.board.inside import places
from netlearn.export.board.pack import Board, packed
from netlearn.export.design import Design
from netlearn.export.formats.kicad import ROOT, on_net
from netlearn.verify.model import FAILED, NOT_CHECKED, PASSED, Check, Verifier, complaint, program, ran
from netlearn.verify.tools.ngspice import simulated
from netlearn.verify.versions import of_program

SHEET = f"{ROOT}.kicad_sch"


def check(folder: Path, format: str, design: Design) -> Iterator[Check]:
    """Rules, nets, bill of material, node voltages."""
    board = packed(design)
    yield _rules(folder, format)
    yield _nets(folder, format, board)
    yield _bill(folder, format, board)
    yield from _voltages(folder, format, design, board)


def _rules(folder: Path, format: str) -> Check:
    found = ran(
        ["kicad-cli", "sch", "erc", "--severity-error", "--exit-code-violations", "-o", "erc.rpt", SHEET], folder
    )
    if found.status == 0:
        return Check("kicad", format, "errors by electrical rules", "0", "0", None, PASSED)
    report = folder / "erc.rpt"
    return complaint(
        "kicad", format, "errors by electrical rules", report.read_text() if report.is_file() else found.said
    )


def _nets(folder: Path, format: str, board: Board) -> Check:
    """Which pins are together, of everything on the board."""
    found = ran(["kicad-cli", "sch", "export", "netlist", "--format", "kicadxml", "-o", "nets.xml", SHEET], folder)
    quantity = "pins by net"
    if found.status != 0 or not (folder / "nets.xml").is_file():
        return complaint("kicad", format, quantity, found.said)
    refs = {box.ref for box in board.bought}
    theirs: dict[str, set[tuple[str, str]]] = {}
    for net in xml.parse(folder / "nets.xml").iter("net"):
        ends = {(n.get("ref", ""), n.get("pin", "")) for n in net.iter("node") if n.get("ref") in refs}
        name = net.get("name", "")
        if ends and not name.startswith("unconnected-"):
            theirs[name] = ends
    return same_nets("kicad", format, board, theirs)


def same_nets(tool: str, format: str, board: Board, theirs: dict[str, set[tuple[str, str]]]) -> Check:
    """A row for the nets of a board as a tool read them: by name, the pins of each."""
    ours = {on_net(name): set(ends) for name, ends in board.nets.items()}
    pins = sum(map(len, ours.values()))
    wrong = sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
    said = f"{pins} on {len(ours)}"
    if not wrong:
        return Check(tool, format, "pins by net", said, said, None, PASSED)
    here, there = (" ".join(map(".".join, sorted(of.get(wrong[0], ())))) or "no pins" for of in (ours, theirs))
    return Check(tool, format, "pins by net", f"{wrong[0]}: {here}", there, None, FAILED)


def _bill(folder: Path, format: str, board: Board) -> Check:
    """How many of what is bought."""
    fields = "Value,Footprint,${QUANTITY}"
    command = [
        "kicad-cli",
        "sch",
        "export",
        "bom",
        "--fields",
        fields,
        "--labels",
        fields,
        "--group-by",
        "Value,Footprint",
    ]
    found = ran([*command, "-o", "bom.csv", SHEET], folder)
    ours = Counter((box.value, box.footprint) for box in board.bought)
    if found.status != 0 or not (folder / "bom.csv").is_file():
        return complaint("kicad", format, "what is bought", found.said)
    with (folder / "bom.csv").open(newline="", encoding="utf-8") as text:
        theirs = {(row[0], row[1]): int(row[2]) for row in list(csv.reader(text))[1:]}
    wrong = sorted(key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key))
    said = f"{ours.total()} of {len(ours)} kinds"
    if not wrong:
        return Check("kicad", format, "what is bought", said, said, None, PASSED)
    here, there = (f"{of.get(wrong[0], 0)} {wrong[0][0]}" for of in (ours, theirs))
    return Check("kicad", format, "what is bought", here, there, None, FAILED)


def _voltages(folder: Path, format: str, design: Design, board: Board) -> Iterator[Check]:
    """What ngspice says of KiCad's deck."""
    if program("ngspice") is None:
        yield Check("kicad", format, "node voltages", "", "no ngspice to run its deck", None, NOT_CHECKED)
        return
    made = ran(["kicad-cli", "sch", "export", "netlist", "--format", "spice", "-o", "deck.cir", SHEET], folder)
    if made.status != 0 or not (folder / "deck.cir").is_file():
        yield complaint("kicad", format, "a deck for SPICE", made.said)
        return
    deck = folder / "deck.cir"
    deck.write_text(deck.read_text().replace(f"{folder.resolve()}/", ""))
    yield from simulated("kicad", format, design, folder, deck.name, places(design, board))


VERIFIER = Verifier(
    "kicad",
    "reads schematics, makes a deck that ngspice runs",
    ("kicad",),
    "KiCad 9, from bookworm-backports or kicad.org",
    # one before 9 does not know fields of simulations as they are here
    partial(of_program, "kicad-cli", "version", r"(?:^|\s)((?:9|\d\d+)\.\S*)\s*\Z"),
    check,
)
