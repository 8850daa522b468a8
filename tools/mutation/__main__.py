"""Put small faults into the contracts, and see whether the campaign or the tests notice each.

Without --all, a sample is tried: of each contract and operator the share that it has of all. The
exit code is 1 if a mutant survives for which there is no reason, if a reason is out of date, or if
less than 95 % of the others are found.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from time import monotonic
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from tools.mutation import trial
from tools.mutation.mutants import (
    Key,
    Mutant,
    MutationError,
    contract_files,
    generate,
    sample,
)
from tools.mutation.reasons import Reason, read_reasons, stale
from tools.mutation.report import Report, written_into
from tools.mutation.trial import SYSTEMS, Verdict

REASONS = Path(__file__).with_name("survivors.yaml")
SAMPLE = 500
"""How many mutants are tried without ``--all``."""

T = TypeVar("T")


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that try mutants, and end with this block whatever happens."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, context, initializer=trial.begin_job)
    try:
        yield pool
    except BaseException:
        for process in list((pool._processes or {}).values()):
            process.terminate()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def _each(
    pool: ProcessPoolExecutor,
    work: Callable[[Any], T],
    items: list[Any],
    jobs: int,
    done: Callable[[Any, T], None],
) -> None:
    """Do ``work`` for all items, a few at a time, and tell each result as it comes."""
    left = iter(items)
    running: dict[Future[T], Any] = {}
    while True:
        for item in islice(left, 2 * jobs - len(running)):
            running[pool.submit(work, item)] = item
        if not running:
            return
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in finished:
            done(running.pop(future), future.result())


def _explain(
    report: Report, reasons: dict[Key, Reason], everything: dict[Key, Mutant], progress: Progress
) -> None:
    """Give survivors their reasons: their own, or that of a mutant with the same code."""
    survivors = [key for key, verdict in report.verdicts.items() if verdict.result == "survived"]
    for key in survivors:
        if key in reasons:
            report.reasons[key] = reasons[key]
    left = [key for key in survivors if key not in reasons]
    contracts = {key.contract for key in left}
    known = [key for key in reasons if key.contract in contracts and key in everything]
    if not left or not known:
        return
    task = progress.add_task("the same as one with a reason?", total=len(left) + len(known))
    court = trial.Court()
    try:
        codes: dict[str, Key] = {}
        for key in known:
            codes[court.code(everything[key])] = key
            progress.advance(task)
        for key in left:
            same = codes.get(court.code(everything[key]))
            if same is not None:
                report.reasons[key] = reasons[same]
            progress.advance(task)
    finally:
        court.compiler.close()
        progress.remove_task(task)


def run(
    mutants: list[Mutant],
    everything: list[Mutant],
    reasons: dict[Key, Reason],
    *,
    jobs: int,
    progress: Progress,
    told: Callable[[str], None] = lambda line: None,
) -> Report:
    """Try mutants.

    Args:
        mutants: those that are tried.
        everything: all that there are.
        reasons: why some of them survive.
        jobs: how many processes try.
        progress: where bars are shown.
        told: told about each survivor that has no reason.
    """
    begun = monotonic()
    report = Report(mutants)
    codes: dict[str, Key] = {}
    left: list[Mutant] = []
    with _pool(jobs) as pool:
        task = progress.add_task("compile", total=len(mutants))
        sifted: dict[Key, tuple[str, str]] = {}

        def keep(mutant: Mutant, answer: tuple[str, str]) -> None:
            sifted[mutant.key] = answer
            progress.advance(task)

        _each(pool, trial.sift, mutants, jobs, keep)
        for mutant in mutants:
            why, code = sifted[mutant.key]
            if why:
                result, _, detail = why.partition(": ")
                report.verdicts[mutant.key] = Verdict(result, detail)
            elif code in codes:
                report.verdicts[mutant.key] = Verdict("duplicate", str(codes[code]))
            else:
                codes[code] = mutant.key
                left.append(mutant)
        task = progress.add_task("the right contracts", total=len(SYSTEMS))
        _each(pool, trial.prepare, list(SYSTEMS), jobs, lambda _, __: progress.advance(task))
        task = progress.add_task("try", total=len(left))

        def judge(mutant: Mutant, verdict: Verdict) -> None:
            report.verdicts[mutant.key] = verdict
            progress.advance(task)
            if verdict.result == "survived" and mutant.key not in reasons:
                told(f"{mutant.path}:{mutant.line} survives: {mutant.key}")

        _each(pool, trial.try_mutant, left, jobs, judge)
    _explain(report, reasons, {mutant.key: mutant for mutant in everything}, progress)
    results = {key: verdict.result for key, verdict in report.verdicts.items()}
    report.wrong = stale(reasons, (mutant.key for mutant in everything), results)
    report.seconds = monotonic() - begun
    return report


@click.command(help=__doc__)
@click.option("--all", "everything", is_flag=True, help="Try all mutants, not a sample.")
@click.option("--contract", multiple=True, help="Of this contract only; may be repeated.")
@click.option("--sample", "size", default=SAMPLE, show_default=True, help="How many to try.")
@click.option("--seed", default="0", show_default=True, help="From which the sample is drawn.")
@click.option("--jobs", default=os.cpu_count() or 1, show_default=True, help="How many processes.")
@click.option("--match", default="", help="Only mutants in whose description this is found.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write a report there.")
@click.option("--page", type=click.Path(path_type=Path), help="Write figures into this document.")
def main(
    everything: bool,
    contract: tuple[str, ...],
    size: int,
    seed: str,
    jobs: int,
    match: str,
    file: Path | None,
    page: Path | None,
) -> None:
    """Try mutants, and tell what came of them."""
    if jobs < 1 or size < 1:
        raise click.UsageError("--jobs and --sample have to be 1 or more")
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    try:
        if file is not None and not file.parent.is_dir():
            raise MutationError(f"there is no folder {file.parent}")
        if page is not None:
            written_into(page.read_text(encoding="utf-8"), "")
        reasons = read_reasons(REASONS)
        mutants = generate(contract_files())
        names = {mutant.key.contract for mutant in mutants}
        unknown = {*contract} - names
        if unknown:
            raise click.UsageError(
                f"there is no contract {', '.join(sorted(unknown))}; "
                f"there are {', '.join(sorted(names))}"
            )
        chosen = mutants if everything else sample(mutants, size, seed)
        chosen = [
            mutant
            for mutant in chosen
            if (not contract or mutant.key.contract in contract) and match in str(mutant.key)
        ]
        if not chosen:
            raise click.UsageError("there is no such mutant")
        with Progress(
            *columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console
        ) as progress:
            report = run(
                chosen,
                mutants,
                reasons,
                jobs=jobs,
                progress=progress,
                told=lambda line: progress.console.print(line, highlight=False, markup=False),
            )
    except (MutationError, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        raise click.ClickException("interrupted") from None
    if file is not None:
        file.write_text(json.dumps(report.record(), indent=1) + "\n", encoding="utf-8")
    if page is not None:
        text = page.read_text(encoding="utf-8")
        page.write_text(written_into(text, report.markdown()), encoding="utf-8")
    Console().print(report.table())
    for key in report.unexplained:
        click.echo(f"survives, and nobody says why: {key}", err=True)
    for line in report.wrong:
        click.echo(line, err=True)
    used = getrusage(RUSAGE_CHILDREN)
    click.echo(
        f"{len(chosen)} of {len(mutants)} mutants in {report.seconds:.0f} s, "
        f"{used.ru_utime + used.ru_stime:.0f} s of a processor",
        err=True,
    )
    sys.exit(not report.ok)


if __name__ == "__main__":
    main()
