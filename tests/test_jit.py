"""Machine code is kept where it can be, and never where it could be stale."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import netlearn
from netlearn import jit


def test_machine_code_that_cannot_be_kept_is_compiled_each_time() -> None:
    def compiler(**kept: Any) -> Any:
        if kept:
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: ("compiled", function)

    assert jit._kept(compiler, len) == ("compiled", len)


def test_every_module_with_machine_code_is_part_of_the_name_of_its_folder() -> None:
    root = Path(netlearn.__file__).parent
    makers = re.compile(r"from netlearn\.jit import [^\n]*\b(called|callback|compiled|inlined|intrinsic)\b")
    users = {str(p.relative_to(root)) for p in root.rglob("*.py") if makers.search(p.read_text("utf-8"))}
    assert len(users) > 5
    assert users <= set(jit.COMPILED)
    assert all((root / name).exists() for name in jit.COMPILED)


def test_the_folder_changes_with_the_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NETLEARN_CACHE", str(tmp_path))
    found = set()
    for names in (jit.COMPILED, jit.COMPILED[1:]):
        monkeypatch.setattr(jit, "COMPILED", names)
        jit._folder.cache_clear()
        found.add(jit._folder())
    jit._folder.cache_clear()
    assert len(found) == 2
    assert all(Path(folder).parent == tmp_path for folder in found)
