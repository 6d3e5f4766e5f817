"""Coverage-guided fuzzing of the import: `python tests/imports/fuzz_spice.py [-max_total_time=600] [corpus]`.

Any text gives a netlist or diagnostics, in bounded time; anything else is a finding.
"""

from __future__ import annotations

import signal
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType

import atheris

with atheris.instrument_imports(include=["netlearn.imports", "netlearn.spice"]):
    from netlearn.errors import NetlistError
    from netlearn.imports import import_text
    from netlearn.lang import budget

SECONDS = 10
budget.LIMITS.update(dict.fromkeys(budget.LIMITS, 20_000))


def one_input(data: bytes) -> None:
    """Import one text, as SPICE or as CDL by its first character; NetlistError is an answer."""
    text = data.decode("utf-8", "surrogateescape")
    signal.alarm(SECONDS)
    try:
        with suppress(NetlistError):
            import_text(text, "x.cdl" if text[:1] == "*" else "x.cir", Path("/nowhere"))
    finally:
        signal.alarm(0)


def _late(number: int, frame: FrameType | None) -> None:
    raise TimeoutError(f"a text took more than {SECONDS} seconds")


def main(arguments: list[str]) -> None:
    """Fuzz; the corpus folder is filled with the files of the tests."""
    sys.path.insert(0, str(Path(__file__).parent))
    from spice_files import FILES

    flags = [a for a in arguments if a.startswith("-")]
    folders = [Path(a) for a in arguments if not a.startswith("-")] or [Path("/tmp/netlearn-fuzz-spice")]
    folders[0].mkdir(parents=True, exist_ok=True)
    for i, text in enumerate(FILES.values()):
        (folders[0] / f"seed{i}").write_text(text)
    signal.signal(signal.SIGALRM, _late)
    atheris.Setup([sys.argv[0], "-max_len=2000", *flags, *map(str, folders)], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
