"""The worst chip of an order, saved with what makes it again: in netlearn by its number, in SPICE by a deck of its own.

OUT/worst/WAY.json   which chip it is, its metrics, what it learned, and every number that manufacture put off
OUT/worst/WAY.cir    its worst sample for `ngspice -b`, which prints the voltages of the output
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from netlearn.backends import open_backend
from netlearn.backends.ngspice.deck import standalone, write_transient
from netlearn.circuit.chance import Keyed, Scaled, draw_seeds
from netlearn.circuit.flat import Boundary, Floats, Params, boundary, initial, with_states
from netlearn.factory import rows
from netlearn.factory.line import Line, made
from netlearn.factory.order import Order
from netlearn.learn.board import Board
from netlearn.learn.plan import make_plan
from netlearn.solve.solution import read
from netlearn.store import write_bytes, write_json
from netlearn.variation.corners import kits_at


def save(order: Order, folder: Path, way: str, corner: str, draw: int, metrics: dict[str, float]) -> None:
    """The files of one chip, used in one way."""
    line = replace(order.line, corner=corner, circuit=kits_at(order.line.circuit, corner))
    board = _board(line, draw)
    params = with_states(line.circuit, board.params, _states(order, line, board, folder, way, draw))
    sample, outputs = _worst_sample(line, params)
    deck = write_transient(line.circuit, _one(params), *_imposed(boundary(line.circuit, line.task.inputs[[sample]])))
    ports = line.circuit.outputs
    nodes = list(dict.fromkeys(n for port in ports for n in port.free if n))
    found = {port.name: float(v) for port, v in zip(ports, outputs, strict=True)}
    title = [
        f"netlearn: chip {draw} of seed {line.seed}, corner {corner or 'drawn'}, {way}; sample {sample} of task {line.task.spec.name}",
        f"outputs here: {', '.join(f'{name} = {v:.9g} V' for name, v in found.items())}",
        f"as printed below: {', '.join(f'n{n} is {line.circuit.nodes[n]}' for n in nodes)}; the first line is the operating point",
    ]
    wanted = dict(zip(found, line.task.labels[sample].tolist(), strict=True))
    assert isinstance(board.chance, Scaled)
    about = {
        "draw": draw,
        "corner": corner,
        "key": int(draw_seeds(line.seed, draw, draw + 1)[0]),
        "way": way,
        "metrics": metrics,
        "sample": int(sample),
        "inputs": dict(
            zip((port.name for port in line.circuit.inputs), line.task.inputs[sample].tolist(), strict=True)
        ),
        "outputs": found,
        "labels": wanted,
        "states": dict(zip(board.plan.names, params.states[0].tolist(), strict=True)),
        "parameters": _parameters(line, params),
    }
    write_json(folder / "worst" / f"{way}.json", about)
    write_bytes(folder / "worst" / f"{way}.cir", standalone(deck, title, nodes).encode())


def _board(line: Line, draw: int) -> Board:
    nominal = initial(line.circuit, line.seed)
    chance = Scaled(Keyed(draw_seeds(line.seed, draw, draw + 1)), line.tolerance)
    return made(line, make_plan(line.circuit, nominal), nominal, chance)


def _states(order: Order, line: Line, board: Board, folder: Path, way: str, draw: int) -> Floats:
    """What lies in the chip (1, S)."""
    if way == "programmed":
        return line.kept(line.written(line.trained, board), board)
    path = next(
        folder / "chips" / f"{name}.parquet"
        for name, own, begin, last in order.pieces()
        if own.corner == line.corner and begin <= draw < last
    )
    found = rows.load([path], ["draw", "states"], draw + 1)
    states = np.asarray(found["states"], dtype=float)[found["draw"] == draw]
    return line.kept(line.written(states, board), board) if way == "kept" else states


def _worst_sample(line: Line, params: Params) -> tuple[int, Floats]:
    """The training sample whose outputs (O,) miss their labels most."""
    task = line.task
    backend = open_backend(line.backend, line.circuit, threads=1)
    try:
        found = backend.operating_points(params, boundary(line.circuit, task.inputs[task.train]))
    finally:
        backend.close()
    outputs = read(line.circuit, params, found.x)[0]
    missed = np.nan_to_num(np.abs(outputs - task.labels[task.train]).max(axis=1), nan=np.inf)
    worst = int(np.argmax(missed))
    return int(task.train[worst]), outputs[worst]


def _one(params: Params) -> dict[str, dict[str, Floats]]:
    return {device: {param: of[0] for param, of in values.items()} for device, values in params.values.items()}


def _imposed(imposed: Boundary) -> tuple[dict[int, float], dict[int, float]]:
    """Held nodes and fed currents of its one sample."""
    held = {int(n): float(v) for n, v in zip(imposed.held, imposed.voltages[0], strict=True)}
    return held, {int(n): float(i) for n, i in zip(imposed.fed, imposed.currents[0], strict=True)}


def _parameters(line: Line, params: Params) -> dict[str, dict[str, float]]:
    """What spreads, by the path of the element, as it is in this chip."""
    found: dict[str, dict[str, Any]] = {}
    for one in line.varying:
        if one.device:
            values = params.values[one.device][one.param][0, one.elements]
            for name, value in zip(one.names, values.tolist(), strict=True):
                found.setdefault(name, {})[one.param] = value
    return found
