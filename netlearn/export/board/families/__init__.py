"""What can be bought, a file a family, and the table of it: the first package that fits a part is taken."""

from netlearn.export.board.families import (
    amplifiers,
    comparators,
    discretes,
    logic,
    potentiometers,
    switches,
    transistors,
)
from netlearn.export.board.package import Package

PACKAGES: dict[str, Package] = {
    package.name: package
    for family in (transistors, comparators, amplifiers, potentiometers, logic, switches, discretes)
    for package in family.FAMILY
}
