"""Mutants: the contracts with one small fault each, made by universalmutator from our rules."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random

ROOT = Path(__file__).parents[2]
CONTRACTS = ROOT / "contracts"
RULES = Path(__file__).with_name("operators.rules")
TOOL = ROOT / ".venv" / "mutation"
"""Where `make mutate` installs the tool."""

_FUNCTION = re.compile(r"^    (?:function (\w+)|(constructor|receive|fallback)|modifier (\w+))\b")
_CODE = re.compile(r"^(?:abstract )?contract |^library ", re.MULTILINE)


class MutationError(Exception):
    """Something is not as it has to be; the message is for the person who ran the command."""


@dataclass(frozen=True, order=True)
class Key:
    """What a mutant is known by, whatever line it is on."""

    contract: str
    """The name of the file, which is the contract's."""
    function: str
    """In which function; empty outside of all."""
    before: str
    """The line as it is, without the space around it."""
    after: str
    """The line as the mutant has it."""
    nth: int = 1
    """Which of several such lines in the function."""

    def __str__(self) -> str:
        where = f"{self.contract}.{self.function}" if self.function else self.contract
        which = f" (no. {self.nth})" if self.nth > 1 else ""
        return f"{where}{which}: {self.before} → {self.after}"


@dataclass(frozen=True)
class Mutant:
    """One small fault."""

    key: Key
    operator: str
    path: str
    """The file, from the project's folder on."""
    line: int
    text: str
    """The line that takes the place of the one there."""

    def source(self, lines: list[str]) -> str:
        """The file with the fault in it."""
        return "".join([*lines[: self.line - 1], self.text, *lines[self.line :]])


def contract_files() -> list[Path]:
    """All files of ours in which there is code."""
    files = sorted(CONTRACTS.glob("[!.]*/*.sol"))
    return [path for path in files if _CODE.search(path.read_text(encoding="utf-8"))]


def operators(rules: Path = RULES) -> dict[str, str]:
    """To which operator each rule belongs.

    Raises:
        MutationError: when a rule belongs to none.
    """
    found: dict[str, str] = {}
    name = ""
    for line in rules.read_text(encoding="utf-8").splitlines():
        if line.startswith("# operator: "):
            name = line.removeprefix("# operator: ")
        elif " ==>" in line and not line.endswith(("DO_NOT_MUTATE", "SKIP_MUTATING_REST")):
            if not name:
                raise MutationError(f"{rules.name}: the rule {line!r} stands below no operator")
            found[line] = name
    return found


def generate(files: Iterable[Path], rules: Path = RULES) -> list[Mutant]:
    """All mutants of these files, in the order of their lines.

    Raises:
        MutationError: when the tool is missing, or does not understand a rule.
    """
    if str(TOOL) not in sys.path:
        sys.path.append(str(TOOL))
    try:
        from universalmutator import mutator
    except ImportError:
        raise MutationError("universalmutator is missing; `make mutate` installs it") from None
    operator_of = operators(rules)
    made: list[Mutant] = []
    for path in files:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            found = mutator.mutants_regexp(lines, ruleFiles=[str(rules)], ignorePatterns=[])
        if "WARNING" in said.getvalue() or "FAILED TO COMPILE" in said.getvalue():
            raise MutationError(f"{rules.name}: {said.getvalue().strip()}")
        inside = functions(lines)
        alike: Counter[tuple[str, str, str]] = Counter()
        for number, text, (rule, _), _ in found:
            before, after = lines[number - 1].strip(), text.strip()
            function = inside[number - 1]
            alike[function, before, after] += 1
            key = Key(path.stem, function, before, after, alike[function, before, after])
            name = str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
            made.append(Mutant(key, operator_of[rule], name, number, text))
    return made


def functions(lines: list[str]) -> list[str]:
    """In which function each line is; the empty name outside of all."""
    names, name = [], ""
    for line in lines:
        begins = _FUNCTION.match(line)
        if begins:
            name = next(part for part in begins.groups() if part)
        names.append(name)
        if line.rstrip() in ("    }", "}") or (begins and line.rstrip().endswith("{}")):
            name = ""
    return names


def sample(mutants: list[Mutant], size: int, seed: int | str) -> list[Mutant]:
    """Some of the mutants: of each contract and operator the share that it has of all, or one.

    The same seed draws the same ones, and of a contract and operator that did not change, whatever
    changes elsewhere. They stay in their order.
    """
    if size >= len(mutants):
        return list(mutants)
    strata: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, mutant in enumerate(mutants):
        strata[mutant.key.contract, mutant.operator].append(place)
    chosen: list[int] = []
    for (contract, operator), places in strata.items():
        share = max(1, round(size * len(places) / len(mutants)))
        chosen += Random(f"{seed}/{contract}/{operator}").sample(places, min(share, len(places)))
    return [mutants[place] for place in sorted(chosen)]
