"""Seconds to compile 10,000 element lines, against lark's own driver merely parsing the same text, in one run.

    python scripts/bench_compile.py [--lines 10000] [--json]

Medians of five. The goal is under 2 s for the whole compilation of 10,000 lines.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

from lark import Lark

from netlearn.lang.compile import compile_netlist
from netlearn.syntax import Brackets, grammar_text


def text(lines: int) -> str:
    body = "\n".join(f"  R r{i}(n[{i}], n[{i + 1}]) = 10k ~ 1%" for i in range(lines))
    return f"circuit A {{\n  net n[{lines + 1}]\n  input x = V(n[0])\n{body}\n  output y = V(n[{lines}])\n}}\n"


def seconds(work: Callable[[], object]) -> float:
    spent = []
    for _ in range(5):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return statistics.median(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    source = text(options.lines)
    rival = Lark(
        grammar_text(),
        parser="lalr",
        lexer="contextual",
        start=["start", "law"],
        maybe_placeholders=False,
        postlex=Brackets(),
    )
    compiled, parsed = seconds(lambda: compile_netlist(source)), seconds(lambda: rival.parse(source, start="start"))
    if options.json:
        print(
            json.dumps(
                {"lines": options.lines, "compile_s": compiled, "lark_parse_s": parsed, "ratio": compiled / parsed}
            )
        )
    else:
        print(
            f"{options.lines} lines: compiled in {compiled:.2f} s, {compiled / parsed:.2f} of lark's parsing alone ({parsed:.2f} s)"
        )


if __name__ == "__main__":
    main()
