"""Run folders after a kill in the middle of a write."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from netlearn.store import RunFolder, write_bytes

KILLED_WHILE_IT_MOVES_A_FILE = """
import os, signal, sys
from pathlib import Path
os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
from netlearn.store import write_bytes
write_bytes(Path(sys.argv[1]), b"new")
"""


def test_what_a_kill_leaves_half_written_goes_when_the_folder_is_next_locked(tmp_path: Path) -> None:
    wanted = tmp_path / "chips" / "one.parquet"
    write_bytes(wanted, b"old")
    subprocess.run([sys.executable, "-c", KILLED_WHILE_IT_MOVES_A_FILE, wanted])
    assert wanted.read_bytes() == b"old"
    assert len(list(wanted.parent.iterdir())) == 2
    RunFolder(tmp_path).lock().release()
    assert list(wanted.parent.iterdir()) == [wanted]


def test_a_kill_in_a_first_write_leaves_a_folder_that_can_be_begun(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED_WHILE_IT_MOVES_A_FILE, tmp_path / "run.json"])
    RunFolder(tmp_path).lock().release()
    assert [left.name for left in tmp_path.iterdir()] == ["lock"]
