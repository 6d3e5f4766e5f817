"""openvaf compiles the Verilog-A modules, and works out their currents, charges and slopes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from netlearn.devices import kernel
from netlearn.export.design import Design, Part
from netlearn.export.formats.veriloga import parts_of
from netlearn.export.leaves import parameter
from netlearn.export.names import model_name
from netlearn.verify.child import Stumbled
from netlearn.verify.model import FAILED, PASSED, Check, Verifier, complaint
from netlearn.verify.openvaf import Floats, worst
from netlearn.verify.versions import of_package

POINTS, SPAN = 10, 1.0  # how many, and within how many volts
NEAR = 1e-9
NONZERO = 1e-3
DEFAULT = re.compile(r"parameter real (\w+) = ([^\s;]+)")


def check(folder: Path, format: str, design: Design) -> Iterator[Check]:
    """A row for what modules have where they are given nothing; a row a device, with the numbers of one of its parts but none that
    is zero, which would hide what it is a factor of, at random points."""
    text = (folder / "models.va").read_text()
    yield _defaults(format, text, design)
    for part in parts_of(design):
        name = model_name(part.device)
        found = re.search(rf"`include[^\n]*\n\s*module {name}\(.*?endmodule", text, re.DOTALL)
        quantity = f"{name}: currents, charges, slopes"
        if found is None:
            yield Check("openvaf", format, quantity, "a module", "none", None, FAILED)
            continue
        numbers = {p: float(v) or NONZERO for p, v in part.numbers.items()} | {p: 0.0 for p, _ in part.device.series}
        try:
            off = worst(part.device, found[0] + "\n", folder, _points(part), numbers)
        except (Stumbled, LookupError, ValueError) as fault:
            yield complaint("openvaf", format, quantity, str(fault))
            continue
        yield Check(
            "openvaf",
            format,
            quantity,
            f"at {POINTS} points",
            f"at {POINTS} points",
            off,
            PASSED if off <= NEAR else FAILED,
        )


def _defaults(format: str, text: str, design: Design) -> Check:
    """The defaults of parameters, as the modules say them."""
    ours, theirs = set[str](), set[str]()
    for device in (part.device for part in parts_of(design)):
        module = text.partition(f"\nmodule {model_name(device)}(")[2].partition("endmodule")[0]
        theirs |= {f"{model_name(device)}.{p} {float(v):g}" for p, v in DEFAULT.findall(module)}
        ours |= {f"{model_name(device)}.{parameter(device, p.name)} {p.default or 0.0:g}" for p in device.params}
    odd = sorted(ours ^ theirs)
    said, verdict = (odd[0], FAILED) if odd else (f"{len(theirs)}", PASSED)
    return Check("openvaf", format, "defaults of parameters", f"{len(ours)}", said, None, verdict)


def _points(part: Part) -> list[Floats]:
    rng = np.random.default_rng([*part.device.name.encode()])
    volts = [rng.uniform(-SPAN, SPAN, POINTS) for _ in part.nets]
    return volts + [rng.uniform(-1e-3, 1e-3, POINTS) for _ in kernel(part.device.over_time).branches]


VERIFIER = Verifier(
    "openvaf",
    "compiles and evaluates",
    ("veriloga",),
    "pip install openvaf-py",
    partial(of_package, "openvaf-py"),
    check,
)
