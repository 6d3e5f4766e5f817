"""The quick reader reads what lark reads, and large texts are compiled in little time."""

from __future__ import annotations

from pathlib import Path

import pytest

from netlearn.devices import DEVICES
from netlearn.lang.compile import compile_netlist
from netlearn.syntax import ReadFault, _reader, parse

SHIPPED = sorted((Path(__file__).parents[2] / "netlists").glob("**/*.nl"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.name)
def test_the_quick_reader_reads_what_lark_reads(path: Path) -> None:
    reader, text = _reader(), path.read_text(encoding="utf-8") + "\n"
    assert reader.quick(text, "start") == reader.lark.parse(text, start="start")


@pytest.mark.parametrize("name", sorted(DEVICES))
def test_the_quick_reader_reads_device_laws_as_lark_does(name: str) -> None:
    reader, law = _reader(), DEVICES[name].law + "\n"
    assert reader.quick(law, "law") == reader.lark.parse(law, start="law")


def test_a_keyword_that_goes_on_with_letters_is_no_keyword() -> None:
    with pytest.raises(ReadFault) as fault:
        parse("circuit A {\n  net n[9]\n  mesh e = grid(3, 3) onn of R = 1k\n}")
    assert (fault.value.line, fault.value.column, fault.value.text) == (3, 23, "onn")


def test_names_may_begin_with_keywords() -> None:
    text = "circuit A {\n  net inner, online, forward\n  R r(inner, online) = 1k\n  R nets(online, forward) = 1k\n}"
    assert list(compile_netlist(text).circuit.top.nets) == ["inner", "online", "forward"]
