"""Laws whose lets use others twice: a few lines could say what no computer can differentiate."""

from __future__ import annotations

import pytest

from netlearn.errors import NetlistError
from netlearn.lang.compile import compile_netlist


def law(lets: int) -> str:
    chain = "\n".join(f"  let a{k + 1} = a{k} * tanh(a{k})" for k in range(lets))
    body = f"  let a0 = V(p, n) / 1V\n{chain}\n  current i(p, n) = g * 1V * a{lets}\n"
    return f"netlearn 0.1\nelement Chain(p, n; g = 1mS) {{\n{body}}}\ncircuit A {{\n  net a\n  Chain c(a, gnd)\n  I s(gnd, a) = 1mA\n}}\n"


def test_a_law_of_lets_is_read_up_to_a_size() -> None:
    assert compile_netlist(law(6)).circuit.name == "A"
    with pytest.raises(NetlistError, match="operations when every let is put in"):
        compile_netlist(law(40))
