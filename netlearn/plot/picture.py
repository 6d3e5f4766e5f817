"""A picture as a file, the same bytes each time in svg."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from netlearn.errors import RunError
from netlearn.store import write_bytes

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#777777"  # Okabe and Ito: safe for colour-blind readers
KNOWN = (".svg", ".png", ".pdf")


def write_picture(path: Path, size: tuple[float, float], draw: Callable[[Any], None]) -> Path:
    """Have a figure of a size (inches) drawn and written; RunError where the name says no kind of picture."""
    write_bytes(path, picture(path.suffix, size, draw))
    return path


def picture(suffix: str, size: tuple[float, float], draw: Callable[[Any], None]) -> bytes:
    """What is in the file, by the end of its name."""
    if suffix not in KNOWN:
        raise RunError(f"pictures are svg, png or pdf, not '{suffix}'")
    import matplotlib
    from matplotlib.figure import Figure

    settings = {"svg.hashsalt": "netlearn", "font.size": 9, "axes.spines.top": False, "svg.fonttype": "path"}
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of axes on which there is nothing to be seen
        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(suffix)
        drawn = io.BytesIO()
        figure.savefig(drawn, format=suffix[1:], metadata=metadata, dpi=150)
    return drawn.getvalue()
