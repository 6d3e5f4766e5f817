"""What may stand between a rule and the values it changes, one small file each, and the table of it.

A task names any number of them (`update limited(fraction = 0.5)`), which act one after the other.
"""

from __future__ import annotations

from netlearn.learn.updates.annealed import Annealed
from netlearn.learn.updates.desynchronous import Desynchronous
from netlearn.learn.updates.limited import Limited
from netlearn.learn.updates.log import Log
from netlearn.learn.updates.mirror import Mirror
from netlearn.learn.updates.modulated import Modulated
from netlearn.learn.updates.pcm import Pcm
from netlearn.learn.updates.rram import Rram
from netlearn.learn.updates.static import Static
from netlearn.learn.updates.threshold import Threshold
from netlearn.learn.updates.top import Top
from netlearn.learn.updates.update import Update
from netlearn.learn.updates.written import Written

UPDATES: dict[str, type[Update]] = {
    "static": Static,
    "desynchronous": Desynchronous,
    "top": Top,
    "threshold": Threshold,
    "limited": Limited,
    "annealed": Annealed,
    "modulated": Modulated,
    "log": Log,
    "mirror": Mirror,
    "written": Written,
    "pcm": Pcm,
    "rram": Rram,
}

__all__ = ["UPDATES", "Update"]
