"""Lanes side by side: compiled code that is written once, for one lane or for eight.

Arrays of lanes are flat: number i of W lanes lies at i W. `get` takes it as one value, a float64 for W = 1 or a vector
register for W = 8, whichever type its argument `like` has; the operations below act on both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netlearn.jit import WIDTH, intrinsic, ir, types


def _pack() -> Any:
    """numba's type of eight float64 in a register."""
    from netlearn.jit.build import lanes

    return lanes


def _doubles() -> Any:
    return ir.VectorType(ir.DoubleType(), WIDTH)


def _lanes(kind: Any) -> int:
    return WIDTH if kind == _pack() else 1


def _place(context: Any, builder: Any, array_type: Any, array: Any, index: Any, kind: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    offset = builder.mul(index, ir.Constant(ir.IntType(64), _lanes(kind)))
    return builder.bitcast(builder.gep(data, [offset]), context.get_value_type(kind).as_pointer())


@intrinsic
def get(_context: Any, array: Any, index: Any, like: Any) -> Any:
    """Number `index` of the lanes in a flat array."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = _place(context, builder, signature.args[0], arguments[0], arguments[1], signature.return_type)
        return builder.load(place, align=8)

    return like(array, types.int64, like), code


@intrinsic
def put(_context: Any, array: Any, index: Any, value: Any) -> Any:
    """Set number `index` of the lanes in a flat array."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = _place(context, builder, signature.args[0], arguments[0], arguments[1], signature.args[2])
        builder.store(arguments[2], place, align=8)
        return context.get_dummy_value()

    return types.none(array, types.int64, value), code


@intrinsic
def width(_context: Any, like: Any) -> Any:
    """Number of lanes."""

    def code(_context: Any, _builder: Any, signature: Any, _arguments: Any) -> Any:
        return ir.Constant(ir.IntType(64), _lanes(signature.args[0]))

    return types.int64(like), code


@intrinsic
def eight(_context: Any) -> Any:
    """Eight zeros: the `like` of eight lanes."""

    def code(_context: Any, _builder: Any, _signature: Any, _arguments: Any) -> Any:
        return ir.Constant(_doubles(), [0.0] * WIDTH)

    return _pack()(), code


@intrinsic
def every(_context: Any, value: Any, like: Any) -> Any:
    """The same float64 in all lanes."""

    def code(_context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if _lanes(signature.args[1]) == 1:
            return arguments[0]
        return _broadcast(builder, arguments[0])

    return like(types.float64, like), code


def _broadcast(builder: Any, value: Any) -> Any:
    whole, none = ir.IntType(32), ir.Constant(_doubles(), ir.Undefined)
    first = builder.insert_element(none, value, whole(0))
    return builder.shuffle_vector(first, none, ir.Constant(ir.VectorType(whole, WIDTH), [0] * WIDTH))


def _operation(emit: Callable[[Any, Any], Any], operands: int) -> Any:
    """An intrinsic on values of one type."""

    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return emit(builder, arguments)

    def one(_context: Any, a: Any) -> Any:
        return a(a), code

    def two(_context: Any, a: Any, _b: Any) -> Any:
        return a(a, a), code

    def three(_context: Any, a: Any, _b: Any, _c: Any) -> Any:
        return a(a, a, a), code

    return intrinsic((one, two, three)[operands - 1])


def _call(builder: Any, name: str, arguments: list[Any]) -> Any:
    kind = arguments[0].type
    suffix = f"v{WIDTH}f64" if isinstance(kind, ir.VectorType) else "f64"
    module, name = builder.module, f"llvm.{name}.{suffix}"
    function = module.globals.get(name) or ir.Function(module, ir.FunctionType(kind, [kind] * len(arguments)), name)
    return builder.call(function, arguments)


def _larger(builder: Any, arguments: Any) -> Any:
    """The larger of a magnitude and that of b; NaN stays."""
    a, b = arguments[0], _call(builder, "fabs", [arguments[1]])
    new = builder.or_(builder.fcmp_ordered(">", b, a), builder.fcmp_unordered("uno", b, b))
    return builder.select(new, b, a)


plus = _operation(lambda b, v: b.fadd(*v), 2)
minus = _operation(lambda b, v: b.fsub(*v), 2)
times = _operation(lambda b, v: b.fmul(*v), 2)
over = _operation(lambda b, v: b.fdiv(*v), 2)
plus_product = _operation(lambda b, v: _call(b, "fma", [v[1], v[2], v[0]]), 3)
"""a + b c, rounded once."""
minus_product = _operation(lambda b, v: _call(b, "fma", [b.fneg(v[1]), v[2], v[0]]), 3)
"""a - b c, rounded once."""
larger = _operation(_larger, 2)


@intrinsic
def minus_run(_context: Any, target: Any, _index: Any, values: Any, _first: Any, factor: Any) -> Any:
    """In one lane: take eight numbers of `values` in a row, times a factor, from eight of `target` in a row. (In eight
    lanes nothing: there a number is a whole register.)"""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if _lanes(signature.args[4]) == 1:
            old, given = (
                builder.bitcast(builder.gep(context.make_array(kind)(context, builder, array).data, [at]), kinds)
                for kinds in [_doubles().as_pointer()]
                for kind, array, at in zip(signature.args[0:4:2], arguments[0:4:2], arguments[1:4:2], strict=True)
            )
            share = _broadcast(builder, builder.fneg(arguments[4]))
            value = _call(builder, "fma", [builder.load(given, align=8), share, builder.load(old, align=8)])
            builder.store(value, old, align=8)
        return context.get_dummy_value()

    return types.none(target, types.int64, values, types.int64, factor), code


@intrinsic
def call_points(_context: Any, _address: Any, _blocks: Any, _x: Any, _p: Any, _out: Any, _m: Any) -> Any:
    """Call the `points` of a device (see `netlearn.devices.machine`) at an address; the rest are addresses too."""

    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        whole = ir.IntType(64)
        kind = ir.FunctionType(ir.VoidType(), [whole] * 5)
        builder.call(builder.inttoptr(arguments[0], kind.as_pointer()), arguments[1:])
        return ir.Constant(whole, 0)

    return types.int64(*[types.int64] * 6), code
