"""adms, an older Verilog-A compiler, reads the modules: it names what is not declared."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from netlearn.export.design import Design
from netlearn.verify.model import PASSED, Check, Verifier, complaint, ran
from netlearn.verify.versions import of_program


def check(folder: Path, format: str, design: Design) -> Iterator[Check]:
    """Whether it reads them all."""
    count = (folder / "models.va").read_text().count("endmodule")
    found = ran(["admsXml", "models.va", "-e", "/dev/null"], folder)
    if found.status != 0:
        yield complaint("adms", format, "modules", found.said)
    else:
        yield Check("adms", format, "modules", f"{count}", "all read", None, PASSED)


VERIFIER = Verifier(
    "adms",
    "reads",
    ("veriloga",),
    "apt-get install adms",
    partial(of_program, "admsXml", "--version", r"version=\"([^\"]+)\""),
    check,
)
