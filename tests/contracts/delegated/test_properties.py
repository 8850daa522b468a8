"""Random stories: whatever people do and whenever they do it, the books are right.

A story is a list of moves, each some time after the one before. A ledger beside the contract keeps
who put in what and when; it knows the formulas of the specification and exact fractions, and
nothing of epochs, indices or rounding. After every move:

- the action did, or was refused with, exactly what its preview had said of that second;
- nobody's money moved but as said, and the positions of everybody are those of the ledger;
- the system has at least what it owes, and owes what it shows, and dust;
- no lot has been given, in all, more than its share, but for dust.

*Dust.* A distribution gives every wei that earns the same whole number of parts of 10^-18 wei.
What the division leaves over is less than one part for each of those wei, so less than
``earning / 10^18`` wei, and is shared with the next distribution. All the rest belongs to lots,
exactly; but what a lot has earned is rounded down whenever it is paid or shown, by less than a wei.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.contracts.checks import id_of, undone
from unbond.errors import EnforcedPause, NotYours, Refused, ZeroAmount
from unbond.positions import Position
from unbond.systems.base import Receipt
from unbond.systems.delegated import NothingStaked, RewardsClaimed

from .checks import (
    ANKR,
    MINIMUM,
    W,
    claimable,
    closed,
    leaving,
    locked,
    net,
    offset_of,
    payday_of,
    start_of,
    unlock_of,
    unlocked,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contracts.conftest import Books, Money
    from unbond.clock import Clock
    from unbond.roles import Roles
    from unbond.systems.delegated import DelegatedStaking

# Hundreds of actions, each foretold.
pytestmark = pytest.mark.slow

STAKERS = ("delegator", "latecomer")
PREVIEWED = ("stake", "unstake", "claim", "claim_rewards", "restake_rewards")

WAITS: dict[str, Callable[[int], int]] = {
    # What is added to the present second.
    "at once": lambda now: 0,
    "in the epoch's last second": lambda now: W - 1 - offset_of(now),
    "in the next epoch's first second": lambda now: W - offset_of(now),
    "some days later": lambda now: 3 * W // 5 + 1,
    "12 epochs later": lambda now: 12 * W,
}
SIZES: dict[str, Callable[[int], int]] = {
    # Of what is in a lot; for a new one, of three minimums.
    "all": lambda whole: whole,
    "the minimum": lambda whole: MINIMUM,
    "all but the minimum": lambda whole: max(whole - MINIMUM, 0),
    "the minimum less a wei": lambda whole: MINIMUM - 1,
    "all but a wei": lambda whole: max(whole - 1, 0),
    "all and a wei": lambda whole: whole + 1,
    "nothing": lambda whole: 0,
}
REWARDS = {"much": 5000 * ANKR, "something uneven": 1234 * ANKR + 567, "a wei": 1, "nothing": 0}


@dataclass(frozen=True)
class Move:
    """One line of a story."""

    when: str
    who: str
    what: str
    amount: str = ""
    which: int = 0
    """Which of the positions that will do, counted around."""
    of: str = "own"
    """Which positions those are: the person's own, another one's, of the other kind, or none."""


def mostly(*usual: str, seldom: tuple[str, ...] = ()) -> st.SearchStrategy[str]:
    """One of these; what is only refused, one time out of five or so."""
    return st.sampled_from([*(usual * (4 * len(seldom) // len(usual) + 1)), *seldom])


when = st.sampled_from(list(WAITS))
staker = st.sampled_from(STAKERS)
reward = mostly("much", "something uneven", "a wei", seldom=("nothing",))
new_lot = mostly("all", "the minimum", seldom=("the minimum less a wei", "nothing"))
part = mostly(
    "all",
    "the minimum",
    "all but the minimum",
    seldom=("the minimum less a wei", "all but a wei", "all and a wei", "nothing"),
)
which = st.integers(0, 5)
of = mostly("own", seldom=("another's", "other kind", "none"))
moves = st.one_of(
    st.builds(Move, when, staker, st.just("stake"), new_lot),
    st.builds(Move, when, staker, st.just("unstake"), part, which, of),
    st.builds(Move, when, staker, st.just("claim"), st.just(""), which, of),
    st.builds(Move, when, staker, mostly("claim_rewards"), st.just(""), which, of),
    st.builds(Move, when, staker, mostly("restake_rewards"), st.just(""), which, of),
    st.builds(Move, when, st.just("rewarder"), st.just("distribute"), reward),
    st.builds(Move, when, st.just("provider"), st.just("claim_commission")),
    st.builds(Move, when, st.just("pauser"), mostly("unpause", "pause")),
)

OPENING = (
    Move("in the epoch's last second", "delegator", "stake", "all"),
    Move("in the next epoch's first second", "latecomer", "stake", "all and a wei"),
    Move("in the next epoch's first second", "rewarder", "distribute", "something uneven"),
    Move("some days later", "delegator", "stake", "all"),
    Move("12 epochs later", "rewarder", "distribute", "much"),
)
"""How every story begins: so that there is something to unstake and to restake."""


@dataclass
class Entry:
    """A lot until it is unstaked, then a ticket until it is paid. Amounts in wei."""

    amount: int
    staked_at: int
    unstaked_at: int | None = None
    share: Fraction = Fraction(0)
    """What the lot should have been given of all distributions."""
    paid: int = 0
    """What it has been given of them."""


@dataclass
class Ledger:
    """Who put in what and when, by role and in the order of ids."""

    entries: dict[str, list[Entry]] = field(
        default_factory=lambda: {person: [] for person in STAKERS}
    )
    commission: int = 0
    paused: bool = False
    distributions: int = 0
    carried: int = 0
    """Dust that a division may have left over, in wei: the bound of the docstring above."""
    roundings: int = 0
    """Dust that was rounded away when rewards were paid, in wei: one for each time."""

    def lots(self) -> list[Entry]:
        """What has not been unstaked."""
        return [e for entries in self.entries.values() for e in entries if e.unstaked_at is None]

    def earning(self, now: int) -> list[Entry]:
        """The lots that earn at ``now``: those staked before the epoch began (E-7)."""
        began = now - offset_of(now)
        return [lot for lot in self.lots() if lot.staked_at < began]

    def distribute(self, amount: int, now: int) -> None:
        """Give each earning lot its share, in exact fractions."""
        lots = self.earning(now)
        total = sum(lot.amount for lot in lots)
        for lot in lots:
            lot.share += Fraction(net(amount) * lot.amount, total)
        self.commission += amount - net(amount)
        self.distributions += 1
        self.carried = max(self.carried, total // 10**18 + 1)


@dataclass
class Story:
    """A story as it is told, on the chain and in the ledger."""

    system: DelegatedStaking
    clock: Clock
    money: Money
    roles: Roles
    ledger: Ledger = field(default_factory=Ledger)
    books: Books | None = None
    """Everybody's money after the last move."""

    def tell(self, move: Move) -> None:
        """Make one move, and look at everything afterwards."""
        now = self.clock.at(self.clock.now + WAITS[move.when](self.clock.now))
        arguments = self._arguments(move)
        foretold = self._foretold(move, arguments, now)
        before = self.books or self.money.look(self.system)

        outcome = self._do(move, arguments)

        after = self.money.look(self.system)
        moved = {
            role: after.people[role] - held
            for role, held in before.people.items()
            if after.people[role] != held
        }
        if isinstance(foretold, Refused) or isinstance(outcome, Refused):
            assert outcome == foretold
            assert after == before
        else:
            assert outcome.timestamp == now
            owed = after.liabilities - before.liabilities
            expected = self._note(move, arguments, foretold, outcome)
            assert moved == {role: change for role, change in expected.items() if change}
            assert owed == -sum(moved.values())
        self.books = after
        self._check_books(after, self._check_positions())

    def _address(self, role: str) -> str:
        return self.roles.address(role)

    def _target(self, move: Move) -> tuple[str, int]:
        """The owner and the number of the position that a move is about."""
        if move.of == "another's":
            owner = next(person for person in STAKERS if person != move.who)
        else:
            owner = move.who
        entries = self.ledger.entries[owner]
        if move.of == "none":
            return owner, len(entries) + 1
        wants_ticket = (move.what == "claim") is (move.of != "other kind")
        fitting = [
            number
            for number, entry in enumerate(entries, start=1)
            if (entry.unstaked_at is not None) is wants_ticket
        ]
        return owner, fitting[move.which % len(fitting)] if fitting else len(entries) + 1

    def _entry(self, move: Move) -> Entry | None:
        owner, number = self._target(move)
        entries = self.ledger.entries[owner]
        return entries[number - 1] if number <= len(entries) else None

    def _arguments(self, move: Move) -> tuple[Any, ...]:
        if move.what == "stake":
            return self._address("provider"), SIZES[move.amount](3 * MINIMUM)
        if move.what == "distribute":
            return self._address("provider"), REWARDS[move.amount]
        if move.what not in PREVIEWED:
            return ()
        owner, number = self._target(move)
        position = id_of(self._address(owner), number)
        if move.what != "unstake":
            return (position,)
        entry = self._entry(move)
        return position, SIZES[move.amount](entry.amount if entry else 0)

    def _foretold(self, move: Move, arguments: tuple[Any, ...], now: int) -> Any:
        """What will happen: a refusal, or what the preview says; None where there is none."""
        if move.what in PREVIEWED:
            if move.of == "another's" and self._entry(move):
                owner, _ = self._target(move)
                return NotYours(owner=self._address(owner), caller=self._address(move.who))
            try:
                return getattr(self.system, f"preview_{move.what}")(*arguments)
            except Refused as refused:
                return refused
        if move.what == "distribute":
            if arguments[1] == 0:
                return ZeroAmount()
            return None if self.ledger.earning(now) else NothingStaked()
        if move.what == "claim_commission":
            return None if self.ledger.commission else ZeroAmount()
        if (move.what == "pause") == self.ledger.paused:
            return EnforcedPause() if self.ledger.paused else Refused("ExpectedPause")
        return None

    def _do(self, move: Move, arguments: tuple[Any, ...]) -> Receipt[Any] | Refused:
        try:
            receipt: Receipt[Any] = getattr(self.system, move.what)(
                self.roles.account(move.who), *arguments
            )
        except Refused as refused:
            return refused
        return receipt

    def _note(
        self, move: Move, arguments: tuple[Any, ...], foretold: Any, outcome: Receipt[Any]
    ) -> dict[str, int]:
        """Write into the ledger what happened; returns whose money has to have changed by what."""
        ledger, now, main = self.ledger, outcome.timestamp, outcome.main
        mine = ledger.entries.get(move.who, [])
        if move.what == "stake":
            amount = arguments[1]
            assert not ledger.paused
            assert amount >= MINIMUM
            assert (main.amount, main.unlocks_at) == (amount, foretold)
            assert main.unlocks_at == unlock_of(now)
            mine.append(Entry(amount, now))
            return {move.who: -amount}
        if move.what == "distribute":
            ledger.distribute(arguments[1], now)
            return {move.who: -arguments[1]}
        if move.what == "claim_commission":
            paid, ledger.commission = ledger.commission, 0
            assert main.amount == paid
            return {move.who: paid}
        if move.what in ("pause", "unpause"):
            ledger.paused = move.what == "pause"
            return {}
        entry = self._entry(move)
        assert entry is not None
        assert entry in mine
        if move.what == "claim":
            assert entry.unstaked_at is not None
            assert now >= payday_of(entry.unstaked_at)
            assert main.amount == foretold == entry.amount
            entry.amount = 0
            return {move.who: foretold}
        # What is left can only be done with an unlocked lot.
        assert entry.unstaked_at is None
        assert now >= unlock_of(entry.staked_at)
        ledger.roundings += 1
        if move.what == "claim_rewards":
            assert main.amount == foretold
            entry.paid += foretold
            return {move.who: foretold}
        if move.what == "restake_rewards":
            assert not ledger.paused
            assert foretold == (main.amount, unlock_of(now))
            assert main.amount >= MINIMUM
            entry.paid += main.amount
            mine.append(Entry(main.amount, now))
            return {}
        rewards, available_at = foretold
        assert main.available_at == available_at == payday_of(now)
        paid_now = [event.amount for event in outcome.events if isinstance(event, RewardsClaimed)]
        assert paid_now == ([rewards] if rewards else [])
        entry.paid += rewards
        part = arguments[1]
        if part == entry.amount:
            entry.unstaked_at = now
            self._check_share(entry, 0)
        else:
            assert entry.amount - part >= MINIMUM
            entry.amount -= part
            mine.append(Entry(part, entry.staked_at, now))
        return {move.who: rewards}

    def _check_positions(self) -> int:
        """Everybody's positions are those of the ledger; returns the rewards they show."""
        now, total = self.clock.now, 0
        for person, entries in self.ledger.entries.items():
            address = self._address(person)
            shown = self.system.positions_of(address)
            expected: list[Position] = []
            for index, entry in enumerate(entries):
                identifier = id_of(address, index + 1)
                if entry.unstaked_at is None:
                    opens_at = unlock_of(entry.staked_at)
                    lot = unlocked if now >= opens_at else locked
                    rewards = shown[index].rewards
                    expected.append(lot(identifier, entry.amount, opens_at, rewards))
                    self._check_share(entry, rewards)
                    total += rewards
                elif entry.amount:
                    opens_at = payday_of(entry.unstaked_at)
                    ticket = claimable if now >= opens_at else leaving
                    expected.append(ticket(identifier, entry.amount, opens_at))
                else:
                    expected.append(closed(identifier))
            assert shown == expected
        return total

    def _check_share(self, entry: Entry, shown: int) -> None:
        """What a lot was paid and is shown is its share, but for dust.

        Of each distribution it may have got a part of an earlier one's dust, or left some of its
        own behind; and each time it was paid, and now, something was rounded down.
        """
        ledger = self.ledger
        given = entry.paid + shown
        assert given <= entry.share + ledger.distributions * ledger.carried
        assert given >= (entry.share - ledger.distributions * ledger.carried - ledger.roundings - 1)

    def _check_books(self, books: Books, rewards: int) -> None:
        """The system owes what it shows, and dust, and has that much."""
        ledger = self.ledger
        info = self.system.provider_of(self._address("provider"))
        assert info.commission == ledger.commission
        assert info.staked == sum(lot.amount for lot in ledger.lots())
        assert info.earning == sum(lot.amount for lot in ledger.earning(self.clock.now))
        principal = sum(e.amount for entries in ledger.entries.values() for e in entries)
        dust = books.liabilities - principal - rewards - ledger.commission
        assert 0 <= dust <= ledger.carried + ledger.roundings + len(ledger.lots())
        assert books.assets >= books.liabilities


@pytest.fixture
def opening(delegated: DelegatedStaking, clock: Clock, money: Money, roles: Roles) -> Story:
    """A story that has begun."""
    story = Story(delegated, clock, money, roles)
    clock.at(start_of(1))
    for move in OPENING:
        story.tell(move)
    assert len(story.ledger.lots()) == 3
    assert story.ledger.distributions == 2
    return story


@pytest.mark.rule(
    "C-1", "C-3", "C-4", "C-5", "C-6", "C-8", "E-2", "E-3", "E-4", "E-7", "E-9", "E-10"
)
@pytest.mark.case(8, 21, 25, 26, 27, 29)
@settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=8,
    # Not "explain", which traces every line that is run.
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(moves=st.lists(moves, min_size=16, max_size=16))
def test_whatever_people_do_the_books_are_right(opening: Story, moves: list[Move]) -> None:
    with undone():
        story = copy.copy(opening)
        story.ledger = copy.deepcopy(opening.ledger)
        for move in moves:
            story.tell(move)
