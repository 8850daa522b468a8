"""A campaign: blocks of moves of several systems, walked by several processes at once."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from unbond.campaign.walk import BLOCK, EPISODE, Block, Found, Tally, walk_block

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event

TICK = 0.2
"""How often progress is told, in seconds."""


@dataclass
class Report:
    """What came of a campaign."""

    seed: int
    tallies: dict[str, Tally] = field(default_factory=dict)
    """By system."""
    found: Found | None = None
    """The first disagreement, if there is one."""
    seconds: float = 0.0
    jobs: int = 1
    interrupted: bool = False
    """Whether somebody ended it early."""

    @property
    def steps(self) -> int:
        """How many moves were compared, in all systems."""
        return sum(tally.steps for tally in self.tallies.values())


_stop: Event
_counters: dict[str, Any]


def _begin_job(stop: Event, counters: dict[str, Any]) -> None:
    global _stop, _counters
    _stop, _counters = stop, counters


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C be an exception meanwhile; Ape would let it end the process at once."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back meanwhile; processes started inside never hear of it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _job(system: str, seed: int, number: int, steps: int, everybody: bool) -> Block:
    counter = _counters[system]

    def told(done: int) -> None:
        with counter.get_lock():
            counter.value += done

    return walk_block(
        system,
        seed,
        number,
        steps=steps,
        everybody=everybody,
        stop=_stop.is_set,
        told=told,
    )


def run_campaign(
    systems: list[str],
    *,
    seed: int,
    steps: int | None = None,
    minutes: float | None = None,
    jobs: int = 1,
    everybody: bool = False,
    begun: Callable[[], None] = lambda: None,
    progress: Callable[[dict[str, int]], None] = lambda done: None,
) -> Report:
    """Walk until enough was compared, or a disagreement is found.

    The same seed and number of steps give the same moves and the same finding, whatever the number
    of jobs.

    Args:
        systems: their names.
        seed: from which everything is drawn.
        steps: how many moves of each system; without a bound if missing.
        minutes: how long at most.
        jobs: how many processes walk.
        everybody: look at all positions of all people after every move.
        begun: called when from now on an interrupt gives a report.
        progress: told how many moves of each system have been compared, about five times a second.
    """
    here = str(Path(__file__).parents[2])
    if here not in sys.path:
        # While Ape runs a script the project is not on it, and processes started here inherit it.
        sys.path.append(here)
    report = Report(seed, {system: Tally() for system in systems}, jobs=jobs)
    start = monotonic()
    deadline = start + minutes * 60 if minutes is not None else float("inf")
    found: list[Block] = []
    running: set[Future[Block]] = set()
    with _interrupts_held():
        context = multiprocessing.get_context("spawn")
        stop = context.Event()
        counters = {system: context.Value("Q", 0) for system in systems}
        pool = ProcessPoolExecutor(jobs, context, initializer=_begin_job, initargs=(stop, counters))
    try:
        begun()
        portions = _portions(systems, steps)
        while True:
            while len(running) < jobs and not found and monotonic() < deadline:
                portion = next(portions, None)
                if portion is None:
                    break
                with _interrupts_held():
                    running.add(pool.submit(_job, portion[0], seed, *portion[1:], everybody))
            if not running:
                break
            done, running = wait(running, timeout=TICK, return_when=FIRST_COMPLETED)
            found += _count(report, done)
            progress({system: counter.value for system, counter in counters.items()})
            if monotonic() >= deadline:
                stop.set()
    except KeyboardInterrupt:
        report.interrupted = True
        stop.set()
        found += _count(report, wait(running).done)
    finally:
        stop.set()
        pool.shutdown()
    report.seconds = monotonic() - start
    if found:
        # Those before it have all been walked to their ends.
        first = min(found, key=lambda block: (block.number, systems.index(block.system)))
        report.found = first.found
    return report


def _count(report: Report, done: set[Future[Block]]) -> list[Block]:
    """Add finished blocks to the report; returns those in which something was found."""
    blocks = [future.result() for future in done]
    for block in blocks:
        report.tallies[block.system].add(block.tally)
    return [block for block in blocks if block.found is not None]


def _portions(systems: list[str], steps: int | None) -> Iterator[tuple[str, int, int]]:
    """System, number and length of each block, in the order in which they are walked."""
    whole = BLOCK * EPISODE
    for number in count():
        length = whole if steps is None else min(whole, steps - number * whole)
        if length <= 0:
            return
        for system in systems:
            yield system, number, length
