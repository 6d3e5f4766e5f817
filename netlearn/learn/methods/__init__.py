"""The learning methods, one small file each, and the table that a `rule` of the language chooses from."""

from __future__ import annotations

from collections.abc import Mapping

from netlearn.learn.methods.adjoint import Adjoint
from netlearn.learn.methods.aging import Aging
from netlearn.learn.methods.agnostic import Agnostic
from netlearn.learn.methods.coupled import Coupled
from netlearn.learn.methods.coupled_centred import CoupledCentred
from netlearn.learn.methods.equilibrium import Equilibrium
from netlearn.learn.methods.equilibrium_negative import EquilibriumNegative
from netlearn.learn.methods.equilibrium_positive import EquilibriumPositive
from netlearn.learn.methods.frequency import Frequency
from netlearn.learn.methods.hardware import Hardware
from netlearn.learn.methods.hebbian import Hebbian
from netlearn.learn.methods.holomorphic import Holomorphic
from netlearn.learn.methods.integrator import Integrator
from netlearn.learn.methods.method import Method
from netlearn.learn.methods.omega import Omega
from netlearn.learn.methods.omega_biased import OmegaBiased
from netlearn.learn.methods.overclamp import Overclamp
from netlearn.learn.methods.perturbation import Perturbation
from netlearn.learn.methods.power import Power
from netlearn.learn.methods.sign import Sign
from netlearn.learn.methods.spring import Spring
from netlearn.learn.methods.spsa import Spsa
from netlearn.learn.methods.two_phase import TwoPhase
from netlearn.learn.methods.two_phase_centred import TwoPhaseCentred
from netlearn.learn.options import Numbers, make

METHODS: dict[str, type[Method]] = {
    "coupled": Coupled,
    "coupled_centred": CoupledCentred,
    "hebbian": Hebbian,
    "hardware": Hardware,
    "integrator": Integrator,
    "overclamp": Overclamp,
    "sign": Sign,
    "equilibrium": Equilibrium,
    "equilibrium_positive": EquilibriumPositive,
    "equilibrium_negative": EquilibriumNegative,
    "spring": Spring,
    "holomorphic": Holomorphic,
    "two_phase": TwoPhase,
    "two_phase_centred": TwoPhaseCentred,
    "omega": Omega,
    "omega_biased": OmegaBiased,
    "frequency": Frequency,
    "agnostic": Agnostic,
    "power": Power,
    "aging": Aging,
    "spsa": Spsa,
    "perturbation": Perturbation,
    "adjoint": Adjoint,
}


def make_method(name: str, given: Mapping[str, Numbers]) -> Method:
    """The method of that name, with its options in SI units."""
    return make("rule", METHODS, name, given)


__all__ = ["METHODS", "Method", "make_method"]
