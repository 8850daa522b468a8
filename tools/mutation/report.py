"""What came of all mutants: a table by contract, and rows for other programs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from rich.table import Table

from tools.mutation.mutants import Key, Mutant
from tools.mutation.reasons import Reason
from tools.mutation.trial import Verdict

GOAL = Fraction(95, 100)
"""The part of a contract's mutants, less the equivalent ones, that has to be found at least."""

WORDS = {
    "invalid": "does not compile",
    "equal": "the same bytecode",
    "duplicate": "the same bytecode as another mutant",
    "campaign": "killed by the campaign",
    "tests": "killed by tests",
    "survived": "survived",
}


@dataclass
class Report:
    """All verdicts of a run."""

    mutants: list[Mutant]
    verdicts: dict[Key, Verdict] = field(default_factory=dict)
    reasons: dict[Key, Reason] = field(default_factory=dict)
    """Why those survived that did, by mutant."""
    wrong: list[str] = field(default_factory=list)
    """What else is wrong: reasons that are out of date."""
    seconds: float = 0.0

    def counts(self, contract: str | None = None) -> Counter[str]:
        """How many mutants came to what, of a contract or of all; survivors by their reasons."""
        found: Counter[str] = Counter()
        for mutant in self.mutants:
            if contract in (None, mutant.key.contract):
                found[self._outcome(mutant.key)] += 1
        return found

    def _outcome(self, key: Key) -> str:
        verdict = self.verdicts[key]
        if verdict.result != "survived":
            return verdict.result
        reason = self.reasons.get(key)
        if reason is None:
            return "unexplained"
        return "equivalent" if reason.equivalent else "explained"

    @property
    def contracts(self) -> list[str]:
        """The contracts that were looked at."""
        return sorted({mutant.key.contract for mutant in self.mutants})

    @property
    def unexplained(self) -> list[Key]:
        """Survivors without a reason."""
        return [mutant.key for mutant in self.mutants if self._outcome(mutant.key) == "unexplained"]

    def score(self, contract: str | None = None) -> Fraction | None:
        """The part that was found of those mutants that are not equivalent; nothing of none."""
        count = self.counts(contract)
        killed = count["campaign"] + count["tests"]
        all_of_them = killed + count["unexplained"] + count["explained"]
        return Fraction(killed, all_of_them) if all_of_them else None

    @property
    def ok(self) -> bool:
        """Whether enough were found, and all others are explained."""
        score = self.score()
        return not self.unexplained and not self.wrong and (score is None or score >= GOAL)

    def figures(self, contract: str | None = None) -> tuple[str, ...]:
        """A line of the table."""
        count = self.counts(contract)
        score = self.score(contract)
        return (
            contract or "all",
            str(sum(count.values())),
            str(count["invalid"]),
            str(count["equal"] + count["duplicate"]),
            str(count["campaign"]),
            str(count["tests"]),
            str(count["equivalent"] + count["explained"]),
            str(count["unexplained"]),
            "–" if score is None else percent(score),
        )

    def table(self) -> Table:
        """All figures by contract."""
        made = Table(title="mutants of the contracts", title_justify="left")
        for place, column in enumerate(COLUMNS):
            made.add_column(column, justify="right" if place else "left")
        for contract in self.contracts:
            made.add_row(*self.figures(contract))
        made.add_section()
        made.add_row(*self.figures())
        return made

    def markdown(self) -> str:
        """The table and the reasons, as the documentation has them."""
        lines = [f"| {' | '.join(COLUMNS)} |", "|---|" + "--:|" * (len(COLUMNS) - 1)]
        lines += [f"| {' | '.join(self.figures(one))} |" for one in (*self.contracts, None)]
        by_reason: dict[Reason, list[Key]] = defaultdict(list)
        for mutant in self.mutants:
            if mutant.key in self.reasons:
                by_reason[self.reasons[mutant.key]].append(mutant.key)
        groups: dict[tuple[str, str], list[Key]] = defaultdict(list)
        for reason, keys in by_reason.items():
            groups[reason.key.contract, reason.text] += keys
        for (contract, text), keys in sorted(groups.items()):
            lines += ["", f"**{contract}.** {text}", ""]
            lines += [f"- {_where(key)} `{key.before}` → `{key.after}`" for key in keys]
        return "\n".join(lines)

    def rows(self) -> Iterable[dict[str, Any]]:
        """A row for each contract, one for all, one for each mutant and for what else is wrong."""
        for contract in (*self.contracts, None):
            figures = dict(zip(COLUMNS, self.figures(contract), strict=True))
            score = self.score(contract)
            yield {
                "what": figures.pop("contract"),
                "result": figures.pop("score"),
                "ok": not int(figures["unexplained"]) and (contract or score is None or self.ok),
                "detail": ", ".join(f"{name} {figure}" for name, figure in figures.items()),
            }
        for mutant in self.mutants:
            verdict, outcome = self.verdicts[mutant.key], self._outcome(mutant.key)
            reason = self.reasons.get(mutant.key)
            yield {
                "what": f"{mutant.path}:{mutant.line} {mutant.operator}: {mutant.key}",
                "result": WORDS[verdict.result],
                "ok": outcome != "unexplained",
                "detail": reason.text if reason is not None else verdict.detail,
            }
        for line in self.wrong:
            yield {"what": "reasons", "result": "out of date", "ok": False, "detail": line}

    def record(self) -> dict[str, Any]:
        """All of it, for other programs."""
        rows = [{**row, "ok": bool(row["ok"])} for row in self.rows()]
        return {"name": "mutation", "ok": self.ok, "seconds": round(self.seconds, 1), "rows": rows}


MARKS = ('<!-- figures: make mutate MUTATE="--page docs/mutation.md" -->', "<!-- end -->")
"""Between them, figures are written into a page."""

COLUMNS = (
    "contract",
    "mutants",
    "invalid",
    "equal",
    "campaign",
    "tests",
    "explained",
    "unexplained",
    "score",
)


def _where(key: Key) -> str:
    return f"`{key.function}`{f', no. {key.nth}' if key.nth > 1 else ''}:" if key.function else ""


def written_into(page: str, figures: str) -> str:
    """A page with other figures between its marks.

    Raises:
        ValueError: when it has no such marks.
    """
    begin, end = MARKS
    before, found, rest = page.partition(begin)
    _, found_too, after = rest.partition(end)
    if not found or not found_too:
        raise ValueError(f"there is no {begin} … {end}")
    return f"{before}{begin}\n\n{figures}\n\n{end}{after}"


def percent(part: Fraction) -> str:
    """A part in percent, rounded down to a tenth."""
    tenths = part * 1000 // 1
    return f"{tenths // 10}.{tenths % 10} %"
