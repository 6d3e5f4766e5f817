"""A function of ours that reads what others may have written, in a process of its own: it has no more time and memory than a
program has (`ran`), and where it ends badly netlearn goes on.

The question is ours, and is pickled, in a folder that no file of others is in; the answer is what those files have made of us, and
is JSON. A function is found by its module, which should be quick to import.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from netlearn.verify.model import ran

QUESTION, ANSWER = "question.pickle", "answer.json"
MOST_ANSWERED = 1 << 28
"""Bytes of an answer that are read: some hundreds for each device of a large circuit."""
START = [sys.executable, "-P", "-W", "ignore", "-c", "from netlearn.verify.child import answer; answer()"]


class Stumbled(Exception):
    """What the function raised there, in words, or what its process said before it ended."""


def asked(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function says, as it comes back from JSON. Stumbled where it raises or its process ends, OutOfTime where it does not
    end."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / QUESTION).write_bytes(pickle.dumps((function, arguments)))
        done = ran(START, folder, {"PYTHONPATH": os.pathsep.join(p for p in sys.path if os.path.isabs(p))})
        answer = folder / ANSWER
        if done.status != 0 or not answer.is_file():
            raise Stumbled(done.said.strip() or f"it ended with status {done.status}")
        if answer.stat().st_size > MOST_ANSWERED:
            raise Stumbled(f"an answer of more than {MOST_ANSWERED} bytes")
        found, fault = json.loads(answer.read_text())
    if fault:
        raise Stumbled(fault)
    return found


def answer() -> None:
    """The other end: the question is in this folder."""
    function, arguments = pickle.loads(Path(QUESTION).read_bytes())
    try:
        found = [function(*arguments), ""]
    except Exception as fault:  # libraries in C++ and Rust: what they raise is not ours to list
        found = [None, f"{type(fault).__name__}: {fault}"]
    Path(ANSWER).write_text(json.dumps(found))
