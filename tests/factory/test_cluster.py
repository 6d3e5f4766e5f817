"""Studies past one machine: a Dask scheduler and workers on loopback, one of which is lost."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import begun, killed, left, mc
from line_samples import DIVIDER, TRANSISTORS


def _started(module: str, *arguments: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"distributed.cli.{module}", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def _port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


class Cluster:
    """A scheduler, and workers of one thread each that come and go."""

    def __init__(self, folder: Path) -> None:
        port = _port()
        self.address, self.folder = f"tcp://127.0.0.1:{port}", folder
        self.processes = [_started("dask_scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")]
        while not _listens(port):
            time.sleep(0.1)

    def worker(self) -> subprocess.Popen[bytes]:
        place = ("--host", "127.0.0.1", "--local-directory", self.folder, "--no-dashboard")
        self.processes.append(_started("dask_worker", self.address, "--nthreads", 1, "--no-nanny", *place))
        return self.processes[-1]

    def close(self) -> None:
        for process in self.processes[::-1]:
            killed(process)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path / "dask")
    yield made
    made.close()


def _pieces(folder: Path) -> int:
    return len(list((folder / "chips").glob("*.parquet")))


@pytest.mark.slow
def test_a_study_on_a_cluster_that_loses_a_worker_ends_as_on_one_machine(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "net.nl").write_text(TRANSISTORS)
    command = (tmp_path / "net.nl", "--draws", 2048, "--steps", 2000)
    mc(*command, "--jobs", 1, "-o", tmp_path / "alone")
    victim, _ = cluster.worker(), cluster.worker()
    study = begun(*command, "--cluster", cluster.address, "-o", tmp_path / "cluster")
    while _pieces(tmp_path / "cluster") < 2:
        assert study.poll() is None
        time.sleep(0.02)
    killed(victim)
    assert _pieces(tmp_path / "cluster") < 8
    assert study.wait(timeout=120) == 0
    assert left(tmp_path / "cluster") == left(tmp_path / "alone")


@pytest.mark.slow
def test_a_local_cluster_makes_the_same_chips(tmp_path: Path) -> None:
    (tmp_path / "net.nl").write_text(DIVIDER)
    command = (tmp_path / "net.nl", "--draws", 520, "--jobs", 2)
    mc(*command, "-o", tmp_path / "alone")
    assert begun(*command, "--cluster", "local", "-o", tmp_path / "local").wait(timeout=120) == 0
    assert left(tmp_path / "local") == left(tmp_path / "alone")


@pytest.mark.slow
def test_where_nothing_listens_there_is_no_cluster(tmp_path: Path) -> None:
    (tmp_path / "net.nl").write_text(DIVIDER)
    address = f"tcp://127.0.0.1:{_port()}"
    _, err = mc(tmp_path / "net.nl", "--cluster", address, "-o", tmp_path / "D", code=2)
    assert f"there is no cluster at {address}" in err
    assert "start one (dask scheduler, dask worker tcp://host:8786) and give its address, or --cluster local" in err
    mc(tmp_path / "net.nl", "--jobs", 1, "-o", tmp_path / "D")
