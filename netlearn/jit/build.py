"""From Python functions to object code, by numba and LLVM. Imported only where something is not kept.

numba finds the types in a function and writes it in LLVM's language; here the pieces that it calls are linked to it and
the whole is optimised once, with all names but its own made internal.
"""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba.core import (
    cgutils,
    compiler,
    compiler_machinery,
    sigutils,
    typed_passes,
    types,
    untyped_passes,
)
from numba.core.compiler_lock import global_compiler_lock
from numba.core.datamodel import models, register_default
from numba.core.registry import cpu_target
from numba.core.typing.templates import AbstractTemplate, AttributeTemplate, infer_getattr
from numba.extending import lower_getattr_generic

from netlearn.jit import WIDTH, Kind
from netlearn.jit.objects import object_code

WORD = ir.IntType(64)
HEAD = object.__basicsize__
DATA, AXES, SHAPE, DTYPE, FLAGS = (HEAD + at for at in (0, 8, 16, 40, 48))
"""Places in an array object: address of the numbers, count of axes (int32), addresses of shape and dtype, flags."""
LETTERS = HEAD + 8  # place in a dtype of three letters: kind, type and order of bytes
FIT = 0x101  # flags: contiguous, aligned
NUMBERS = {"d": (b"fd=", types.float64), "q": (b"il=", types.int64), "i": (b"ii=", types.int32)}


class Block(types.Type):
    """numba's name for a tuple whose leaves lie in words: a value is the address of its first."""

    def __init__(self, kind: Kind) -> None:
        self.places: dict[str, tuple[int, Kind]] = {}
        place = 0
        for name, of in kind:
            self.places[name] = place, of
            place += size(of)
        super().__init__(name=f"Block{hashlib.sha256(repr(kind).encode()).hexdigest()[:8]}")


@register_default(Block)
class BlockModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, WORD)


@infer_getattr
class BlockFields(AttributeTemplate):  # type: ignore[misc]
    key = Block

    def generic_resolve(self, block: Block, name: str) -> Any:
        return type_of_kind(block.places[name][1]) if name in block.places else None


@lower_getattr_generic(Block)  # type: ignore[untyped-decorator]
def _field(context: Any, builder: Any, block: Block, value: Any, name: str) -> Any:
    place, kind = block.places[name]
    return value_at(context, builder, kind, builder.add(value, WORD(8 * place)))


def size(kind: Kind) -> int:
    """Words."""
    return 1 if isinstance(kind, str) else sum(size(of) for _, of in kind)


def _leaves(kind: Kind) -> list[str]:
    return [kind] if isinstance(kind, str) else [leaf for _, of in kind for leaf in _leaves(of)]


@cache
def type_of_kind(kind: Kind) -> Any:
    if not isinstance(kind, str):
        return Block(kind)
    if len(kind) == 1:
        return {"b": types.boolean, "d": types.float64, "q": types.int64}[kind]
    return types.Array(NUMBERS[kind[0]][1], int(kind[1:]), "C")


def value_at(context: Any, builder: Any, kind: Kind, place: Any) -> Any:
    """The value of a kind whose words begin at an address."""
    if not isinstance(kind, str):
        return place
    word = _load(builder, place)
    if kind == "b":
        return builder.icmp_unsigned("!=", word, WORD(0))
    if len(kind) == 1:
        return word if kind == "q" else builder.bitcast(word, ir.DoubleType())
    shape = _load(builder, builder.add(word, WORD(SHAPE)))
    axes = [_load(builder, builder.add(shape, WORD(8 * k))) for k in range(int(kind[1:]))]
    return array_at(context, builder, type_of_kind(kind), _load(builder, builder.add(word, WORD(DATA))), axes)


def array_at(context: Any, builder: Any, kind: Any, address: Any, shape: Sequence[Any]) -> Any:
    """numba's array of a type over numbers that lie one after the other."""
    made = context.make_array(kind)(context, builder)
    width = kind.dtype.bitwidth // 8
    strides = [WORD(width)]
    for count in shape[:0:-1]:
        strides.insert(0, builder.mul(strides[0], count))
    items = WORD(1)
    for count in shape:
        items = builder.mul(items, count)
    made.meminfo, made.parent = (cgutils.get_null_value(getattr(made, name).type) for name in ("meminfo", "parent"))
    made.nitems, made.itemsize = items, WORD(width)
    made.data = builder.inttoptr(address, made.data.type)
    made.shape, made.strides = (cgutils.pack_array(builder, numbers) for numbers in (shape, strides))
    return made._getvalue()


def _load(builder: Any, address: Any, kind: Any = WORD) -> Any:
    """What lies at an address and stays there as long as the code runs."""
    found = builder.load(builder.inttoptr(address, kind.as_pointer()))
    found.set_metadata("invariant.load", builder.module.add_metadata([]))
    return found


class Lanes(types.Type):
    """numba's name for eight float64 in a register."""

    vector = ir.VectorType(ir.DoubleType(), WIDTH)

    def __init__(self) -> None:
        super().__init__(name="Lanes")


@register_default(Lanes)
class LanesModel(models.PrimitiveModel):  # type: ignore[misc]
    """LLVM's vector of doubles wherever it is."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, Lanes.vector)


lanes = Lanes()


# ---- functions

UNCOUNTED = "\n".join(f"define void @NRT_{name}(i8* %array) {{ ret void }}" for name in ("incref", "decref"))
"""numba counts references to arrays; here they are all borrowed from the caller."""
_written: dict[str, Any] = {}
"""LLVM's modules of all functions that have been compiled, by the names of the functions in them."""


class _Passes(compiler.CompilerBase):  # type: ignore[misc]
    """The passes of numba that plain loops over arrays need; the others would find nothing to do and take a seventh."""

    def define_pipelines(self) -> list[Any]:
        passes = compiler_machinery.PassManager("netlearn")
        for each in (
            untyped_passes.TranslateByteCode,
            untyped_passes.FixupArgs,
            untyped_passes.IRProcessing,
            untyped_passes.GenericRewrites,
            untyped_passes.ReconstructSSA,
            typed_passes.NopythonTypeInference,
            typed_passes.PreLowerStripPhis,
            typed_passes.AnnotateTypes,
            typed_passes.NativeLowering,
            typed_passes.NoPythonBackend,
        ):
            passes.add_pass(each, each.__name__)
        passes.finalize()
        return [passes]


@cache
def _typed(function: Callable[..., Any], arguments: tuple[Any, ...], inline: bool) -> Any:
    """What numba makes of a function of these types."""
    flags = compiler.Flags()
    flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
    flags.nrt = True  # else a function cannot give back a part of an array; see UNCOUNTED
    flags.error_model = "numpy"
    flags.fastmath = {"contract"}  # a * b + c may be rounded once; nothing else may change
    flags.forceinline = inline
    made = compiler.compile_extra(
        cpu_target.typing_context,
        cpu_target.target_context,
        function,
        arguments,
        None,
        flags,
        {},
        pipeline_class=_Passes,
    )
    written = made.library._final_module
    if not inline:  # LLVM would put most pieces into each other, which takes it four times as long
        written.get_function(made.fndesc.mangled_name).add_function_attribute("noinline")
    _written[made.fndesc.mangled_name] = written
    for library in made.library._linking_libraries:  # of numba's own functions, such as min
        module = library._get_module_for_linking()
        _written.update((f.name, module) for f in module.functions if not f.is_declaration)
    return made


def type_of(use: str, of: Any) -> Any:
    """numba's type of a piece, see `netlearn.jit.Piece`."""
    if use == "external":
        name, signature = of
        return types.ExternalFunction(name, _signature(signature))
    making = of if use == "intrinsic" else _calling(of, use == "inlined")
    return types.Function(type(of.__name__, (_Template,), {"key": of, "making": staticmethod(making), "codes": {}}))


class _Template(AbstractTemplate):  # type: ignore[misc]
    """What `numba.extending.intrinsic` makes, but that numba need not look through all it knows after each one."""

    making: Callable[..., Any]
    codes: dict[Any, tuple[Any, Any]]

    def generic(self, arguments: tuple[Any, ...], _named: Any) -> Any:
        if arguments not in self.codes:
            signature, code = self.codes[arguments] = self.making(self.context, *arguments)
            cpu_target.target_context.insert_func_defn([(code, code, signature.args)])
        return self.codes[arguments][0]

    def get_impl_key(self, signature: Any) -> Any:
        return next(code for of, code in self.codes.values() if of.args == signature.args)


def _signature(text: str) -> Any:
    arguments, result = sigutils.normalize_signature(text)
    return result(*arguments)


def _calling(function: Callable[..., Any], inline: bool) -> Callable[..., Any]:
    """The code generator of a call."""

    def making(_context: Any, *arguments: Any) -> Any:
        made = _typed(function, arguments, inline)

        def code(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
            return _call(context, builder, made, values)

        return made.signature.return_type(*arguments), code

    return making


def _call(context: Any, builder: Any, made: Any, values: Sequence[Any]) -> Any:
    """The result of a function; that it may have raised is not looked at."""
    described = made.fndesc
    function = context.declare_function(builder.module, described)
    return context.call_conv.call_function(builder, function, described.restype, described.argtypes, values)[1]


@contextmanager
def _compiling() -> Iterator[None]:
    """One at a time; and nothing that is made is worth looking for cycles in."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        with global_compiler_lock:
            _refresh()
            yield
    finally:
        if collecting:
            gc.enable()


def kernel(function: Callable[..., Any], kinds: tuple[Kind, ...], name: str) -> bytes:
    """Object code of int64 name(int64 words): 0, or 1 where the arrays are not of these kinds and nothing was done."""
    every = tuple((str(k), kind) for k, kind in enumerate(kinds))
    with _compiling():
        context, block = cpu_target.target_context, Block(every)
        made = _typed(function, tuple(type_of_kind(kind) for kind in kinds), False)
        module, builder = _begun(name, WORD, [WORD])
        words = builder.function.args[0]
        with builder.if_then(_misfit(builder, words, _leaves(every)), likely=False):
            builder.ret(WORD(1))
        values = [_field(context, builder, block, words, field) for field in block.places]
        _call(context, builder, made, values)
        builder.ret(WORD(0))
        return object_code(_linked(module, name))


def c_function(function: Callable[..., Any], signature: str, name: str) -> bytes:
    """Object code of a C function."""
    with _compiling():
        context, wanted = cpu_target.target_context, _signature(signature)
        made = _typed(function, wanted.args, False)
        given = [context.get_value_type(kind) for kind in wanted.args]
        result = ir.VoidType() if wanted.return_type == types.none else context.get_value_type(wanted.return_type)
        module, builder = _begun(name, result, given)
        found = _call(context, builder, made, builder.function.args)
        if wanted.return_type == types.none:
            builder.ret_void()
        else:
            builder.ret(context.cast(builder, found, made.fndesc.restype, wanted.return_type))
        return object_code(_linked(module, name))


@cache
def _refresh() -> None:
    """Let numba know all that it has."""
    cpu_target.typing_context.refresh()
    cpu_target.target_context.refresh()


def _begun(name: str, result: Any, arguments: Sequence[Any]) -> tuple[Any, Any]:
    """A module with a function that is to be written."""
    module = cpu_target.target_context.codegen()._create_empty_module(name)
    function = ir.Function(module, ir.FunctionType(result, arguments), name)
    return module, ir.IRBuilder(function.append_basic_block())


def _misfit(builder: Any, words: Any, kinds: Sequence[str]) -> Any:
    """Whether some array is not what it should be: its count of axes, the kind of its numbers, where they lie."""
    small, wrong = ir.IntType(32), ir.Constant(ir.IntType(1), 0)
    for k, kind in enumerate(kinds):
        if len(kind) > 1:
            word = _load(builder, builder.add(words, WORD(8 * k)))
            dtype = _load(builder, builder.add(word, WORD(DTYPE)))
            letters = int.from_bytes(NUMBERS[kind[0]][0], "little")
            for base, at, mask, wanted in (
                (word, AXES, 0xFF, int(kind[1:])),
                (dtype, LETTERS, 0xFFFFFF, letters),
                (word, FLAGS, FIT, FIT),
            ):
                found = builder.and_(_load(builder, builder.add(base, WORD(at)), small), small(mask))
                wrong = builder.or_(wrong, builder.icmp_signed("!=", found, small(wanted)))
    return wrong


def _linked(written: Any, name: str) -> Any:
    """LLVM's module with all that it calls, directly or not; only `name` is seen from outside."""
    module = llvm.parse_assembly(str(written))
    module.link_in(llvm.parse_assembly(UNCOUNTED))
    linked: set[str] = set()
    while wanted := {f.name for f in module.functions if f.is_declaration and f.name in _written} - linked:
        for source in {id(_written[each]): _written[each] for each in wanted}.values():
            module.link_in(source.clone())
        linked |= wanted
    for function in module.functions:
        if function.is_declaration and function.name.startswith(("_ZN", "NRT_", "numba_")):
            raise TypeError(f"{name} needs {function.name}: it must not make arrays or objects")
        if not function.is_declaration and function.name != name:
            function.linkage = "internal"
    module.verify()
    return module
