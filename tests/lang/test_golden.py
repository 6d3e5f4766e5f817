"""Every known mistake gets exactly the message of the golden table."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.lang import golden

if os.environ.get("NETLEARN_WRITE_GOLDEN"):
    golden.write()
CASES = golden.all_cases()


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.topic}: {c.title}")
def test_a_mistake_is_answered_as_in_the_table(case: golden.Case) -> None:
    assert golden.render(case) == case.said


def test_the_table_is_large_and_its_titles_differ() -> None:
    assert len(CASES) >= 100
    assert max(Counter((c.topic, c.title) for c in CASES).values()) == 1


def test_every_message_is_one_sentence_with_one_caret_line() -> None:
    for case in CASES:
        for line in case.said.split("\n"):
            if ": error: " in line:
                message = line.split(": error: ", 1)[1]
                assert not message.endswith("."), message
                assert "__" not in message, message
