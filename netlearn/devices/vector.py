"""Eight numbers at a time: the primitives of laws as vector instructions.

A `Vector` stands for eight float64 that a function under construction holds in a register; its operators and the
functions below add an instruction to it each. So the source of a law, run once on Vectors, writes the machine code of
itself. There are no calls, and `where` computes both sides and selects; only an exponential that none of the eight
needs is jumped over.

exp: x = n ln 2 + r with |r| <= ln 2 / 2; n is read off the low bits of x / ln 2 + 1.5 2^52, exp(r) is its Taylor
series to r^13 (below 1e-17), and n goes into the exponent bits. Relative error below 4e-16 from -700 to 700.

log(x): with x = 2^k m, m in [sqrt(1/2), sqrt(2)), it is k ln 2 + 2 artanh(s), s = (m - 1) / (m + 1), by the series of
artanh to s^23. log(1 + u) for u >= 0 is that of the rounded sum and, as its tangent, of what rounding has lost.

sin, cos: x = n pi / 2 + r in three parts, then the series of both to r^17 for |r| <= pi / 4, chosen and signed by the
last two bits of n; for |x| up to 1e5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from netlearn.devices.primitives import LIMIT
from netlearn.jit import WIDTH

DOUBLES = ir.VectorType(ir.DoubleType(), WIDTH)
INTS = ir.VectorType(ir.IntType(64), WIDTH)
FLAGS = ("contract",)  # a * b + c may be rounded once

LN2_HIGH, LN2_LOW, PER_LN2 = 0.6931471803691238, 1.9082149292705877e-10, 1.4426950408889634
PI_HALF = (1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21)
ROUNDER = 6755399441055744.0  # 1.5 2^52
ROOT_HALF_BITS = 0x3FE6A09E667F3BCD
GROWTH = 3.0  # an exponential grows twentyfold in a step


@dataclass(frozen=True)
class Vector:
    """Eight values in a function that `builder` builds; float64, int64 or, of a comparison, truths."""

    builder: Any
    value: Any

    def _lift(self, other: Any) -> Any:
        if isinstance(other, Vector):
            return other.value
        return ir.Constant(DOUBLES, [float(other)] * WIDTH)

    def _with(self, instruction: str, a: Any, b: Any) -> Vector:
        return Vector(self.builder, getattr(self.builder, instruction)(a, b, flags=FLAGS))

    def __add__(self, other: Any) -> Vector:
        return self._with("fadd", self.value, self._lift(other))

    def __radd__(self, other: Any) -> Vector:
        return self._with("fadd", self._lift(other), self.value)

    def __sub__(self, other: Any) -> Vector:
        return self._with("fsub", self.value, self._lift(other))

    def __rsub__(self, other: Any) -> Vector:
        return self._with("fsub", self._lift(other), self.value)

    def __mul__(self, other: Any) -> Vector:
        return self._with("fmul", self.value, self._lift(other))

    def __rmul__(self, other: Any) -> Vector:
        return self._with("fmul", self._lift(other), self.value)

    def __truediv__(self, other: Any) -> Vector:
        return self._with("fdiv", self.value, self._lift(other))

    def __rtruediv__(self, other: Any) -> Vector:
        return self._with("fdiv", self._lift(other), self.value)

    def __neg__(self) -> Vector:
        return Vector(self.builder, self.builder.fneg(self.value, flags=FLAGS))

    def __pow__(self, other: Any) -> Any:
        return power(self, other)

    def __rpow__(self, other: Any) -> Any:
        return power(Vector(self.builder, self._lift(other)), self)

    def _compared(self, sign: str, other: Any) -> Vector:
        return Vector(self.builder, self.builder.fcmp_ordered(sign, self.value, self._lift(other)))

    def __lt__(self, other: Any) -> Vector:
        return self._compared("<", other)

    def __le__(self, other: Any) -> Vector:
        return self._compared("<=", other)

    def __gt__(self, other: Any) -> Vector:
        return self._compared(">", other)

    def __ge__(self, other: Any) -> Vector:
        return self._compared(">=", other)

    def __eq__(self, other: object) -> Vector:  # type: ignore[override]
        return self._compared("==", other)

    def __ne__(self, other: object) -> Vector:  # type: ignore[override]
        return self._compared("!=", other)

    def __and__(self, other: Vector | bool) -> Vector:
        return Vector(self.builder, self.builder.and_(self.value, self._truth(other)))

    def __or__(self, other: Vector | bool) -> Vector:
        return Vector(self.builder, self.builder.or_(self.value, self._truth(other)))

    __rand__, __ror__ = __and__, __or__

    def __invert__(self) -> Vector:
        return Vector(self.builder, self.builder.not_(self.value))

    def _truth(self, other: Vector | bool) -> Any:
        return other.value if isinstance(other, Vector) else ir.Constant(self.value.type, [int(other)] * WIDTH)

    def bits(self) -> Vector:
        return Vector(self.builder, self.builder.bitcast(self.value, INTS))

    def from_bits(self) -> Vector:
        return Vector(self.builder, self.builder.bitcast(self.value, DOUBLES))

    def whole(self, instruction: str, other: Any) -> Vector:
        """An instruction on int64."""
        b = other.value if isinstance(other, Vector) else ir.Constant(INTS, [int(other)] * WIDTH)
        return Vector(self.builder, getattr(self.builder, instruction)(self.value, b))

    def to_float(self) -> Vector:
        return Vector(self.builder, self.builder.sitofp(self.value, DOUBLES))

    def intrinsic(self, name: str) -> Vector:
        module, name = self.builder.module, f"llvm.{name}.v{WIDTH}f64"
        function = module.globals.get(name) or ir.Function(module, ir.FunctionType(DOUBLES, [DOUBLES]), name)
        return Vector(self.builder, self.builder.call(function, [self.value]))


def where(condition: Any, yes: Any, no: Any) -> Any:
    if not isinstance(condition, Vector):
        return yes if condition else no
    builder, lift = condition.builder, condition._lift
    return Vector(builder, builder.select(condition.value, lift(yes), lift(no)))


def at_most(x: Any, most: Any) -> Any:
    return where(x > most, most, x)


def at_least(x: Any, least: Any) -> Any:
    return where(x < least, least, x)


def fabs(x: Vector) -> Vector:
    return x.intrinsic("fabs")


def sqrt(x: Vector) -> Vector:
    return x.intrinsic("sqrt")


def _series(x: Vector, coefficients: Sequence[float]) -> Vector:
    """A polynomial in x, highest coefficient first, in pairs, pairs of pairs ... (Estrin): no step waits for all."""
    terms: list[Any] = list(reversed(coefficients))
    while len(terms) > 1:
        pairs = [x * b + a for a, b in zip(terms[::2], terms[1::2], strict=False)]
        terms = pairs + terms[len(pairs) * 2 :]
        x = x * x
    return terms[0]  # type: ignore[no-any-return]


def _over_factorials(first: int, last: int, step: int = 1) -> list[float]:
    """1 / n! for n from the last down to the first."""
    values, product = [], 1.0
    for n in range(1, last + 1):
        product *= n
        values.append(1.0 / product)
    every = [1.0, *values]
    return [every[n] for n in range(last, first - 1, -step)]


EXP = _over_factorials(0, 13)
ARTANH = [1.0 / n for n in range(23, 1, -2)]
SIN = [value * sign for value, sign in zip(_over_factorials(3, 17, 2), (1, -1) * 8, strict=False)]
COS = [value * sign for value, sign in zip(_over_factorials(2, 16, 2), (1, -1) * 8, strict=False)]


def exp(x: Vector) -> Vector:
    x = at_most(at_least(x, -708.0), 709.0)
    shifted = x * PER_LN2 + ROUNDER
    n = shifted - ROUNDER
    r = (x - n * LN2_HIGH) - n * LN2_LOW
    return _series(r, EXP).bits().whole("add", shifted.bits().whole("shl", 52)).from_bits()


def _log(x: Vector) -> Vector:
    """log of positive, normal numbers."""
    bits = x.bits()
    k = bits.whole("sub", ROOT_HALF_BITS).whole("ashr", 52)
    m = bits.whole("sub", k.whole("shl", 52)).from_bits()
    s = (m - 1.0) / (m + 1.0)
    q = s * s
    return k.to_float() * 0.6931471805599453 + (2.0 * s + 2.0 * s * (q * _series(q, ARTANH)))


def log(x: Vector) -> Vector:
    return where(x > 0.0, _log(at_least(x, 2.3e-308)), where(x == 0.0, float("-inf"), float("nan")))  # type: ignore[no-any-return]


def log1p(u: Vector) -> Vector:
    """log(1 + u) for u >= 0."""
    v = u + 1.0
    return _log(v) + (u - (v - 1.0)) / v


def power(x: Vector, y: Any) -> Any:
    """x^y: repeated multiplication for whole numbers, else by logarithms, NaN for negative x."""
    if isinstance(y, (int, float)) and y == int(y) and abs(y) <= 16:
        product: Any = 1.0
        for _ in range(abs(int(y))):
            product = x * product
        return product if y >= 0 else 1.0 / product
    return where(x == 0.0, 0.0, exp(log(x) * y))


def tanh(x: Vector) -> Vector:
    """(1 - e) / (1 + e), e = exp(-2 |x|), and its series where that would cancel."""
    e = exp(-2.0 * fabs(x))
    q = x * x
    near = x * _series(q, [62.0 / 2835.0, -17.0 / 315.0, 2.0 / 15.0, -1.0 / 3.0, 1.0])
    far = (1.0 - e) / (1.0 + e)
    return where(fabs(x) > 0.02, where(x > 0.0, far, -far), near)  # type: ignore[no-any-return]


def logistic(x: Vector) -> Vector:
    e = exp(-fabs(x))
    small = e / (1.0 + e)
    return where(x > 0.0, 1.0 - small, small)  # type: ignore[no-any-return]


def softplus(x: Vector) -> Any:
    return pos(x) + log1p(exp(-fabs(x)))


def limexp(x: Vector) -> Any:
    return exp(at_most(x, LIMIT)) * (1.0 + pos(x - LIMIT))


def dlimexp(x: Vector) -> Any:
    return exp(at_most(x, LIMIT))


def grown(x: Vector, top: Vector, needed: Vector | None = None) -> Vector:
    """exp(min(x, top)); zeros where none of the eight is `needed`."""
    if needed is None:
        return exp(at_most(x, top))
    builder, before = x.builder, x.builder.block
    wanted = builder.icmp_unsigned("!=", builder.bitcast(needed.value, ir.IntType(WIDTH)), ir.IntType(WIDTH)(0))
    with builder.if_then(wanted):
        found, inside = exp(at_most(x, top)).value, builder.block
    result = builder.phi(DOUBLES)
    result.add_incoming(found, inside)
    result.add_incoming(ir.Constant(DOUBLES, [0.0] * WIDTH), before)
    return Vector(builder, result)


def ceiling(last: Vector, crest: Vector) -> Any:
    """Where an exponential is continued by its tangent in a step of Newton's method: it may go up to its crest at once,
    beyond that by GROWTH above the argument that was used last; infinity stands for no step before."""
    return at_most(at_least(last + GROWTH, crest), LIMIT)


def pos(x: Any) -> Any:
    return where(x > 0.0, x, 0.0)


def step(x: Any) -> Any:
    return where(x > 0.0, 1.0, 0.0)


def sign(x: Any) -> Any:
    return step(x) - step(-x)


def _quarter_turns(x: Vector) -> tuple[Vector, Vector, Vector]:
    """n as bits, and sine and cosine of x - n pi / 2."""
    shifted = x * (1.0 / PI_HALF[0]) + ROUNDER
    n = shifted - ROUNDER
    r = ((x - n * PI_HALF[0]) - n * PI_HALF[1]) - n * PI_HALF[2]
    q = r * r
    return shifted.bits(), r + r * q * _series(q, SIN), 1.0 + q * _series(q, COS)


def _turned(n: Vector, even: Vector, odd: Vector) -> Vector:
    """The one that the last bit of n chooses, with the sign of the second last."""
    chosen = where(_truth(n, 1), odd, even)
    return where(_truth(n, 2), -chosen, chosen)  # type: ignore[no-any-return]


def _truth(n: Vector, bit: int) -> Vector:
    return n.whole("and_", bit).to_float() > 0.5


def sin(x: Vector) -> Vector:
    n, sine, cosine = _quarter_turns(x)
    return _turned(n, sine, cosine)


def cos(x: Vector) -> Vector:
    n, sine, cosine = _quarter_turns(x)
    return _turned(n.whole("add", 1), sine, cosine)


FUNCTIONS: dict[str, Any] = {
    "exp": exp,
    "log": log,
    "sqrt": sqrt,
    "tanh": tanh,
    "sin": sin,
    "cos": cos,
    "sign": sign,
    "fabs": fabs,
    "where": where,
    "fmin": at_most,
    "fmax": at_least,
    "limexp": limexp,
    "dlimexp": dlimexp,
    "softplus": softplus,
    "logistic": logistic,
    "pos": pos,
    "step": step,
}
"""The names of `netlearn.devices.primitives.FUNCTIONS`."""


Law = Callable[[list[Vector], list[Vector], list[Vector]], tuple[Sequence[Any], Sequence[Any]]]


def points(law: Law, locals_: int, constants: int, memories: int, name: str) -> str:
    """void name(int64 blocks, x, p, out, m) in LLVM's language: `law` of `locals_`, `constants` and `memories` numbers,
    block after block of eight items.

    x, p, out and m are addresses. The numbers of a block follow one another, eight doubles each, and so do the blocks.
    A law gives results, for `out`, and new memories, which replace those at m.
    """
    whole, bytes_ = ir.IntType(64), 8 * WIDTH
    module = ir.Module(name)
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [whole] * 5), name)
    blocks, *bases = function.args
    begin, loop, end = (function.append_basic_block(label) for label in ("begin", "loop", "end"))
    builder = ir.IRBuilder(begin)
    builder.cbranch(builder.icmp_signed(">", blocks, whole(0)), loop, end)
    builder.position_at_end(loop)
    b = builder.phi(whole)

    def places(base: Any, count: int) -> list[Any]:
        """Where the numbers of this block lie."""
        start = builder.add(base, builder.mul(b, whole(bytes_ * count)))
        first = builder.inttoptr(start, DOUBLES.as_pointer())
        return [builder.gep(first, [whole(k)]) for k in range(count)]

    def loaded(base: Any, count: int) -> list[Vector]:
        return [Vector(builder, builder.load(place, align=8)) for place in places(base, count)]

    zero, (x, p, out, m) = Vector(builder, ir.Constant(DOUBLES, [0.0] * WIDTH)), bases
    for base, values in zip((out, m), law(loaded(x, locals_), loaded(p, constants), loaded(m, memories)), strict=True):
        for value, place in zip(values, places(base, len(values)), strict=True):
            builder.store(zero._lift(value), place, align=8)
    after = builder.add(b, whole(1))
    b.add_incoming(whole(0), begin)
    b.add_incoming(after, builder.block)
    builder.cbranch(builder.icmp_signed("<", after, blocks), loop, end)
    ir.IRBuilder(end).ret_void()
    return str(module)
