"""SPICE and CDL text to a netlist of ours.

What is read, in the dialect that ngspice and HSPICE share, and of CDL (a file whose name ends in .cdl):

    elements     R C L (value, model, tc1, tc2, m) V I (dc, ac left out, pulse, sin, pwl) D M (level 1) E G F H (linear) X
    statements   .subckt .ends .model (d nmos pmos r c) .param .func .global .ic .include .lib .end .title
    left out     analyses, what they print, options that change no number: a comment says so
    warned of    what may make another operating point, or another begin of a transient, than in SPICE: dc of a function of time,
                 .ic and what it has no capacitor for, uic, .nodeset and off, the temperature, a kit's transistor's layout
    expressions  of parameters, in {} or '' or bare: + - * / ** ^ ( ), sqrt exp log log10 abs min max sin cos tanh pow sqr floor
    numbers      t g meg k mil m u n p f, in any case; letters behind them say nothing
    comments     * ; $ //, and *.PININFO and its like of CDL (netlearn.imports.commands); `+` goes on with a line
    CDL          R1 a b 10k rpoly, $[model], $.MODEL=, $W= $L=, X1 a b / cell, X1 cell $PINS a=n1, *.GLOBAL;
                 names that end in ! are the same net everywhere; D of any model, and M of nch and pch, need no .model

A model that is named and not given can be a model card of ours, or a transistor of a process kit, sky130_fd_pr__nfet_01v8 or
sky130__nfet_01v8. Everything else is refused by name, with its place, such as an option that makes other numbers. A netlist is
data: nothing in it runs a program; files are read inside the folder of the netlist and of `allowed` only; sizes are limited
(netlearn.imports.cards).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from netlearn.errors import CheckFault, Diagnostic, NetlistError, Source
from netlearn.imports.deck import read_deck
from netlearn.imports.write import Line, write
from netlearn.lang.compile import compile_netlist, read_source
from netlearn.lang.format import laid_out

SUFFIXES = (".cir", ".cdl", ".sp", ".spi", ".spice", ".ckt", ".net")
"""How the names of files end that are SPICE text."""
MOST_FAULTS = 50


@dataclass(frozen=True)
class Imported:
    """The text of a netlist, and what of its operating points or transients may not be as in SPICE, one warning a sort."""

    text: str
    warnings: tuple[Diagnostic, ...]


def import_text(text: str, name: str, folder: Path | None = None, allowed: Sequence[Path] = ()) -> Imported:
    """A netlist of ours that is the same circuit; `name` is what the text is called in messages, and its stem the circuit.

    NetlistError with every fault that was found, each at its place in the SPICE text."""
    source = Source(name, text.removeprefix("\ufeff").replace("\r\n", "\n"))
    deck = read_deck(source, folder, allowed, cdl=name.lower().endswith(".cdl"))
    lines = write(deck, Path(name).name, Path(name).stem or "netlist") if deck.whole else []
    if deck.faults:
        raise CheckFault(list(dict.fromkeys(deck.faults))[:MOST_FAULTS])
    made = "".join(f"{line.text}\n" for line in lines)
    _checked(made, lines, source, folder)
    return Imported(laid_out(made), _told(deck.warnings))


def import_file(path: str | Path, allowed: Sequence[Path] = ()) -> Imported:
    """The same for a file; its own folder is allowed."""
    path = Path(path)
    return import_text(read_source(path), str(path), path.parent, allowed)


def _told(warnings: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Warnings of one message as the first of them, which says how many more there are."""
    counts = Counter(one.message for one in warnings)
    first = {one.message: one for one in reversed(warnings)}
    return tuple(
        replace(first[message], message=f"{message}{f' (and {count - 1} more)' if count > 1 else ''}")
        for message, count in counts.items()
    )


def _checked(made: str, lines: Sequence[Line], source: Source, folder: Path | None) -> None:
    """Check what was made; what is wrong with it is said of the card that it comes from."""
    try:
        compile_netlist(made, source.name, folder)
    except NetlistError as error:
        raise CheckFault([_placed(d, lines, source) for d in error.diagnostics]) from None


def _placed(fault: Diagnostic, lines: Sequence[Line], source: Source) -> Diagnostic:
    card = lines[fault.span.line - 1].card if 0 < fault.span.line <= len(lines) else None
    if card is None:
        return replace(fault, source=Source(source.name, ""))
    # Of what stands there, the word that the fault is about, if it is written alike.
    wrong = fault.source.line(fault.span.line)[fault.span.column - 1 :][: fault.span.length]
    word = next((w for w in card.words if re.sub(r"\W", "", w.key) == re.sub(r"\W", "", wrong).lower() and wrong), None)
    return replace(fault, source=card.source, span=card.span(word))
