"""How learned values are kept, each a file with its equation, and the table of it."""

from netlearn.learn.memories.decay import Decay
from netlearn.learn.memories.droop import Droop
from netlearn.learn.memories.levels import Levels
from netlearn.learn.memories.memory import Memory
from netlearn.learn.memories.pcm import Pcm
from netlearn.learn.memories.rram import Rram

MEMORIES: dict[str, type[Memory]] = {
    "decay": Decay,
    "droop": Droop,
    "levels": Levels,
    "pcm": Pcm,
    "rram": Rram,
}

__all__ = ["MEMORIES", "Memory"]
