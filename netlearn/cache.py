"""Where what is made once a machine is kept: generated source and machine code."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path


def cache_folder() -> Path:
    """$NETLEARN_CACHE, or `netlearn` in the user's cache folder."""
    if chosen := os.environ.get("NETLEARN_CACHE"):
        return Path(chosen)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "netlearn"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "netlearn"


def kept(name: str, make: Callable[[], bytes]) -> bytes:
    """What `make` gives, made at most once: a file whose first line is the digest of the rest, else made again."""
    path = cache_folder() / name
    try:
        first, _, found = path.read_bytes().partition(b"\n")
        if first == _line(found):
            return found
    except OSError:
        pass
    made = make()
    try:  # a cache that cannot be written costs time at the next start, nothing else
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("wb", dir=path.parent, delete=False) as f:
            f.write(_line(made) + b"\n" + made)
        os.replace(f.name, path)
    except OSError:
        pass
    return made


def _line(content: bytes) -> bytes:
    return f"# {digest(content)}".encode()


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:24]
