"""Small boards for tests of studies."""

from __future__ import annotations

from pathlib import Path

from netlearn.lang.compile import Netlist, compile_netlist
from netlearn.study.stand import Stand, stand

IMPERFECT = Path(__file__).resolve().parents[2] / "netlists" / "imperfect"
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


def shipped(name: str) -> Netlist:
    """One of the netlists of imperfect boards."""
    path = IMPERFECT / f"{name}.nl"
    return compile_netlist(path.read_text(), str(path), path.parent)
