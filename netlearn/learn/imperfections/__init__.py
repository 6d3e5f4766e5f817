"""What real parts do to the update, each a file with its equation: `imperfection NAME(...)` in a task."""

from netlearn.learn.imperfections.bias import Bias
from netlearn.learn.imperfections.clamp import Clamp
from netlearn.learn.imperfections.codes import Codes
from netlearn.learn.imperfections.comparator import Comparator
from netlearn.learn.imperfections.imperfection import Imperfection
from netlearn.learn.imperfections.injection import Injection
from netlearn.learn.imperfections.leak import Leak
from netlearn.learn.imperfections.leakage import Leakage
from netlearn.learn.imperfections.multiplier import Multiplier
from netlearn.learn.imperfections.sources import Sources
from netlearn.learn.imperfections.switch import Switch
from netlearn.learn.imperfections.twins import Twins

IMPERFECTIONS: dict[str, type[Imperfection]] = {
    "bias": Bias,
    "clamp": Clamp,
    "codes": Codes,
    "comparator": Comparator,
    "injection": Injection,
    "leak": Leak,
    "leakage": Leakage,
    "multiplier": Multiplier,
    "sources": Sources,
    "switch": Switch,
    "twins": Twins,
}

__all__ = ["IMPERFECTIONS", "Imperfection"]
