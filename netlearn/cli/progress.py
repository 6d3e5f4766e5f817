"""Progress of a run: a live bar in a terminal, a plain line now and then elsewhere, nothing for programs."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netlearn.study.findings import Drawer

EVERY = 5.0  # seconds between plain lines
BRIEF = {"violations": "violations {:.1%}", "accuracy": "accuracy {:.1%}", "mse": "error {:.3e} V^2"}


def follow(session: Any, quiet: bool) -> None:
    """Run a session to its end, telling a person how far it is."""
    if quiet:
        for _ in session:
            pass
    elif sys.stderr.isatty():
        _live(session)
    else:
        _plain(session)


def _words(session: Any, moment: Any) -> str:
    from netlearn.learn.metrics import shown_metrics, unsettled

    task, metrics = session.trainer.task, moment.metrics
    names = [n for n in shown_metrics(task) if n in BRIEF and not math.isnan(metrics[n])]
    words = [f"step {moment.steps}", *(BRIEF[n].format(metrics[n]) for n in names)]
    return ", ".join([*words, *filter(None, [unsettled(task, metrics.unsettled)])])


def _plain(session: Any) -> None:
    begun = last = time.monotonic()
    first = None
    for moment in session:
        first = moment.steps if first is None else first
        now = time.monotonic()
        if now - last >= EVERY:
            last = now
            rate = (moment.steps - first) / (now - begun)
            print(
                f"{_words(session, moment)}, {rate:.0f} steps/s{_left(session, moment, rate)}",
                file=sys.stderr,
                flush=True,
            )


def _left(session: Any, moment: Any, rate: float) -> str:
    total = session.trainer.steps
    return f", {(total - moment.steps) / rate:.0f} s left" if total and rate > 0 else ""


def _live(session: Any) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    total = session.trainer.steps
    columns = [
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
    ]
    columns += [TimeRemainingColumn()] if total else []
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        row = bar.add_task("starting", total=total, rate="")
        begun, first = time.monotonic(), None
        for moment in session:
            first = moment.steps if first is None else first
            rate = (moment.steps - first) / max(time.monotonic() - begun, 1e-9)
            bar.update(row, completed=moment.steps, description=_words(session, moment), rate=f"{rate:.0f} steps/s")


@contextmanager
def working(drawer: Drawer) -> Iterator[None]:
    """While a folder is filled that the same command goes on with."""
    try:
        with drawer:
            yield
    except KeyboardInterrupt:
        print(f"interrupted; go on with the same command and --out {drawer.folder}", file=sys.stderr)
        raise SystemExit(130) from None


@contextmanager
def counting(what: str, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Something to be told how many parts of how many are done: a bar in a terminal, a line now and then elsewhere."""
    with telling(quiet) as tell:
        yield partial(tell, what)


@contextmanager
def telling(quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """The same for work of several kinds, one after the other: it is told which as well."""
    if quiet or not sys.stderr.isatty():
        last = time.monotonic()

        def plain(what: str, done: int, total: int) -> None:
            nonlocal last
            if not quiet and time.monotonic() - last >= EVERY:
                last = time.monotonic()
                print(f"{what}: {done} of {total}", file=sys.stderr, flush=True)

        yield plain
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        row = bar.add_task("starting")
        yield lambda what, done, total: bar.update(row, description=what, completed=done, total=total)


@contextmanager
def reading(quiet: bool) -> Iterator[Callable[[str], None]]:
    """Say in a terminal what is being done, in a line that goes away."""
    if quiet or not sys.stderr.isatty():
        yield lambda doing: None
        return
    from rich.console import Console

    with Console(stderr=True).status("reading") as status:
        yield lambda doing: status.update(doing)


def patience(*backends: str, learning: bool = False) -> None:
    """Say why the first use of the native engine takes its time."""
    if "native" in backends:
        from netlearn.jit import is_kept

        if learning:
            from netlearn.solve.teaching import teach_one as kernel
        else:
            from netlearn.solve.newton import points_of_one as kernel
        if not is_kept(kernel):
            print("compiling the native engine, once on this machine (a few seconds)", file=sys.stderr)
