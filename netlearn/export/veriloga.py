"""The law of a device as a Verilog-A module (Verilog-AMS language reference manual 2.4, its analog subset).

    current i(a, b) = x    I(a, b) <+ x;          voltage e(a, b) = x    branch (a, b) e;  V(e) <+ x;
    charge  q(a, b) = x    I(a, b) <+ ddt(x);     flux    e = x          V(e) <+ ddt(x);

I(e) is the current of the named branch. A branch of zero volts is written `V(e) <+ 0.0*I(e)`, as a plain zero makes one node of its
two ends and leaves I(e) without a value. What appears more than once becomes a variable. A series resistance of the device is
between a terminal and a node of the module's own, which is the terminal itself where the resistance is zero. A device that is
something else at rest is so until time begins (`analysis("static")` is false where ngspice 46 begins a transient run).

Functions that Verilog-A has not, or has with another meaning, are spelled out so that value and derivative are ours everywhere
and nothing overflows. With u = exp(-|x|):

    limexp(x)   = exp(min(x, 80)) (1 + max(x - 80, 0))
    softplus(x) = max(x, 0) + log(1 + u) = max(x, 0) + 2 atanh(u / (2 + u)),    which keeps its digits where u is small

Parameters are those of an instance (and may stand on a model's line, too). One that must be given has the default zero: a
simulator refuses that where it must be greater than zero. k/q is a number, as in netlearn, and not the simulator's. Parameters are
at 27 C, and move with $temperature by the device's own law (tc1 and tc2 of a resistance); a device with a parameter `temp` is at
that, whatever the simulator's temperature is, and its parameters are those that it has there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from netlearn.devices import Device, Param
from netlearn.devices.primitives import LIMIT
from netlearn.export.contributions import at_rest, contributions, shared, warmed
from netlearn.export.leaves import distinct, law_names
from netlearn.export.names import RESERVED, model_name
from netlearn.export.spelling import Language, spell

VERILOG_A = Language(
    forms={
        "log": "ln({0})",
        "fabs": "abs({0})",
        "sign": "({0} > 0.0 ? 1.0 : ({0} < 0.0 ? -1.0 : 0.0))",
        "limexp": f"(exp(min({{0}}, {LIMIT}))*(1.0 + max({{0}} - {LIMIT}, 0.0)))",
        "softplus": "({0} > 0.0 ? {0} + 2.0*atanh(exp(-({0}))/(2.0 + exp(-({0})))) : 2.0*atanh(exp({0})/(2.0 + exp({0}))))",
        "logistic": "(1.0/(1.0 + exp(min(-({0}), 300.0))))",
        "pos": "max({0}, 0.0)",
        "where": "({0} ? {1} : {2})",
        "ITE": "({0} ? {1} : {2})",
        "and": "({0} && {1})",
        "or": "({0} || {1})",
        "not": "(!{0})",
        "static": "($abstime <= 0.0)",
        "hot": "$temperature",
    },
    square=lambda base, n: f"pow({base}, {n})",
    power="pow({0}, {1})",
)


def modules(devices: Iterable[Device]) -> str:
    """The modules of some devices as one text."""
    return "\n".join(module(device) for device in devices)


def module(device: Device, name: str = "") -> str:
    """The Verilog-A text of a device: KitError where its law is not known."""
    name = name or model_name(device)
    known = law_names(device)
    found = contributions(device)
    common, trees = shared([warmed(device, c.tree) for c in found])
    inner = {t: f"{known['v', t]}_inner" for _, t in device.series}
    free = distinct([*inner.values(), *(f"t{k + 1}" for k in range(len(common)))], [*RESERVED, *known.values()])
    inner = dict(zip(inner, free, strict=False))
    variables = free[len(inner) :]
    inside = {t: inner.get(t, known["v", t]) for t in device.terminals}

    def leaf(kind: str, of: str) -> str:
        if kind == "t":
            return variables[int(of)]
        if kind == "v":
            return f"V({', '.join(inside[t] for t in of.split(','))})"
        return known[kind, of] if kind == "p" else f"I({known[kind, of]})"

    ports = ", ".join(known["v", t] for t in device.terminals)
    lines = [
        f"// {device.name}: {device.doc}",
        "// Written by netlearn from the law of the element.",
        *(f"// {line}" for line in at_rest(device)),
        *(f"// {what} {given} is called {known[kind, given]} here." for kind, what, given in _renamed(device)),
        "",
        '`include "disciplines.vams"  // of the Verilog-AMS standard, which every compiler brings with it',
        "",
        f"module {name}({ports});",
        f"  inout {ports};",
        f"  electrical {ports};",
        *([f"  electrical {', '.join(inner.values())};"] if inner else []),
        *(f"  branch ({inside[c.a]}, {inside[c.b]}) {known['i', c.name]};" for c in found if c.kind == "V"),
        *(_parameter(p, known["p", p.name]) for p in device.params),
        *([f"  real {', '.join(variables)};"] if variables else []),
        "",
        "  analog begin",
        *(line for p, t in device.series for line in _series(known["p", p], known["v", t], inner[t])),
        *(f"    {v} = {spell(tree, leaf, VERILOG_A)};" for v, tree in zip(variables, common, strict=True)),
    ]
    for c, tree in zip(found, trees, strict=True):
        access = f"I({inside[c.a]}, {inside[c.b]})" if c.kind in "IQ" else f"V({known['i', c.name]})"
        text = spell(tree, leaf, VERILOG_A)
        if c.kind == "V" and tree == ("c", 0.0):
            text = f"0.0*I({known['i', c.name]})"
        lines.append(f"    {access} <+ {f'ddt({text})' if c.kind in 'QF' else text};")
    return "\n".join([*lines, "  end", "endmodule", ""])


def _renamed(device: Device) -> list[tuple[str, str, str]]:
    words = {"p": "parameter", "v": "terminal", "i": "branch"}
    return [(kind, words[kind], given) for (kind, given), name in law_names(device).items() if name != given]


def _parameter(param: Param, name: str) -> str:
    given = f'desc="{param.doc}"' + (f', units="{param.unit}"' if param.unit else "") + ', type="instance"'
    low = max(param.least, 0.0 if param.allowed != "any" else -math.inf)
    opened = "(" if low == -math.inf or (param.allowed == "positive" and low == 0.0) else "["
    closed = ")" if param.most == math.inf else "]"
    bounds = f"{opened}{_number(low)}:{_number(param.most)}{closed}"
    within = f" from {bounds}" if bounds != "(-inf:inf)" else ""
    return f"  (* {given} *) parameter real {name} = {_number(param.default or 0.0)}{within};"


def _number(value: float) -> str:
    return repr(float(value))


def _series(resistance: str, outer: str, inner: str) -> list[str]:
    return [
        f"    if ({resistance} > 0.0)",
        f"      I({outer}, {inner}) <+ V({outer}, {inner})/{resistance};",
        "    else",
        f"      V({outer}, {inner}) <+ 0.0;",
    ]
