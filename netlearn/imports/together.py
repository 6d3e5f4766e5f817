"""What parts of a scope do to each other, once all of them are read: currents that are sensed, and voltages of `.ic`.

A current that F and H sense flows through a voltage source. Ours sense a short of their own, which is put in series with that
source, at its positive end:

    V a b,  F p n V gain     becomes     CCCS f(p, n, a, v_1) = gain,  V v(v_1, b)

and a source of 0 V, which then only is another short, goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from netlearn.imports.deck import HELD, HELD_HELP, Deck, Scope
from netlearn.imports.expressions import Expression
from netlearn.imports.part import Part


def sensing(found: Sequence[Part]) -> list[Part]:
    """Parts with the shorts that sense currents put in series with their sources (see the top)."""
    sensed: dict[str, list[int]] = {}
    sources = {part.name.lower(): k for k, part in enumerate(found) if part.kind == "V"}
    made = list(found)
    for k, part in enumerate(found):
        if part.senses is not None:
            if part.senses.key not in sources:
                help = "name a voltage source of the same subcircuit, such as vsense a b 0"
                raise part.card.refused(f"there is no voltage source '{part.senses.text}' here", part.senses, help)
            sensed.setdefault(part.senses.key, []).append(k)
    gone = set()
    for key, users in sensed.items():
        source = found[sources[key]]
        start, end = source.nodes
        short = isinstance(source.value, Expression) and source.value.number == 0
        places = [f"{source.name} {k + 1}" for k in range(len(users) - short)]
        ends = [start, *places, *([end] if short else [])]
        for k, user in enumerate(users):
            made[user] = replace(
                found[user], nodes=(*found[user].nodes, ends[k], ends[k + 1]), said=f"senses {source.name}"
            )
        if short:
            gone.add(sources[key])
        else:
            made[sources[key]] = replace(source, nodes=(places[-1], end))
    return [part for k, part in enumerate(made) if k not in gone]


def charged(deck: Deck, scope: Scope, found: list[Part]) -> list[Part]:
    """Parts with what `.ic` says of nets as what capacitors from there to ground keep."""
    for card, net, value in scope.starts:
        for k, part in enumerate(found):
            if part.kind != "C" or "ic" in part.props or part.count is not None:
                continue
            ends = [node.lower() for node in part.nodes]
            if net.key in ends and any(deck.grounded(node) for node in part.nodes):
                tree = value.tree if net.key == ends[0] else ("negative", value.tree)
                found[k] = replace(part, props={"ic": Expression(tree, value.card, value.word)})
                deck.warn(card, HELD, net, HELD_HELP)
                break
        else:
            deck.notes.append(f"left out, no capacitor joins {net.text} to ground: {card.text.strip()}")
            message = "this .ic is left out: no capacitor joins the net to ground, so a transient begins elsewhere"
            deck.warn(card, message, net, f"join one, such as Cx {net.text} 0 1f")
    for part in found:
        if deck.charged and part.kind in ("C", "L") and "ic" not in part.props:
            message = "by uic this begins at 0 in SPICE, and here at its operating point"
            deck.warn(part.card, message, None, "give a capacitor ic=0, or take uic out")
    return found
