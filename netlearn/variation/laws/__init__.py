"""How far manufacture puts parameters off, each a file with its equation: `R r(a, b) = 10k ~ LAW(...)`."""

from netlearn.variation.laws.along_l import AlongL
from netlearn.variation.laws.along_w import AlongW
from netlearn.variation.laws.law import Law
from netlearn.variation.laws.lognormal import Lognormal
from netlearn.variation.laws.normal import Normal
from netlearn.variation.laws.pelgrom import Pelgrom
from netlearn.variation.laws.uniform import Uniform

LAWS: dict[str, type[Law]] = {
    "normal": Normal,
    "uniform": Uniform,
    "lognormal": Lognormal,
    "pelgrom": Pelgrom,
    "along_w": AlongW,
    "along_l": AlongL,
}

__all__ = ["LAWS", "Law"]
