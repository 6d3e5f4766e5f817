"""Coverage-guided fuzzing of the compiler: `python tests/lang/fuzz_netlist.py [-max_total_time=600] [corpus]`.

Any text gives a netlist or diagnostics, in bounded time; anything else is a finding.
"""

from __future__ import annotations

import signal
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType

import atheris

with atheris.instrument_imports(include=["netlearn.lang", "netlearn.syntax", "netlearn.units", "netlearn.errors"]):
    from netlearn.errors import NetlistError
    from netlearn.lang import budget
    from netlearn.lang.compile import compile_netlist
    from netlearn.lang.format import format_text

ROOT = Path(__file__).parents[2]
SECONDS = 10
budget.LIMITS.update(dict.fromkeys(budget.LIMITS, 20_000))


def seeds() -> list[bytes]:
    """The shipped netlists and the inputs of the golden table."""
    sys.path.insert(0, str(ROOT))
    from tests.lang import golden

    shipped = [p.read_bytes() for p in sorted((ROOT / "netlists").glob("**/*.nl"))]
    return shipped + [case.text.encode() for case in golden.all_cases()]


def words() -> list[str]:
    """The vocabulary: what a mutation may put in whole."""
    from netlearn.devices import DEVICES
    from netlearn.lang.evaluate import CALLS
    from netlearn.lang.mistakes import KEYWORDS

    return [*sorted(KEYWORDS), *DEVICES, *CALLS, "..", "--", "->", "xor", "1e300", "10k", "gnd", "free", "clamped"]


def one_input(data: bytes) -> None:
    """Compile and format one text; NetlistError is an answer."""
    text = data.decode("utf-8", "surrogateescape")
    signal.alarm(SECONDS)
    try:
        for work in (compile_netlist, format_text):
            with suppress(NetlistError):
                work(text)
    finally:
        signal.alarm(0)


def _late(number: int, frame: FrameType | None) -> None:
    raise TimeoutError(f"a text took more than {SECONDS} seconds")


def main(arguments: list[str]) -> None:
    """Fuzz; the corpus folder is filled with the seeds where it is empty."""
    flags = [a for a in arguments if a.startswith("-")]
    folders = [Path(a) for a in arguments if not a.startswith("-")] or [Path("/tmp/netlearn-fuzz")]
    folders[0].mkdir(parents=True, exist_ok=True)
    for i, seed in enumerate(seeds()):
        (folders[0] / f"seed{i}").write_bytes(seed)
    book = folders[0].with_suffix(".dict")
    book.write_text("".join(f'"{w}"\n' for w in words()))
    signal.signal(signal.SIGALRM, _late)
    atheris.Setup([sys.argv[0], f"-dict={book}", "-max_len=3000", *flags, *map(str, folders)], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
