"""Write the page of every netlist in netlists/std (schematics, benches on ngspice) and an index of them.

    .venv/bin/python scripts/cells.py [--out runs/cells] [NAME ...]

NAME, such as `comparator`, picks some of them. Exit code 1: an assertion of a bench fails, or a file has a fault.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from netlearn.errors import NetlearnError
from netlearn.lang.compile import compile_file
from netlearn.report.cells import CellsPage, cells_page
from netlearn.report.html import page, text
from netlearn.store import write_bytes

ROOT = Path(__file__).resolve().parents[1]


def made(file: Path, folder: Path) -> CellsPage | str | None:
    """The page of one netlist, written; why there is none; None where a file has nothing of its own to show."""
    try:
        if not compile_file(file).modules:
            return None
        found = cells_page(file)
    except NetlearnError as fault:
        return str(fault)
    write_bytes(folder / f"{file.stem}.html", found.html.encode())
    return found


def verdict(found: CellsPage | str) -> str:
    if isinstance(found, str):
        return f"FAULT\n{found}"
    return f"{found.holds} of {found.asserts} asserts hold" if found.asserts else "no bench"


def row(name: str, found: CellsPage | str) -> str:
    if isinstance(found, str):
        return f"<tr><td>{text(name)}</td><td colspan=3><span class=bad>{text(found)}</span></td></tr>"
    bad = " class=bad" if found.holds < found.asserts else ""
    cells = f"<td>{text(', '.join(found.modules))}</td><td{bad}>{verdict(found)}</td><td>{found.seconds:.1f} s</td>"
    return f"<tr><td><a href='{text(name)}.html'>{text(name)}</a></td>{cells}</tr>"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "cells")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    files = [
        f for f in sorted((ROOT / "netlists" / "std").glob("*.nl")) if not options.names or f.stem in options.names
    ]
    if missing := set(options.names) - {file.stem for file in files}:
        raise SystemExit(f"there is no netlists/std/{sorted(missing)[0]}.nl")
    pages: dict[str, CellsPage | str] = {}
    for number, file in enumerate(files, 1):
        started = time.perf_counter()
        print(f"{number}/{len(files)} {file.stem} ...", end=" ", file=sys.stderr, flush=True)
        found = made(file, options.out)
        seconds = time.perf_counter() - started
        if found is None:
            print("no modules", file=sys.stderr)
            continue
        pages[file.stem] = found
        print(f"{verdict(found)}, {seconds:.1f} s", file=sys.stderr)
    rows = "".join(row(name, found) for name, found in pages.items())
    index = options.out / "index.html"
    write_bytes(index, page("Cells", f"<h1>Cells of netlists/std</h1><table>{rows}</table>").encode())
    print(index)
    if any(isinstance(found, str) or found.holds < found.asserts for found in pages.values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
