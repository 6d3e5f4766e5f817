"""Model cards and tables: what they name exists and is allowed."""

from __future__ import annotations

import math
import re

import pytest
from device_samples import numbers

from netlearn.devices import CARDS, DEVICES, Device, ModelCard, kernel

EVERY = pytest.mark.parametrize("device", DEVICES.values(), ids=DEVICES.keys())


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS.keys())
def test_a_model_card_names_a_device_and_gives_it_numbers_it_may_have(card: ModelCard) -> None:
    device = DEVICES[card.device]
    for name, value in card.params.items():
        assert name in device.param_names
        assert device.param(name).fault(value) == ""
    assert len(card.origin) > 20


@EVERY
def test_what_a_device_says_of_itself_fits_together(device: Device) -> None:
    terminals = set(device.terminals)
    named = {*(device.drop or ()), *device.control, *device.grounded, *(t for _, t in device.series)}
    assert named <= terminals
    assert {p for p, _ in device.series} | ({device.value} - {""}) <= set(device.param_names)
    for param in device.params:
        assert param.default is None or param.fault(param.default) == ""
        assert param.fault(math.nan)
        assert param.fault(math.inf)
    assert set(kernel(device).branches) == {name for kind, name, *_ in kernel(device).parts if kind == "V"}


@EVERY
def test_a_card_names_parameters_and_terminals_of_its_device_only(device: Device) -> None:
    if device.card is None:
        return
    text = device.card.line + device.card.model + device.card.transient
    assert set(re.findall(r"<(\w+)>", text)) <= set(device.param_names)
    assert set(re.findall(r"{(\w+)}", text)) <= {*device.terminals, "id", "model", "warm"}
    assert set(device.card.alter) <= set(device.param_names)


@EVERY
def test_a_faulty_number_is_told_by_its_name(device: Device) -> None:
    for param in device.params:
        assert param.fault(numbers(device)[param.name]) == ""
        if param.allowed != "any":
            assert param.name in param.fault(-1.0)
        if param.allowed == "positive":
            assert "greater than zero" in param.fault(0.0)
        if param.most < math.inf:
            assert "must not exceed" in param.fault(1.01 * param.most)
