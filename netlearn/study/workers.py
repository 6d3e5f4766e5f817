"""Pieces of work that do not depend on each other, done where there is room: here, in processes, or on a cluster."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, TypeVar

from netlearn.errors import RunError

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")
RETRIES = 5
"""How often a piece is begun again whose worker was lost."""


def done(
    work: Callable[..., Result], pieces: Mapping[Key, Sequence[Any]], jobs: int, cluster: str | None = None
) -> Iterator[tuple[Key, Result]]:
    """`work` of the arguments of each piece, as they come: in this process, in `jobs` processes of their own, or by the
    workers of a Dask `cluster`, an address such as tcp://host:8786, or "local" for one of `jobs` workers on this machine.
    RunError where there is none, or it loses a piece again and again."""
    if cluster is None and min(jobs, len(pieces)) < 2:
        yield from ((key, work(*arguments)) for key, arguments in pieces.items())
        return
    if not pieces:
        return
    rooms = _processes(min(jobs, len(pieces))) if cluster is None else _cluster(cluster, jobs)
    with rooms as pool:
        asked = {pool.submit(work, *arguments): key for key, arguments in pieces.items()}
        for future in as_completed(asked):
            yield asked.pop(future), future.result()


@contextmanager
def _processes(jobs: int) -> Iterator[Executor]:
    """Processes of this machine, which end with this one whatever ends it."""
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), initializer=_leave_with, initargs=(os.getpid(),))
    try:
        yield pool
    except BrokenProcessPool:
        raise RunError(
            "a process of this study was ended from outside, perhaps for its memory",
            "see what ended it, or give fewer --jobs; the same command goes on",
        ) from None
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def _leave_with(parent: int) -> None:
    """End this process soon after its parent has been killed."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _cluster(address: str, jobs: int) -> Iterator[Executor]:
    from distributed import Client, LocalCluster
    from distributed.scheduler import KilledWorker

    try:
        if address == "local":
            here = LocalCluster(n_workers=jobs, threads_per_worker=1, processes=True, dashboard_address=None)
            client = Client(here)
        else:
            client = Client(address, timeout="20s")
    except (OSError, ValueError, TypeError) as error:
        raise RunError(
            f"there is no cluster at {address}: {error}",
            "start one (dask scheduler, dask worker tcp://host:8786) and give its address, or --cluster local",
        ) from None
    try:
        with client.get_executor(pure=False, retries=RETRIES) as pool:
            yield pool
    except KilledWorker as error:
        raise RunError(
            f"the cluster lost its workers: {error}", "see what ended them; the same command goes on"
        ) from None
    finally:
        client.close()
        if address == "local":
            here.close()
