"""Where what is made once a machine is kept: generated source and machine code."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_folder() -> Path:
    """$NETLEARN_CACHE, or `netlearn` in the user's cache folder."""
    if chosen := os.environ.get("NETLEARN_CACHE"):
        return Path(chosen)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "netlearn"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "netlearn"
