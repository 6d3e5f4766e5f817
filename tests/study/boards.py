"""Boards for the tests of studies."""

from __future__ import annotations

from pathlib import Path

from netlearn.lang.compile import Netlist, compile_netlist
from netlearn.study.stand import Stand, stand

ROOT = Path(__file__).resolve().parents[2]


def netlist(name: str, *changes: tuple[str, str]) -> Netlist:
    """One of the imperfect boards, with some of its text changed."""
    path = ROOT / "netlists" / "imperfect" / f"{name}.nl"
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return compile_netlist(text, str(path), path.parent, ())


def board(name: str, *changes: tuple[str, str], draws: int = 1) -> Stand:
    """Its first schedule's tasks on a stand."""
    found = netlist(name, *changes)
    holds = next(iter(found.schedules.values())).holds
    return stand(found, list(dict.fromkeys(hold.task for hold in holds)), tuple(range(draws)))


DIVIDER = """circuit Divider {
  net a, out
  G up(a, out) = learn(1mS, 0.1mS..10mS)
  G down(out, gnd) = learn(1mS, 0.1mS..10mS)
  input x = V(a)
  output y = V(out)
}
task t on Divider {
  data x: [0.4V] -> y: [LABEL]
  rule RULE
  LOSS
  imperfection bias(value = BIAS)
}"""
"""Two equal conductances: the output is at half of 0.4 V."""


def divider(rule: str, label: str = "0.25V", bias: str = "0", loss: str = "loss square") -> Stand:
    text = DIVIDER.replace("RULE", rule).replace("LABEL", label).replace("BIAS", bias).replace("LOSS", loss)
    return stand(compile_netlist(text), ["t"])
