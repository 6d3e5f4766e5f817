"""Texts that are nearly what somebody meant: words deleted, put in, exchanged, cut off."""

from __future__ import annotations

import random
from collections.abc import Sequence


def mutated(text: str, words: Sequence[str], seed: int) -> str:
    """A text with one to four such changes; what is put in is one of `words`."""
    rng = random.Random(seed)
    found = text.split(" ")
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(found))
        match rng.randrange(5):
            case 0:
                del found[at : at + rng.randint(1, 3)]
            case 1:
                found.insert(at, rng.choice(words))
            case 2:
                found[at] = rng.choice(words)
            case 3:
                found[at] = found[at][: rng.randrange(len(found[at]) + 1)]
            case 4:
                found = found[: at + 1]
        found = found or [""]
    return " ".join(found)
