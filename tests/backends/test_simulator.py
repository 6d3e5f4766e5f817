"""The ngspice driver: right numbers, and every way in which ngspice fails as one clear error."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from netlearn.backends.ngspice import simulator as module
from netlearn.backends.ngspice.library import candidates
from netlearn.backends.ngspice.simulator import Simulator, transient, version
from netlearn.errors import (
    BackendError,
    SimulatorDied,
    SimulatorHung,
    SimulatorMissing,
    SimulatorRefused,
)


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


pytestmark = pytest.mark.skipif(
    not any(map(_loads, candidates())),
    reason="NGSPICE IS NOT INSTALLED, nothing of it is tested: apt-get install libngspice0 ngspice",
)

END = """vsweep nsweep 0 0
rsweep nsweep 0 1
.options reltol=1e-9 vntol=1e-12 abstol=1e-15
.end
"""
DIVIDER = f"""* a diode at a divider
v0 n1 0 external
i1 0 n2 external
r1 n1 n2 1000
r2 n2 0 1000
d1 n2 0 dm
.model dm d is=1e-14
{END}"""
LATTICE = 4  # nodes on a side
FETS = 24


def lattice() -> tuple[str, list[str], list[str]]:
    """Level-1 transistors on a square lattice; each gate has its own source, after the 2 inputs."""
    n = range(LATTICE * LATTICE)
    right = [(a, a + 1) for a in n if (a + 1) % LATTICE]
    down = [(a, a + LATTICE) for a in n if a + LATTICE in n]
    lines = ["* lattice", "v0 n0 0 external", "v1 n15 0 external"]
    for e, (a, b) in enumerate(right + down):
        lines += [f"v{2 + e} g{e} 0 external", f"m{e} n{a} g{e} n{b} 0 nch w=20u l=10u"]
    lines.append(".model nch nmos level=1 vto=0.7 kp=225u lambda=0.029 gamma=0.85 phi=0.9")
    return "\n".join(lines) + "\n" + END, [f"v{k}" for k in range(2 + FETS)], ["n5", "v0#branch"]


def inputs(lanes: int, seed: int = 0) -> NDArray[np.float64]:
    draw = np.random.default_rng(seed)
    return np.hstack([draw.uniform(0, 0.5, (lanes, 2)), draw.uniform(2, 4, (lanes, FETS))])


@pytest.fixture(scope="module")
def network() -> Iterator[Simulator]:
    with Simulator(*lattice()) as simulator:
        yield simulator


@pytest.fixture
def divider() -> Iterator[Simulator]:
    with Simulator(DIVIDER, ["v0", "i1"], ["n2", "v0#branch"], timeout=2.0) as simulator:
        yield simulator


def worker(simulator: Simulator) -> subprocess.Popen[bytes]:
    assert simulator._stream is not None
    return simulator._stream.worker.process


def kilobytes(simulator: Simulator) -> int:
    """Resident memory of the worker."""
    return int(Path(f"/proc/{worker(simulator).pid}/statm").read_text().split()[1]) * 4


def solve_with(body: str, values: Any, reads: tuple[str, ...] = ("n2",)) -> module.Points:
    """Operating points of `body` driven by v0 at n1."""
    with Simulator(f"* t\nv0 n1 0 external\n{body}\n{END}", ["v0"], reads) as simulator:
        return simulator.operating_points(values)


def test_the_host_does_not_import_numba() -> None:
    code = "import sys, netlearn.backends.ngspice.simulator; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_operating_points_obey_the_laws_of_the_devices(divider: Simulator) -> None:
    drive = np.array([[1.0, 0.0], [3.0, 1e-3], [-2.0, 0.0], [0.3, 1e-5]])
    points = divider.operating_points(drive)
    v, branch = points.values.T
    thermal = 1.380649e-23 * 300.15 / 1.602176634e-19
    diode = 1e-14 * np.expm1(np.maximum(v, -1) / thermal) + 1e-12 * v
    into = (drive[:, 0] - v) / 1000 + drive[:, 1]
    np.testing.assert_allclose(v / 1000 + diode, into, rtol=1e-5, atol=1e-11)
    np.testing.assert_allclose(branch, -(drive[:, 0] - v) / 1000, atol=1e-12)
    assert points.settled.all()
    assert points.trusted.all()
    assert (points.iterations > 0).all()


def test_values_go_in_the_order_of_sources_and_come_in_the_order_of_reads() -> None:
    with Simulator(DIVIDER, ["i1", "v0"], ["n1", "n2", "V0#branch"]) as turned:
        values = turned.operating_points([[1e-4, -1.0]]).values
    np.testing.assert_allclose(values, [[-1.0, -0.45, 0.55e-3]], atol=1e-9)


def test_a_batch_in_parts_is_the_batch_lane_by_lane(network: Simulator) -> None:
    x = inputs(network._lanes + 3)
    network.reset()
    batch = network.operating_points(x)
    network.reset()
    lanes = [network.operating_points(lane[None]).values[0] for lane in x[:50]]
    assert batch.values.shape == (len(x), 2)
    assert batch.settled.all()
    np.testing.assert_array_equal(batch.values[:50], lanes)


def test_no_lanes_give_no_points(network: Simulator) -> None:
    points = network.operating_points(np.empty((0, 2 + FETS)))
    assert points.values.shape == (0, 2)
    assert points.settled.shape == (0,)


def test_results_are_a_function_of_the_calls_since_the_reset_bit_for_bit(
    network: Simulator,
) -> None:
    def course() -> NDArray[np.float64]:
        network.alter([("m3", "w", 20e-6)])
        network.reset()
        one = network.operating_points(inputs(30))
        network.alter([("m3", "w", 30e-6)])
        two = network.operating_points(inputs(30, seed=1))
        return np.vstack([one.values, two.values])

    first = course()
    network.operating_points(inputs(7, seed=2))
    np.testing.assert_array_equal(course(), first)
    worker(network).kill()
    with pytest.raises(SimulatorDied):
        network.operating_points(inputs(1))
    np.testing.assert_array_equal(course(), first)


def test_points_belong_to_the_caller(network: Simulator) -> None:
    points = network.operating_points(inputs(4))
    before = points.values.copy()
    network.operating_points(inputs(4, seed=3))
    np.testing.assert_array_equal(points.values, before)


ALTERABLE = (
    """* one of each
v0 n0 0 external
r1 n0 n1 {resistance}
d1 n1 0 dm area={area}
r2 n0 n2 1000
m1 n2 n0 0 0 nch w={w} l=10u
g3 n3 0 n0 0 {gain}
r3 n3 0 1000
.model dm d
.model nch nmos level=1 vto=0.7 kp=225u
"""
    + END
)
ORIGINAL = {"resistance": 1e3, "area": 1.0, "w": 20e-6, "gain": 1e-3}


@pytest.mark.parametrize(
    ("device", "parameter", "value"),
    [("r1", "resistance", 2e3), ("d1", "area", 3.0), ("m1", "w", 40e-6), ("g3", "gain", 2e-3)],
)
def test_an_alteration_has_the_effect_of_a_deck_written_so(device: str, parameter: str, value: float) -> None:
    reads, x = ["n1", "n2", "n3"], [[1.5], [2.5]]
    with Simulator(ALTERABLE.format(**ORIGINAL), ["v0"], reads) as altered:
        altered.operating_points(x)
        altered.alter([(device, parameter, value)])
        within = altered.operating_points(x).values
        altered.reset()
        afresh = altered.operating_points(x).values
    written = ALTERABLE.format(**{**ORIGINAL, parameter: value})
    with Simulator(written, ["v0"], reads) as other:
        true = other.operating_points(x).values
    np.testing.assert_allclose(within, true, atol=1e-9)
    np.testing.assert_array_equal(afresh, true)


def test_a_long_life_of_alterations_ends_sweeps_and_stays_small_and_right(
    divider: Simulator,
) -> None:
    before = kilobytes(divider)
    for k in range(120):
        divider.alter([("r1", "resistance", 1e3 + k + e / 100) for e in range(100)])
        divider.operating_points([[0.2, 0.0]])
    last = divider.operating_points([[0.2, 0.0]]).values[0, 0]
    assert abs(last - 0.2 * 1000 / (2000 + 119.99)) < 1e-9
    assert kilobytes(divider) - before < 5000


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("r99", "resistance", 1.0), "no such device"),
        (("r1", "colour", 1.0), "no such parameter"),
    ],
)
def test_a_refused_alteration_changes_nothing(divider: Simulator, change: tuple[str, str, float], said: str) -> None:
    before = divider.operating_points([[0.2, 0.0]]).values
    with pytest.raises(SimulatorRefused, match=said):
        divider.alter([("r2", "resistance", 5e3), change])
    np.testing.assert_array_equal(divider.operating_points([[0.2, 0.0]]).values, before)


@pytest.mark.parametrize(
    "change",
    [
        ("r1", "resistance", np.nan),
        ("r1]", "resistance", 1.0),
        ("v0", "dc", 1.0),
        ("vsweep", "dc", 1),
    ],
)
def test_an_alteration_that_would_go_wrong_is_not_sent(divider: Simulator, change: Any) -> None:
    with pytest.raises(BackendError):
        divider.alter([change])
    assert divider.operating_points([[0.2, 0.0]]).settled.all()


def test_values_that_are_not_finite_are_refused_by_name(divider: Simulator) -> None:
    with pytest.raises(BackendError, match="i1 is nan in lane 1"):
        divider.operating_points([[0.0, 0.0], [0.0, np.nan]])
    with pytest.raises(BackendError, match=r"shape \(2,\)"):
        divider.operating_points([0.0, 0.0])


def test_a_lane_that_does_not_settle_is_reported_and_the_others_are_right() -> None:
    body = "r1 n1 n2 1000\nb1 n2 0 i=(v(n1)>1.5 ? 1+v(n2)*v(n2) : v(n2)/1000)"
    points = solve_with(body, [[1.0], [2.0], [1.2], [1.9], [1.1]])
    np.testing.assert_array_equal(points.settled, [True, False, True, False, True])
    np.testing.assert_allclose(points.values[:, 0], [0.5, np.nan, 0.6, np.nan, 0.55], atol=1e-9)


def test_after_a_lane_that_does_not_settle_alterations_still_hold() -> None:
    deck = f"* t\nv0 n1 0 external\nr1 n1 n2 1\nb1 n2 0 i=(v(n1)>1.5 ? 1+v(n2)*v(n2) : v(n2))\n{END}"
    with Simulator(deck, ["v0"], ["n2"]) as simulator:
        simulator.alter([("r1", "resistance", 3.0)])
        points = simulator.operating_points([[1.0], [2.0], [1.0]])
        assert any("lane 1 of its batch did not settle" in line for line in simulator.messages)
    np.testing.assert_allclose(points.values[:, 0], [0.25, np.nan, 0.25], atol=1e-9)


@pytest.mark.parametrize(
    "body",
    [
        "r1 n1 n2 1000\nr2 n2 0 1000\nr3 n3 n4 1000",
        "r1 n1 n2 1000\nr2 n2 0 1000\nc3 n2 n3 1u",
        "r1 n1 n2 1000\nr2 n2 0 1000\nv3 n1 0 1",
    ],
    ids=["floating", "behind a capacitor", "loop of sources"],
)
def test_a_circuit_without_a_unique_solution_settles_in_no_lane(body: str) -> None:
    points = solve_with(body, [[1.0], [2.0]])
    assert not points.settled.any()
    assert not points.trusted.any()
    assert np.isnan(points.values).all()


def test_a_point_reached_by_stepping_is_solved_again_by_newtons_method() -> None:
    points = solve_with("r1 n1 n2 1\nb1 n2 0 i=1e-14*(exp(v(n2)/0.025)-1)", [[5.0]] * 3)
    v = points.values[:, 0]
    np.testing.assert_array_equal(points.trusted, [False, True, True])
    assert points.settled.all()
    np.testing.assert_allclose(1e-14 * np.expm1(v / 0.025), 5 - v, rtol=1e-6)


def test_a_ring_of_inverters_without_a_rest_settles_in_no_lane_and_in_no_long_time() -> None:
    ring = "\n".join(f"b{k} n{k + 1} 0 v=tanh(1e4*(0.3-v(n{k})))+0.3*v(n1)" for k in range(2, 5))
    with Simulator(
        f"* t\nv0 n1 0 external\nr1 n5 n2 1k\nc1 n2 0 1p\n{ring}\n{END}",
        ["v0"],
        ["n5"],
        timeout=5.0,
    ) as simulator:
        assert not simulator.operating_points([[1.0]]).settled.any()


def test_a_lane_that_does_not_settle_is_told_in_ngspices_own_words() -> None:
    deck = f"* t\nv0 n1 0 external\nr1 n1 n2 1000\nb1 n2 0 i=1+v(n2)*v(n2)\n{END}"
    with Simulator(deck, ["v0"], ["n2"]) as simulator:
        simulator.operating_points([[1.0]])
        assert any("Too many iterations without convergence" in line for line in simulator.messages)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("m1 n1 n2 0 0 nosuch", "nosuch"),
        ("r1 n1 n2 {nosuch}", "nosuch"),
        ("x1 n1 n2 nosuch", "nosuch"),
        ("r1 n1 n2", "n9"),
        (".control\nquit\n.endc", "gave up"),
        (".control\nexit 3\n.endc", "gave up"),
    ],
)
def test_a_deck_that_ngspice_does_not_understand_is_refused_in_its_own_words(body: str, said: str) -> None:
    with pytest.raises((SimulatorRefused, SimulatorDied), match=said):
        Simulator(f"* t\nv0 n1 0 external\nr9 n1 n2 1k\n{body}\n{END}", ["v0"], ["n2", "n9"])


@pytest.mark.parametrize(
    ("sources", "said"),
    [(["v1"], "v0 v1"), (["v0", "v0"], "v0"), (["vin"], "vin"), ([], "v0")],
)
def test_sources_that_are_not_the_external_ones_are_refused(sources: list[str], said: str) -> None:
    with pytest.raises(BackendError, match=said):
        Simulator(f"* t\nv0 n1 0 external\nr1 n1 0 1\n{END}", sources, ["n1"])
    with pytest.raises(BackendError, match=r"\.end"):
        Simulator("* t\nv0 n1 0 external\nr1 n1 0 1\n", ["v0"], ["n1"])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_worker_that_dies_is_one_error_and_the_next_call_has_a_new_one(
    divider: Simulator, number: signal.Signals
) -> None:
    divider.alter([("r1", "resistance", 3e3)])
    worker(divider).send_signal(number)
    with pytest.raises(SimulatorDied, match=number.name):
        divider.operating_points([[0.4, 0.0]])
    np.testing.assert_allclose(divider.operating_points([[0.4, 0.0]]).values[0, 0], 0.1, atol=1e-9)


def test_a_worker_that_hangs_is_ended_in_time_and_the_next_call_has_a_new_one() -> None:
    with Simulator(DIVIDER, ["v0", "i1"], ["n2"], timeout=1.0) as simulator:
        stuck = worker(simulator)
        stuck.send_signal(signal.SIGSTOP)
        with pytest.raises(SimulatorHung, match="1 s"):
            simulator.operating_points([[0.4, 0.0]])
        assert stuck.returncode == -signal.SIGKILL
        assert simulator.operating_points([[0.4, 0.0]]).settled.all()


def test_many_lanes_may_take_longer_than_the_timeout_of_one(monkeypatch: Any) -> None:
    with Simulator(*lattice(), timeout=60.0) as simulator:
        assert simulator._stream is not None
        monkeypatch.setattr(simulator._stream, "_timeout", 0.05)
        start = time.monotonic()
        assert simulator.operating_points(inputs(4000)).settled.all()
        assert time.monotonic() - start > 0.05, "too few lanes to tell"


def run_in_a_host(lines: str) -> subprocess.Popen[str]:
    """A host process that makes `simulator`, tells its worker's id, and goes on with `lines`."""
    code = f"""
import sys, numpy as np
from netlearn.backends.ngspice.simulator import Simulator
simulator = Simulator({DIVIDER!r}, ["v0", "i1"], ["n2"])
print(simulator._stream.worker.process.pid, flush=True)
{lines}
"""
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def is_running(process: int) -> bool:
    """Is it there, and not merely waiting for its parent to notice its end?"""
    stat = Path(f"/proc/{process}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def comes_true(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


BUSY = "while True: simulator.operating_points(np.zeros((4000, 2)))"


def test_ctrl_c_is_the_hosts_alone_and_ends_the_worker() -> None:
    with run_in_a_host(f"print('go', flush=True)\n{BUSY}") as host:
        assert host.stdout is not None
        process = int(host.stdout.readline())
        host.stdout.readline()
        assert os.getpgid(process) != os.getpgid(host.pid)
        time.sleep(0.1)
        host.send_signal(signal.SIGINT)
        assert "KeyboardInterrupt" in host.communicate(timeout=10)[1]
    assert comes_true(lambda: not is_running(process))


@pytest.mark.parametrize("doing", [BUSY, "sys.stdin.read()", "import time; time.sleep(60)"])
def test_a_worker_does_not_outlive_a_host_that_is_killed(doing: str) -> None:
    with run_in_a_host(doing) as host:
        assert host.stdout is not None
        process = int(host.stdout.readline())
        host.kill()
    assert comes_true(lambda: not is_running(process))


def test_a_simulator_that_is_dropped_or_closed_leaves_nothing_behind() -> None:
    def files() -> int:
        return len(os.listdir("/proc/self/fd"))

    Simulator(DIVIDER, ["v0", "i1"], ["n2"]).close()
    gc.collect()
    before = files()
    dropped = Simulator(DIVIDER, ["v0", "i1"], ["n2"])
    process = worker(dropped).pid
    del dropped
    assert not is_running(process)
    closed = Simulator(DIVIDER, ["v0", "i1"], ["n2"])
    closed.close()
    closed.close()
    del closed
    assert files() == before


def test_a_closed_simulator_says_so(divider: Simulator) -> None:
    divider.close()
    with pytest.raises(BackendError, match="closed"):
        divider.operating_points([[0.0, 0.0]])


def test_a_forked_process_is_told_to_make_its_own() -> None:
    lines = """
import os, netlearn.errors
child = os.fork()
if not child:
    try: simulator.operating_points([[0.2, 0.0]])
    except netlearn.errors.BackendError as error: sys.stdout.write(str(error)); sys.stdout.flush()
    del simulator
    os._exit(0)
os.waitpid(child, 0)
print(simulator.operating_points([[0.2, 0.0]]).values)
"""
    with run_in_a_host(lines) as host:
        out, _ = host.communicate(timeout=20)
    assert "another process" in out
    assert "0.1" in out


def test_threads_take_turns(network: Simulator) -> None:
    x = inputs(40)
    alone = network.operating_points(x).values
    wrong: list[float] = []

    def call(lane: int) -> None:
        for _ in range(20):
            values = network.operating_points(x[lane : lane + 1]).values
            wrong.append(float(abs(values - alone[lane]).max()))

    threads = [threading.Thread(target=call, args=(lane,)) for lane in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(wrong) == 80
    assert max(wrong) < 1e-8


def test_memory_does_not_grow_with_solves(network: Simulator) -> None:
    x = inputs(2000)
    network.operating_points(x)
    before = kilobytes(network)
    for _ in range(10):
        network.operating_points(x)
    for lane in x[:300]:
        network.operating_points(lane[None])
        network.reset()
    assert kilobytes(network) - before < 1000


def test_a_missing_library_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NGSPICE_LIBRARY_PATH", "/nowhere/libngspice.so")
    with pytest.raises(SimulatorMissing, match="apt-get install") as fault:
        version()
    assert "/nowhere/libngspice.so" in fault.value.message


def test_the_folder_of_the_user_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".spiceinit").write_text("* for another program\nquit\n")
    (tmp_path / "signal.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)
    assert solve_with("r1 n1 n2 1k\nr2 n2 0 1k", [[1.0]]).values == pytest.approx(0.5)


def test_the_library_tells_its_version() -> None:
    assert int(version().split(".")[0]) > 0


CHARGING = """* a capacitor
v0 n1 0 pulse(0 1 0 1n 1n 1 2)
r1 n1 n2 1000
c2 n2 0 1u{initial}
.save n2 v0#branch
.options reltol=1e-6
.end
"""


def test_a_transient_charges_a_capacitor_as_it_should() -> None:
    waves = transient(CHARGING.format(initial=""), ["n2", "v0#branch"], step=1e-5, stop=5e-3, max_step=1e-5)
    assert waves.time[0] == 0
    assert abs(waves.time[-1] - 5e-3) < 1e-12
    assert (np.diff(waves.time) > 0).all()
    assert waves.values.shape == (len(waves.time), 2)
    np.testing.assert_allclose(waves.values[:, 0], 1 - np.exp(-waves.time / 1e-3), atol=1e-5)


def test_a_transient_can_start_from_given_charges() -> None:
    waves = transient(CHARGING.format(initial=" ic=2"), ["n2"], step=1e-5, stop=1e-4, uic=True)
    assert abs(waves.values[1, 0] - 2) < 1e-3


def test_a_transient_that_takes_too_long_is_ended() -> None:
    with pytest.raises(SimulatorHung):
        transient(CHARGING.format(initial=""), ["n2"], step=1e-9, stop=5.0, timeout=1.0)


def test_a_transient_that_cannot_be_run_is_refused() -> None:
    deck = CHARGING.format(initial="")
    with pytest.raises(SimulatorRefused, match="n3"):
        transient(deck, ["n3"], step=1e-5, stop=1e-4)
    with pytest.raises(SimulatorRefused, match="nosuch"):
        transient(deck.replace("r1 n1 n2 1000", "m1 n1 n2 0 0 nosuch"), ["n2"], step=1e-5, stop=1e-4)
    with pytest.raises(BackendError, match="external"):
        transient(DIVIDER, ["n2"], step=1e-5, stop=1e-4)
    with pytest.raises(BackendError, match="step"):
        transient(deck, ["n2"], step=0.0, stop=1e-4)
