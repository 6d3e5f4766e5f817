"""The devices: one small file each, and the table of them that tests and documentation walk."""

from netlearn.devices import (
    capacitor,
    comparator,
    conductor,
    controlled,
    diode,
    ekv,
    inductor,
    mos1,
    multiplier,
    ohmic,
    opamp,
    resistor,
    sources,
    switch,
)
from netlearn.devices.cards import CARDS
from netlearn.devices.law import Kernel, kernel, known_law
from netlearn.devices.model import Card, Device, ModelCard, Param

DEVICES: dict[str, Device] = {
    device.name: device
    for device in (
        resistor.DEVICE,
        conductor.DEVICE,
        capacitor.DEVICE,
        capacitor.MEMORY,
        inductor.DEVICE,
        sources.VOLTAGE,
        sources.CURRENT,
        controlled.VCVS,
        controlled.VCCS,
        controlled.CCVS,
        controlled.CCCS,
        diode.DEVICE,
        mos1.NMOS,
        mos1.PMOS,
        ekv.NEKV,
        ekv.PEKV,
        ohmic.DEVICE,
        switch.DEVICE,
        opamp.DEVICE,
        comparator.DEVICE,
        multiplier.DEVICE,
    )
}

__all__ = ["CARDS", "DEVICES", "Card", "Device", "Kernel", "ModelCard", "Param", "kernel", "known_law"]
