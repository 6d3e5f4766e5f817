"""jsonschema holds the JSON against its schema, and we against the circuit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from netlearn.errors import RunError
from netlearn.export.design import Design
from netlearn.export.formats.json import SCHEMA
from netlearn.export.interchange import from_json
from netlearn.verify.model import FAILED, PASSED, Check, Verifier, complaint
from netlearn.verify.versions import of_package


def check(folder: Path, format: str, design: Design) -> Iterator[Check]:
    """Whether it obeys the schema, and is the same circuit."""
    from jsonschema import Draft202012Validator

    try:
        found, schema = (json.loads((folder / name).read_text()) for name in ("design.json", "design.schema.json"))
        faults = [] if schema == SCHEMA else ["design.schema.json is another one"]  # which may name one elsewhere
        faults += [f"{fault.json_path}: {fault.message}" for fault in Draft202012Validator(SCHEMA).iter_errors(found)]
        same = from_json(found) == design
    except (ValueError, OSError, RunError) as fault:
        yield complaint("jsonschema", format, "schema", str(fault))
        return
    told = faults[0][:160] if faults else "obeyed"
    yield Check("jsonschema", format, "schema", "obeyed", told, None, FAILED if faults else PASSED)
    yield Check(
        "jsonschema", format, "circuit", "equal", "equal" if same else "another", None, PASSED if same else FAILED
    )


VERIFIER = Verifier(
    "jsonschema", "validates", ("json",), "pip install jsonschema", partial(of_package, "jsonschema"), check
)
