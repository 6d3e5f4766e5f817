"""Every known mistake gets exactly the message of the golden table."""

from __future__ import annotations

import os
import re
from collections import Counter

import pytest

from . import golden

if os.environ.get("NETLEARN_WRITE_GOLDEN"):
    golden.write()
CASES = golden.all_cases()


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.topic}: {c.title}")
def test_a_mistake_is_answered_as_in_the_table(case: golden.Case) -> None:
    assert golden.render(case) == case.said


def test_the_table_is_large_and_its_titles_differ() -> None:
    assert len(CASES) >= 100
    assert max(Counter((c.topic, c.title) for c in CASES).values()) == 1


def test_every_error_is_one_sentence_with_a_caret_and_a_help() -> None:
    for case in CASES:
        for shown in re.split(r"\n(?=\S)", case.said):
            if ": error: " in shown:
                message, *drawn, help = shown.split("\n")
                assert not message.endswith("."), message
                assert "__" not in shown, shown
                assert not case.text.strip() or "^" in drawn[1], shown
                assert "= help: " in help, help


def test_every_case_is_answered() -> None:
    assert [case.title for case in CASES if not case.said] == []
