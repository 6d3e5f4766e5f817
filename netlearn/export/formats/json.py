"""JSON for other people's programs: the design, and the schema it obeys (JSON Schema 2020-12).

design.json           blocks, parts, numbers, bench, names, our voltages (`netlearn.export.interchange`)
design.schema.json    what each of them is
"""

from __future__ import annotations

from typing import Any

from netlearn.export.design import Design
from netlearn.export.formats.order import Files, Order
from netlearn.export.interchange import FORMAT, WAVES, spelled, to_json

Schema = dict[str, Any]


def _object(doc: str, /, **properties: Schema) -> Schema:
    return {
        "description": doc,
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }


def _list(of: Schema, doc: str = "") -> Schema:
    return {"type": "array", "items": of} | ({"description": doc} if doc else {})


def _table(of: Schema, doc: str) -> Schema:
    return {"description": doc, "type": "object", "additionalProperties": of}


NAME: Schema = {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"}
NET: Schema = {"description": "a net of the block, or ground: 0", "type": "string", "pattern": "^(0|[a-z][a-z0-9_]*)$"}
NODE: Schema = {
    "description": "a net of a part of the whole, with dots",
    "type": "string",
    "pattern": r"^(0|[a-z][a-z0-9_.]*)$",
}
TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
GIVEN: Schema = {
    "description": "a number in SI units, or the parameter of the block that it is",
    "type": ["number", "string"],
}
LIMIT: Schema = {"type": ["number", "null"]}
WAVE: Schema = {
    "description": "what an independent source does over time, in V or A, and s; null for an end that never comes",
    "type": ["object", "null"],
    "properties": {"kind": {"enum": [*WAVES]}},
}
PART = _object(
    "one device",
    name=NAME,
    device={"description": "one of `devices`", "type": "string"},
    nets=_list(NET, "in the order of its terminals"),
    numbers=_table(GIVEN, "all of its parameters"),
    wave=WAVE,
    learned=_list(TEXT, "the parameters that a state sets"),
    match={"description": "what it is matched with, laid out together or in one package", "type": "string"},
)
USE = _object(
    "a block in another",
    name=NAME,
    block=NAME,
    nets=_list(NET, "in the order of its ports"),
    given=_table(GIVEN, "its parameters"),
    match=TEXT,
)
BLOCK = _object(
    "a subcircuit; those that it uses stand before it",
    name=NAME,
    ports=_list(NET),
    params=_list(NAME),
    parts=_list(PART),
    uses=_list(USE),
)
PARAM = _object("a parameter", unit=TEXT, default=LIMIT, doc=TEXT, allowed=TEXT, most=LIMIT, least=LIMIT)
DEVICE = _object(
    "a kind of element; law: statements of currents, charges and voltages between its terminals; kit: whose models it has, or none",
    doc=TEXT,
    terminals=_list(TEXT),
    params=_table(PARAM, "by name"),
    law=TEXT,
    kit=TEXT,
)
SCHEMA: Schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "a circuit as netlearn exports it",
    **_object(
        "blocks of parts, the numbers of one copy, what stands around it, names, voltages",
        format={"const": FORMAT},
        name=NAME,
        title=TEXT,
        devices=_table(DEVICE, "by name"),
        blocks=_list(BLOCK),
        top=NAME,
        numbers=_table(NUMBER, "the parameters of the top: what was learned, or drawn"),
        bench=_object(
            "what stands around the device under test",
            sources=_list(PART),
            drives=_list(_object("an input", name=NAME, kind={"enum": ["V", "I"]}, nets=_list(NET), value=NUMBER)),
            currents=_table(NODE, "outputs that are the current into the first terminal of a part"),
            reads=_list(_object("an output: v(plus) - v(minus)", name=NAME, plus=NODE, minus=NODE)),
        ),
        names=_object(
            "by their paths in the netlist; of numbers, the element and its parameter",
            nodes=_table(NODE, "names of nodes"),
            parts=_table(NODE, "names of elements"),
            numbers=_table({"type": "array", "prefixItems": [TEXT, TEXT], "items": False}, "by their names here"),
        ),
        voltages=_table(NUMBER, "of nodes, in V, by path, as netlearn solved it"),
    ),
}


def write(design: Design, order: Order) -> Files:
    """The files of a design."""
    return {"design.json": spelled(to_json(design)), "design.schema.json": spelled(SCHEMA)}
