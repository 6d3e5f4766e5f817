"""`netlearn mc` as a process, and what it leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from in_process import netlearn


def arguments(*given: object) -> list[str]:
    return [sys.executable, "-m", "netlearn", "mc", *map(str, given)]


def mc(*given: object, code: int = 0) -> tuple[str, str]:
    """Standard output and standard error of the command, in this process."""
    return netlearn("mc", *given, code=code)


def begun(*given: object) -> subprocess.Popen[bytes]:
    """The command in a process group of its own."""
    return subprocess.Popen(
        arguments(*given), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def killed(process: subprocess.Popen[bytes]) -> None:
    """It and its workers, at once."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def left(folder: Path) -> dict[str, bytes]:
    """What lies in a folder, but for its lock."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != "lock"}


def times(folder: Path) -> dict[str, int]:
    """When each of the finished pieces was written."""
    return {str(p.relative_to(folder)): p.stat().st_mtime_ns for p in folder.rglob("*.parquet")}
