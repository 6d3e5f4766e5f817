"""The symbolic half of `netlearn.devices.law`: law text to sympy, derivatives, and printed source.

Imported only when a law is met for the first time on a machine (sympy takes a quarter of a second).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import sympy as sp
from lark import Token, Tree
from sympy.printing.pycode import AbstractPythonCodePrinter

from netlearn import units
from netlearn.devices.primitives import CONSTANTS, LIMIT, VOLTS_A_KELVIN
from netlearn.syntax import parse

Expr = Any


class limexp(sp.Function):  # type: ignore[misc]
    """exp continued by its tangent above LIMIT."""

    def fdiff(self, argindex: int = 1) -> Expr:
        return dlimexp(self.args[0])


class dlimexp(sp.Function):  # type: ignore[misc]
    def fdiff(self, argindex: int = 1) -> Expr:
        x = self.args[0]
        return sp.Piecewise((dlimexp(x), x < LIMIT), (sp.Float(0), True))


class softplus(sp.Function):  # type: ignore[misc]
    def fdiff(self, argindex: int = 1) -> Expr:
        return logistic(self.args[0])


class logistic(sp.Function):  # type: ignore[misc]
    def fdiff(self, argindex: int = 1) -> Expr:
        return self * (1 - self)


class pos(sp.Function):  # type: ignore[misc]
    def fdiff(self, argindex: int = 1) -> Expr:
        return step(self.args[0])


class step(sp.Function):  # type: ignore[misc]
    def fdiff(self, argindex: int = 1) -> Expr:
        return sp.Float(0)


class fabs(sp.Function):  # type: ignore[misc]
    def fdiff(self, argindex: int = 1) -> Expr:
        return sign(self.args[0])


class sign(sp.Function):  # type: ignore[misc]
    def fdiff(self, argindex: int = 1) -> Expr:
        return sp.Float(0)


class grown(sp.Function):  # type: ignore[misc]
    """exp(min(x, top)), where a third argument is given in those cases only in which that holds."""


class reciprocal(sp.Function):  # type: ignore[misc]
    """1 / x, that sympy does not take for a power."""


def where(condition: Expr, yes: Expr, no: Expr) -> Expr:
    return sp.Piecewise((yes, condition), (no, True))


def minimum(a: Expr, b: Expr) -> Expr:
    return a - pos(a - b)


def maximum(a: Expr, b: Expr) -> Expr:
    return b + pos(a - b)


CALLS: dict[str, tuple[int, Callable[..., Expr]]] = {
    "exp": (1, sp.exp),
    "log": (1, sp.log),
    "sqrt": (1, sp.sqrt),
    "tanh": (1, sp.tanh),
    "sin": (1, sp.sin),
    "cos": (1, sp.cos),
    "abs": (1, fabs),
    "sign": (1, sign),
    "limexp": (1, limexp),
    "softplus": (1, softplus),
    "logistic": (1, logistic),
    "pos": (1, pos),
    "min": (2, minimum),
    "max": (2, maximum),
    "where": (3, where),
}


class LawReader:
    """Walks the statements of one law; afterwards holds f, q, branch names and the parts they are made of."""

    def __init__(self, terminals: Sequence[str], params: Sequence[str]) -> None:
        self.terminals = list(terminals)
        self.voltages = {t: sp.Symbol(f"v_{t}", real=True) for t in terminals}
        self.params = {p: sp.Symbol(f"p_{p}", real=True) for p in params}
        self.currents: dict[str, Expr] = {}  # voltage branch name to its unknown current
        self.names: dict[str, Expr] = {k: sp.Float(v) for k, v in CONSTANTS.items()}
        if "temp" in self.params:  # the device's own thermal voltage
            self.names["vt"] = sp.Float(VOLTS_A_KELVIN) * self.params["temp"]
        self.f: list[Expr] = [sp.Integer(0)] * len(terminals)
        self.q: list[Expr] = [sp.Integer(0)] * len(terminals)
        self.parts: list[tuple[str, str, str, str, Expr]] = []
        self.absolute = False  # whether a voltage is read from ground

    def read(self, law: str) -> LawReader:
        statements: list[Any] = list(parse(law, start="law").children)
        for statement in statements:  # branch currents may be used before their branch is written
            if statement.data == "voltage":
                name = str(statement.children[0])
                self.currents[name] = sp.Symbol(f"i_{name}", real=True)
        self.f += [sp.Integer(0)] * len(self.currents)
        self.q += [sp.Integer(0)] * len(self.currents)
        for statement in statements:
            getattr(self, f"_{statement.data}")(statement.children)
        return self

    def _let(self, parts: list[Any]) -> None:
        self.names[str(parts[0])] = self.expr(parts[1])

    def _current(self, parts: list[Any]) -> None:
        self._flow(self.f, "I", parts)

    def _charge(self, parts: list[Any]) -> None:
        self._flow(self.q, "Q", parts)

    def _flow(self, rows: list[Expr], kind: str, parts: list[Any]) -> None:
        a, b = self._ends(parts)
        value = self.expr(parts[-1])
        rows[self.terminals.index(a)] += value
        rows[self.terminals.index(b)] -= value
        self.names.setdefault(str(parts[0]), value)
        self.parts.append((kind, str(parts[0]), a, b, value))

    def _voltage(self, parts: list[Any]) -> None:
        name = str(parts[0])
        a, b = self._ends(parts)
        current, value = self.currents[name], self.expr(parts[-1])
        self.f[self.terminals.index(a)] += current
        self.f[self.terminals.index(b)] -= current
        row = len(self.terminals) + list(self.currents).index(name)
        self.f[row] += self.voltages[a] - self.voltages[b] - value
        self.parts.append(("V", name, a, b, value))

    def _flux(self, parts: list[Any]) -> None:
        value = self.expr(parts[1])
        self.q[len(self.terminals) + list(self.currents).index(str(parts[0]))] -= value
        self.parts.append(("F", str(parts[0]), "", "", value))

    def _learnable(self, parts: list[Any]) -> None:
        """Bounds of a learnable parameter belong to the device, not to its law."""

    def _ends(self, parts: list[Any]) -> tuple[str, str]:
        if len(parts) == 3:
            return str(parts[1].children[0]), str(parts[1].children[1])
        return self.terminals[0], self.terminals[1]

    def expr(self, tree: Tree[Token]) -> Expr:
        return getattr(self, f"_x_{tree.data}")(tree.children)

    def _x_number(self, parts: list[Any]) -> Expr:
        value = units.parse_number(str(parts[0])).number
        return sp.Integer(int(value)) if value == int(value) and abs(value) < 1e6 else sp.Float(value, 17)

    def _x_group(self, parts: list[Any]) -> Expr:
        return self.expr(parts[0])

    def _x_ref(self, parts: list[Any]) -> Expr:
        name = str(parts[0])
        if name in self.params:
            return self.params[name]
        if name == "v" and name not in self.names:
            return self.voltages[self.terminals[0]] - self.voltages[self.terminals[1]]
        return self.names[name]

    def _x_call(self, parts: list[Any]) -> Expr:
        name = str(parts[0].children[0])
        if name == "V":
            ends = [self.voltages[str(p.children[0])] for p in parts[1:]]
            self.absolute |= len(ends) == 1
            return ends[0] - ends[1] if len(ends) == 2 else ends[0]
        if name == "I":
            return self.currents[str(parts[1].children[0])]
        if name == "slope":  # of an expression, by the voltage of a terminal
            (terminal,) = (str(p.children[0]) for p in parts[2].children[1:])
            return sp.diff(self.expr(parts[1]), self.voltages[terminal])
        return CALLS[name][1](*[self.expr(p) for p in parts[1:]])

    def _x_negative(self, parts: list[Any]) -> Expr:
        return -self.expr(parts[0])

    def _x_power(self, parts: list[Any]) -> Expr:
        base, exponent = self.expr(parts[0]), self.expr(parts[1])
        if base.is_number and exponent.is_number and not (exponent.is_Integer and abs(exponent) <= 64):
            return sp.Float(float(base) ** float(exponent), 17)  # exact powers of powers have no end
        return base**exponent

    def _x_binary(self, parts: list[Any]) -> Expr:
        a, b = self.expr(parts[0]), self.expr(parts[2])
        return {"+": a + b, "-": a - b, "*": a * b}.get(str(parts[1])) if str(parts[1]) != "/" else a / b

    def _x_compare(self, parts: list[Any]) -> Expr:
        a, b = self.expr(parts[0]), self.expr(parts[2])
        relation = {"<": sp.Lt, "<=": sp.Le, ">": sp.Gt, ">=": sp.Ge, "==": sp.Eq, "!=": sp.Ne}
        return relation[str(parts[1])](a, b)

    def _x_and_(self, parts: list[Any]) -> Expr:
        return sp.And(self.expr(parts[0]), self.expr(parts[1]))

    def _x_or_(self, parts: list[Any]) -> Expr:
        return sp.Or(self.expr(parts[0]), self.expr(parts[1]))

    def _x_not_(self, parts: list[Any]) -> Expr:
        return sp.Not(self.expr(parts[0]))


class _Source(AbstractPythonCodePrinter):  # type: ignore[misc]
    """Python source over the names of `law.FUNCTIONS`; the same text serves arrays and scalars."""

    def _print_Function(self, e: Expr) -> str:
        return f"{type(e).__name__}({', '.join(self._print(a) for a in e.args)})"

    def _print_reciprocal(self, e: Expr) -> str:
        return f"(1.0/({self._print(e.args[0])}))"

    _print_exp = _print_log = _print_tanh = _print_sin = _print_cos = _print_Function

    def _print_Piecewise(self, e: Expr) -> str:
        (yes, condition), (no, _) = e.args[0].args, e.args[-1].args
        if len(e.args) > 2:
            no = sp.Piecewise(*e.args[1:], evaluate=False)
        return f"where({self._print(condition)}, {self._print(yes)}, {self._print(no)})"

    def _print_Pow(self, e: Expr, rational: bool = False) -> str:
        base, exponent = e.args
        if exponent == sp.Rational(1, 2):
            return f"sqrt({self._print(base)})"
        if exponent == -sp.Rational(1, 2):
            return f"(1.0/sqrt({self._print(base)}))"
        text = f"({self._print(base)})"
        if exponent.is_Integer and 1 <= abs(int(exponent)) <= 4:
            product = "*".join([text] * abs(int(exponent)))
            return f"({product})" if exponent > 0 else f"(1.0/({product}))"
        return f"({text}**({self._print(exponent)}))"

    def _print_And(self, e: Expr) -> str:
        return "(" + " & ".join(f"({self._print(a)})" for a in e.args) + ")"

    def _print_Or(self, e: Expr) -> str:
        return "(" + " | ".join(f"({self._print(a)})" for a in e.args) + ")"

    def _print_Not(self, e: Expr) -> str:
        return f"(~({self._print(e.args[0])}))"

    def _print_BooleanTrue(self, e: Expr) -> str:
        return "(0 == 0)"

    def _print_BooleanFalse(self, e: Expr) -> str:
        return "(0 == 1)"

    def _print_Rational(self, e: Expr) -> str:
        return f"({e.p}.0/{e.q}.0)"

    def _print_Integer(self, e: Expr) -> str:
        return f"{int(e)}.0"

    def _print_Float(self, e: Expr) -> str:
        return repr(float(e))


def _tree(e: Expr) -> tuple[Any, ...]:
    """An expression as nested tuples (see `law.Kernel.spice`), for printers of other languages."""
    if e.is_Symbol:
        kind, name = e.name.split("_", 1)
        return (kind, name)
    if e.is_Number or e in (sp.E, sp.pi):
        return ("c", float(e))
    if isinstance(e, sp.Piecewise):
        (yes, condition), rest = e.args[0].args, e.args[1:]
        no = rest[0].args[0] if len(rest) == 1 else sp.Piecewise(*rest, evaluate=False)
        return ("where", _tree(condition), _tree(yes), _tree(no))
    if e in (sp.true, sp.false):
        return ("c", float(e == sp.true))
    names = {"Add": "+", "Mul": "*", "Pow": "^", "And": "and", "Or": "or", "Not": "not"}
    name = names.get(type(e).__name__) or getattr(e, "rel_op", None) or type(e).__name__
    return (name, *(_tree(a) for a in e.args))


def generate(terminals: Sequence[str], params: Sequence[str], law: str) -> str:
    """Python source of the kernels of a law (see `law.Kernel`)."""
    reader = LawReader(terminals, params).read(law)
    x = [*reader.voltages.values(), *reader.currents.values()]
    p = list(reader.params.values())
    entries, jacobian = _derivatives(reader.f, x)
    sensitivity_entries, sensitivity = _derivatives(reader.f, p)
    charge_entries, charge_jacobian = _derivatives(reader.q, x)
    parts = tuple((k, n, a, b, _tree(e)) for k, n, a, b, e in reader.parts)
    lines = [
        f"BRANCHES = {tuple(reader.currents)!r}",
        f"ENTRIES = {entries!r}",
        f"SENSITIVITY_ENTRIES = {sensitivity_entries!r}",
        f"CHARGE_ENTRIES = {charge_entries!r}",
        f"LINEAR = {not any(d.has(*x) for d in jacobian)!r}",
        f"CURVED = {any(sp.diff(d, s) != 0 for d in jacobian for s in x if d.has(s))!r}",
        f"PARTS = {parts!r}",
        _function("evaluate", x, p, [*reader.f, *jacobian]),
        _function("sensitivity", x, p, sensitivity),
        _function("charge", x, p, [*reader.q, *charge_jacobian]),
    ]
    return "\n".join(lines) + "\n"


def _derivatives(rows: Iterable[Expr], x: Sequence[Expr]) -> tuple[tuple[tuple[int, int], ...], list[Expr]]:
    """(row, column) and expression of every derivative that is not identically zero."""
    found = [(r, c, sp.diff(row, s)) for r, row in enumerate(rows) for c, s in enumerate(x) if row.has(s)]
    kept = [(r, c, d) for r, c, d in found if d != 0]
    return tuple((r, c) for r, c, _ in kept), [d for _, _, d in kept]


def _function(name: str, x: Sequence[Expr], p: Sequence[Expr], results: Sequence[Expr]) -> str:
    printer = _Source()
    common, reduced = sp.cse(list(results), symbols=sp.numbered_symbols("t"), order="none")
    lines = [f"def {name}(x, p):"]
    for symbols, argument in ((x, "x"), (p, "p")):
        if symbols:
            lines.append(f"    {', '.join(s.name for s in symbols)}, = {argument}")
    lines += [f"    {symbol} = {printer.doprint(value)}" for symbol, value in common]
    lines.append(f"    return ({''.join(printer.doprint(r) + ', ' for r in reduced)})")
    return "\n".join(lines)


TAME = 1e-3  # A: up to where an exponential's current may go at once
MACHINE = """
def prepare(p):
    {p}
{prepared}
    return ({constants})


def law(x, p, m):
{body}
    return ({results}), ({kept})
"""


def machine(terminals: Sequence[str], params: Sequence[str], law: str) -> str:
    """Source of a law as machine code (see `netlearn.devices.machine`)."""
    reader = LawReader(terminals, params).read(law)
    return _machine(reader, reader.f, [], [])


def companion(terminals: Sequence[str], params: Sequence[str], law: str) -> str:
    """Source of a law over time as machine code (see `netlearn.devices.machine.companion`)."""
    reader = LawReader(terminals, params).read(law)
    stored = [(kind, name, a, b, value) for kind, name, a, b, value in reader.parts if kind in "QF"]
    rate, f = sp.Symbol("rate", real=True), list(reader.f)
    pasts = [sp.Symbol(f"past{k}", real=True) for k in range(len(stored))]
    for past, (kind, name, a, b, value) in zip(pasts, stored, strict=True):
        flow = rate * value - past
        if kind == "Q":
            f[reader.terminals.index(a)] += flow
            f[reader.terminals.index(b)] -= flow
        else:
            f[len(reader.terminals) + list(reader.currents).index(name)] -= flow
    return _machine(reader, f, [rate, *pasts], [value for *_, value in stored])


def _machine(reader: LawReader, f: Sequence[Expr], moving: Sequence[Expr], stored: Sequence[Expr]) -> str:
    """Machine code of the rows f, their slopes, then what is `stored`; `moving` numbers follow the prepared ones.

    All that depends on parameters alone is taken out of the kernel and computed once, in `prepare`. Every limexp has a
    memory of where it has been continued from by its tangent (`vector.ceiling`).
    """
    x, p = [*reader.voltages.values(), *reader.currents.values()], list(reader.params.values())
    entries, jacobian = _derivatives(f, x)
    if not reader.absolute:
        jacobian = _without_sums(entries, jacobian, len(reader.terminals))
    rows = [k for k, row in enumerate(f) if row != 0]
    wanted, arguments, tame = _limited([*(f[k] for k in rows), *jacobian, *stored], set(p))
    wanted = [_with_reciprocals(e) for e in wanted]
    common, reduced = sp.cse(wanted, symbols=sp.numbered_symbols("t"), order="none")
    constant: dict[Expr, Expr] = {}
    known = set(p)
    body: list[tuple[Expr, Expr]] = []
    for symbol, value in common:
        if value.free_symbols <= known:
            constant[symbol] = value
            known.add(symbol)
        else:
            body.append((symbol, _hoisted(value, known, constant)))
    results = [_hoisted(value, known, constant) for value in reduced]
    kept, results = results[: len(arguments)], results[len(arguments) :]
    used = set().union(*(value.free_symbols for value in (*(v for _, v in body), *results, *kept)))
    inputs = [*(s for s in p if s in used), *(s for s in constant if s in used)]
    printer = _Source()
    lines = [f"{s.name} = x[{k}]" for k, s in enumerate(x) if s in used]
    crests = [f"crest{k}" for k in range(len(tame))]
    lines += [
        f"{name} = p[{k}]" for k, name in enumerate([*(s.name for s in inputs), *crests, *(s.name for s in moving)])
    ]
    lines += [f"top{k} = ceiling(m[{k}], crest{k})" for k in range(len(tame))]
    lines += [f"{s.name} = {printer.doprint(value)}" for s, value in body]
    count = len(inputs) + len(crests) + len(moving)
    text = MACHINE.format(
        p=f"{', '.join(s.name for s in p)}, = p" if p else "pass",
        prepared="\n".join(
            [
                *(f"    {s.name} = {printer.doprint(value)}" for s, value in constant.items()),
                *(f"    crest{k} = log(fmax({TAME} / ({printer.doprint(c)}), 1.0))" for k, c in enumerate(tame)),
            ]
        ),
        constants="".join(f"{name}, " for name in [*(s.name for s in inputs), *crests]) + "0.0, " * len(moving),
        kept="".join(f"fmin({printer.doprint(value)}, top{k}), " for k, value in enumerate(kept)),
        body="\n".join(f"    {line}" for line in lines),
        results="".join(f"{printer.doprint(value)}, " for value in results),
    )
    counts = f"LOCALS, PREPARED, STORED, MEMORIES = {len(x)}, {count}, {len(stored)}, {len(arguments)}"
    return f"ROWS = {tuple(rows)!r}\nENTRIES = {entries!r}\n{counts}\n{text}"


def _without_sums(entries: Sequence[tuple[int, int]], jacobian: Sequence[Expr], terminals: int) -> list[Expr]:
    """The slopes of rows that depend on differences of voltages alone: those in terminals' voltages add up to zero, so
    the last one in each row need not be worked out."""
    found = list(jacobian)
    for row in {r for r, _ in entries}:
        own = [k for k, (r, c) in enumerate(entries) if r == row and c < terminals]
        if len(own) > 1:
            found[own[-1]] = sp.Add(*(-found[k] for k in own[:-1]))
    return found


def _with_reciprocals(e: Expr) -> Expr:
    """Negative powers as powers of one reciprocal each."""
    return e.replace(
        lambda part: part.is_Pow and part.exp.is_Integer and part.exp < 0,
        lambda part: reciprocal(part.base) ** -part.exp,
    )


def _limited(wanted: Sequence[Expr], params: set[Expr]) -> tuple[list[Expr], list[Expr], list[Expr]]:
    """The arguments of the different limexp in some expressions, then these with each limexp continued from its own
    `top` on; the arguments again, and the current that each of them multiplies."""
    arguments = sorted(set().union(*(found.args for e in wanted for found in e.atoms(limexp))), key=sp.default_sort_key)
    guards: dict[Expr, set[Any]] = {}
    for e in wanted:
        _guarded(e, None, guards)
    swaps: dict[Expr, Expr] = {}
    for k, argument in enumerate(arguments):
        top, guard = sp.Symbol(f"top{k}", real=True), guards[argument]
        value = grown(argument, top, *(guard if len(guard) == 1 and None not in guard else ()))
        swaps |= {dlimexp(argument): value, limexp(argument): value * (1 + pos(argument - top))}
    tame = [_factor(wanted, limexp(argument), params) for argument in arguments]
    return [*arguments, *(e.xreplace(swaps) for e in wanted)], arguments, tame


def _guarded(e: Expr, guard: Any, found: dict[Expr, set[Any]]) -> None:
    """Under which conditions each limexp is looked at; None for always, as for one that a condition is made of."""
    if isinstance(e, (limexp, dlimexp)):
        found.setdefault(e.args[0], set()).add(guard)
    if isinstance(e, sp.Piecewise):
        for k, (value, condition) in enumerate(e.args):
            _guarded(condition, None, found)
            plain = k == 0 and not condition.has(limexp)
            _guarded(value, condition if plain else guard, found)
    else:
        for part in e.args:
            _guarded(part, guard, found)


def _factor(wanted: Sequence[Expr], exponential: Expr, params: set[Expr]) -> Expr:
    """What multiplies an exponential where that is made of parameters alone; else something of a usual size."""
    symbol = sp.Dummy()
    for e in wanted:
        factor = sp.diff(e.xreplace({exponential: symbol}), symbol) if e.has(exponential) else sp.Integer(0)
        pieces = [piece for piece, _ in factor.args] if isinstance(factor, sp.Piecewise) else [factor]
        for piece in pieces:
            if piece != 0 and piece.free_symbols <= params:
                return fabs(piece) + sp.Float(1e-300)
    return sp.Float(1e-12)


def _hoisted(value: Expr, known: set[Expr], constant: dict[Expr, Expr]) -> Expr:
    """`value` with every largest part that depends on `known` symbols alone replaced by a symbol in `constant`."""
    if value.is_Atom or not value.free_symbols:
        return value
    if value.free_symbols <= known:
        symbol = sp.Symbol(f"k{len(constant)}", real=True)
        constant[symbol] = value
        known.add(symbol)
        return symbol
    if isinstance(value, (sp.Add, sp.Mul)):
        still = [a for a in value.args if a.free_symbols <= known]
        rest = [_hoisted(a, known, constant) for a in value.args if not a.free_symbols <= known]
        if len(still) > 1 and any(a.free_symbols for a in still):
            still = [_hoisted(value.func(*still), known, constant)]
        return value.func(*still, *rest)
    if isinstance(value, sp.Piecewise):
        return sp.Piecewise(*((_hoisted(a, known, constant), condition) for a, condition in value.args), evaluate=False)
    return value.func(*(_hoisted(a, known, constant) if isinstance(a, sp.Expr) else a for a in value.args))
