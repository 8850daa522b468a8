"""Forecasts for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from unbond.cli.common import console, print_json
from unbond.cli.scenarios import bind_files, conclude
from unbond.forecast import Forecast, Prospect, forecast, model_chain
from unbond.scenario import ScenarioError
from unbond.scenario.play import RoleSpeaker
from unbond.speech import Speaker
from unbond.timeline import jsonable, state_word
from unbond.when import format_date, format_duration, format_moment


def forecast_files(files: Sequence[Path]) -> list[Forecast]:
    """Forecast scenario files, each by itself; all are read and checked before the first.

    Raises:
        ScenarioError: with the problems of all files.
    """
    runs, problems = [], []
    for bound in bind_files(files):
        try:
            runs.append((bound, model_chain(bound)))
        except ScenarioError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(problems)
    return [forecast(bound, chain) for bound, chain in runs]


def show_forecasts(forecasts: list[Forecast], *, as_json: bool) -> None:
    """Print forecasts; leave with exit code 1 if something was not as its file expects."""
    if as_json:
        print_json([_as_dict(one) for one in forecasts])
    else:
        for one in forecasts:
            _show(one)
    conclude([one.timeline for one in forecasts], aloud=not as_json)


def _show(one: Forecast) -> None:
    timeline = one.timeline
    console.print(Text(timeline.heading, style="bold"))
    if one.prospects:
        console.print(_table(one))
    else:
        console.print(f"it ends {format_date(one.end)} UTC, and nobody has anything left in it")
    for line in _left_out(one):
        console.print(line)
    for difference in timeline.differences:
        console.print(Text(difference, style="red"))
    console.print()


def _table(one: Forecast) -> Table:
    table = Table(title=f"it ends {format_date(one.end)} UTC", title_justify="left", pad_edge=False)
    headings = ("who", "what", "how much", "at the end", "opens (UTC)", "after the end")
    for heading in (*headings, "in the way then", "what to do then"):
        table.add_column(heading, overflow="fold")
    speaker = RoleSpeaker(one.system, one.roles)
    for prospect in one.prospects:
        table.add_row(*map(Text, _row(one, prospect, speaker)))
    return table


def _row(one: Forecast, prospect: Prospect, speaker: Speaker) -> tuple[str, ...]:
    position = prospect.position
    amount = speaker.amount(position.amount)
    if position.rewards:
        amount += f" + {speaker.amount(position.rewards)} rewards"
    if prospect.opens is None:
        opens, wait, blocked = "not known", "", f"waits for {prospect.waits_for}"
    else:
        opens = format_date(prospect.opens)
        wait = format_duration(prospect.opens - one.end) if prospect.opens > one.end else "open"
        blocked = prospect.blocked_then or "nothing"
    return (
        prospect.role,
        prospect.name,
        amount,
        state_word(position.state),
        opens,
        wait,
        blocked,
        _next(prospect, speaker),
    )


def _next(prospect: Prospect, speaker: Speaker) -> str:
    if prospect.next is None:
        return ""
    own = prospect.position.id
    words = ", ".join(
        f"{name} {speaker.position(own) if value == own else speaker.value(name, value)}"
        for name, value in prospect.next.arguments.items()
    )
    return f"{prospect.next.action.replace('_', ' ')}: {words}"


def _left_out(one: Forecast) -> list[str]:
    """One line that says which views the model does not answer, if there are any."""
    steps = [
        f"{entry.action} of step {entry.number}" for entry in one.timeline.entries if entry.left_out
    ]
    return [f"left out, because only a contract can answer: {', '.join(steps)}"] if steps else []


def _as_dict(one: Forecast) -> dict[str, Any]:
    timeline = one.timeline
    return {
        "file": timeline.file,
        "title": timeline.title,
        "system": one.system.name,
        "end": format_moment(one.end),
        "passed": timeline.passed,
        "differences": timeline.differences,
        "leftOut": [
            {"step": entry.number, "check": entry.action}
            for entry in timeline.entries
            if entry.left_out
        ],
        "positions": [_prospect_dict(prospect, one.end) for prospect in one.prospects],
    }


def _prospect_dict(prospect: Prospect, end: int) -> dict[str, Any]:
    known = prospect.opens is not None
    return {
        "by": prospect.role,
        "name": prospect.name,
        **jsonable(vars(prospect.position)),
        "opens": None if prospect.opens is None else format_moment(prospect.opens),
        "opensIn": None if prospect.opens is None else max(0, prospect.opens - end),
        "blockedThen": prospect.blocked_then if known else None,
        "waitsFor": None if known else prospect.waits_for,
        "next": None
        if prospect.next is None
        else {
            "action": prospect.next.action,
            "arguments": {name: str(value) for name, value in prospect.next.arguments.items()},
        },
    }
