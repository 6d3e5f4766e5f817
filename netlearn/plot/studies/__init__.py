"""The pictures of studies: a size in inches, and what draws the findings of that study on a figure."""

from collections.abc import Callable
from typing import Any

from netlearn.plot.studies import ablation, cycle, overclamp
from netlearn.study.findings import Findings

PICTURES: dict[str, tuple[tuple[float, float], Callable[[Any, Findings], None]]] = {
    "ablation": (ablation.SIZE, ablation.draw),
    "cycle": (cycle.SIZE, cycle.draw),
    "overclamp": (overclamp.SIZE, overclamp.draw),
}
