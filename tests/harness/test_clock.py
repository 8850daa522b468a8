"""The clock means the same on every engine, however differently engines think of time.

Each test runs on eth-tester and on anvil. What they would do by themselves:

- eth-tester: a block is one second after the one before. Setting the time mines a block one second
  early, and mining "after d seconds" mines two and lands at d + 1. A refused jump backwards leaves
  the next block impossible to mine.
- anvil: blocks follow the wall clock plus an offset, so that two may share a second. Setting the
  time mines nothing, and views keep the old time.
- both: a chain starts at today's date.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from ape.exceptions import APINotImplementedError

from unbond.clock import LAST_BLOCK, Clock, ClockError
from unbond.systems.delegated import EPOCH, DelegatedStaking
from unbond.when import DAY, HOUR, LAST_MOMENT, MINUTE, SESSION_START, WEEK, parse_moment

if TYPE_CHECKING:
    from tests.harness.conftest import Engine, Engines
    from unbond.chain import Contract

T = SESSION_START + 14 * DAY
READS_TIME = "425f5260205ff3"
"""TIMESTAMP, stored and returned."""


@pytest.fixture
def clock(engine: Engine) -> Clock:
    engine.clock.start()
    return engine.clock


@pytest.fixture
def watch(engine: Engine, clock: Clock) -> Contract:
    """A contract with one view: the time it sees."""
    seconds = {"type": "uint256", "name": ""}
    view = {"type": "function", "name": "read", "stateMutability": "view", "inputs": []}
    return engine.deploy_code(READS_TIME, {**view, "outputs": [seconds]})


def state(engine: Engine) -> tuple[object, ...]:
    """All that a refused journey must not change."""
    last, pending = (engine.provider.get_block(one) for one in (LAST_BLOCK, "pending"))
    return last.number, last.hash, last.timestamp, pending.timestamp, engine.clock.now


class TestStart:
    def test_the_first_transaction_of_a_fresh_chain_lands_on_the_first_monday_of_2030(
        self, engine: Engine
    ) -> None:
        assert engine.height == 0
        engine.clock.start()
        assert engine.transact() == parse_moment("2030-01-07T00:00:00Z") == 1_893_974_400

    def test_it_mines_one_empty_block(self, engine: Engine) -> None:
        engine.clock.start()
        block = engine.provider.get_block(LAST_BLOCK)
        assert (block.number, block.timestamp) == (1, SESSION_START - 1)
        assert block.num_transactions == 0

    def test_a_second_start_changes_nothing(self, engine: Engine) -> None:
        engine.clock.start()
        before = state(engine)
        engine.clock.start()
        assert state(engine) == before

    def test_a_chain_that_is_later_already_is_left_alone(
        self, engine: Engine, clock: Clock
    ) -> None:
        clock.at(T)
        engine.transact()
        before = state(engine)
        clock.start()
        assert state(engine) == before


class TestAt:
    @pytest.mark.parametrize(
        "moment",
        [
            pytest.param(T, id="a second"),
            pytest.param("2030-01-21T00:00:00Z", id="text"),
            pytest.param("2030-01-21", id="a date"),
            pytest.param("2030-01-21T02:00:00+02:00", id="text in another time zone"),
        ],
    )
    def test_the_next_transaction_lands_exactly_there(
        self, engine: Engine, clock: Clock, moment: int | str
    ) -> None:
        assert clock.at(moment) == T
        assert clock.now == T
        assert engine.transact() == T

    def test_it_costs_one_empty_block_a_second_earlier(self, engine: Engine, clock: Clock) -> None:
        height = engine.height
        clock.at(T)
        block = engine.provider.get_block(LAST_BLOCK)
        assert (block.number, block.timestamp) == (height + 1, T - 1)
        assert block.num_transactions == 0

    def test_transactions_after_it_land_a_second_apart(self, engine: Engine, clock: Clock) -> None:
        clock.at(T)
        assert [engine.transact() for _ in range(5)] == [T, T + 1, T + 2, T + 3, T + 4]

    def test_the_very_next_second_mines_nothing(self, engine: Engine, clock: Clock) -> None:
        clock.at(T)
        landed = engine.transact()
        before = state(engine)
        assert clock.at(landed + 1) == landed + 1
        assert state(engine) == before
        assert engine.transact() == landed + 1

    def test_the_second_after_the_next_mines_one_block(self, engine: Engine, clock: Clock) -> None:
        landed = engine.transact()
        height = engine.height
        clock.at(landed + 2)
        assert engine.height == height + 1
        assert engine.transact() == landed + 2

    def test_setting_it_twice_keeps_the_later_second(self, engine: Engine, clock: Clock) -> None:
        clock.at(T)
        clock.at(T + HOUR)
        assert engine.transact() == T + HOUR

    @pytest.mark.parametrize(
        "moment",
        [
            "2100-02-28T23:59:59Z",
            # Where unsigned numbers of 32 bits end, and a second later.
            "2106-02-07T06:28:15Z",
            "2106-02-07T06:28:16Z",
            "2500-01-01",
            "9999-12-31T23:59:59Z",
        ],
    )
    def test_far_away(self, engine: Engine, clock: Clock, watch: Contract, moment: str) -> None:
        target = parse_moment(moment)
        clock.at(moment)
        assert watch.view("read") == target
        assert engine.transact() == target
        assert engine.transact() == target + 1

    @pytest.mark.parametrize("moment", [LAST_MOMENT + 1, 2**64, 2**256])
    def test_the_calendar_ends(self, engine: Engine, clock: Clock, moment: int) -> None:
        before = state(engine)
        with pytest.raises(ClockError, match=f"second {moment}: .* ends with the year 9999"):
            clock.at(moment)
        assert state(engine) == before
        assert engine.transact() == clock.now - 1


class TestTravel:
    @pytest.mark.parametrize(
        ("journey", "seconds"),
        [
            (lambda clock: clock.travel(90), 90),
            (lambda clock: clock.travel(weeks=13), 13 * WEEK),
            (lambda clock: clock.travel(days=14), 14 * DAY),
            (lambda clock: clock.travel(hours=5), 5 * HOUR),
            (lambda clock: clock.travel(minutes=7), 7 * MINUTE),
            (lambda clock: clock.travel(seconds=1), 1),
            (lambda clock: clock.travel("13d 23h 59m 59s"), 14 * DAY - 1),
            (lambda clock: clock.travel("2w"), 2 * WEEK),
            (
                lambda clock: clock.travel("1s", weeks=1, days=1, hours=1, minutes=1, seconds=1),
                WEEK + DAY + HOUR + MINUTE + 2,
            ),
            (lambda clock: clock.travel(days=1, seconds=-1), DAY - 1),
        ],
    )
    def test_it_is_measured_from_the_last_transaction(
        self, engine: Engine, clock: Clock, journey: Callable[[Clock], int], seconds: int
    ) -> None:
        landed = engine.transact()
        assert journey(clock) == landed + seconds
        assert engine.transact() == landed + seconds

    def test_two_in_a_row_add_up(self, engine: Engine, clock: Clock) -> None:
        landed = engine.transact()
        clock.travel(days=13)
        clock.travel(hours=23)
        clock.travel("59m 59s")
        assert engine.transact() == landed + 14 * DAY - 1

    def test_after_a_setting_it_is_measured_from_there(self, engine: Engine, clock: Clock) -> None:
        clock.at(T)
        assert clock.present == T
        assert clock.travel(days=1) == T + DAY
        assert engine.transact() == T + DAY
        assert clock.present == T + DAY

    def test_bad_text_is_refused_before_anything_happens(
        self, engine: Engine, clock: Clock
    ) -> None:
        before = state(engine)
        with pytest.raises(ValueError, match="'a fortnight' is no duration"):
            clock.travel("a fortnight")
        with pytest.raises(ValueError, match="'tomorrow' is no moment"):
            clock.at("tomorrow")
        assert state(engine) == before


class TestViews:
    def test_they_see_the_second_of_the_next_transaction(
        self, engine: Engine, clock: Clock, watch: Contract
    ) -> None:
        landed = engine.transact()
        assert watch.view("read") == landed + 1
        clock.at(T)
        assert watch.view("read") == T
        assert engine.transact() == T
        assert watch.view("read") == T + 1
        clock.travel(weeks=1)
        assert watch.view("read") == T + WEEK

    def test_or_of_a_block_that_is_asked_for(
        self, engine: Engine, clock: Clock, watch: Contract
    ) -> None:
        clock.at(T)
        engine.transact()
        past = engine.height
        clock.travel(weeks=1)
        assert watch.view("read", block=past) == T
        assert watch.view("read", block=LAST_BLOCK) == T + WEEK - 1

    @pytest.mark.rule("C-1", "E-2")
    def test_a_deadline_of_a_contract_moves_in_exactly_its_second(
        self, engine: Engine, clock: Clock
    ) -> None:
        owner, provider = engine.accounts[:2]
        system = DelegatedStaking.deploy(engine.chain, owner)
        system.add_provider(owner, str(provider.address), 0)

        def unlocks_at() -> int:
            return system.preview_stake(str(provider.address), 1000 * 10**18)

        monday = SESSION_START + EPOCH
        clock.at(monday - 1)
        assert unlocks_at() == SESSION_START + 13 * EPOCH
        clock.at(monday)
        assert unlocks_at() == monday + 13 * EPOCH


class TestGoingBack:
    @pytest.mark.parametrize(
        "journey",
        [
            pytest.param(lambda clock, landed: clock.at(landed - DAY), id="a day"),
            pytest.param(lambda clock, landed: clock.at(landed - 1), id="a second"),
            pytest.param(lambda clock, landed: clock.at(landed), id="the last block's own second"),
            pytest.param(lambda clock, landed: clock.at(0), id="1970"),
            pytest.param(lambda clock, landed: clock.at("2030-01-07"), id="text"),
            pytest.param(lambda clock, landed: clock.travel(0), id="nowhere"),
            pytest.param(lambda clock, landed: clock.travel(-1), id="minus a second"),
            pytest.param(lambda clock, landed: clock.travel(days=-1), id="minus a day"),
            pytest.param(lambda clock, landed: clock.travel(-(10**30)), id="before the calendar"),
        ],
    )
    def test_it_is_refused_and_nothing_is_touched(
        self, engine: Engine, clock: Clock, journey: Callable[[Clock, int], Any]
    ) -> None:
        clock.at(T)
        landed = engine.transact()
        before = state(engine)
        with pytest.raises(
            ClockError, match=r"^cannot go back to .*: the next .* at the earliest$"
        ):
            journey(clock, landed)
        assert state(engine) == before

        engine.provider.mine()
        assert engine.provider.get_block(LAST_BLOCK).timestamp == landed + 1
        assert engine.transact() == landed + 2

    def test_nor_can_a_setting_be_taken_back(self, engine: Engine, clock: Clock) -> None:
        clock.at(T)
        before = state(engine)
        with pytest.raises(ClockError) as refusal:
            clock.at(T - 1)
        assert str(refusal.value) == (
            "cannot go back to 2030-01-20T23:59:59Z: "
            "the next transaction lands at 2030-01-21T00:00:00Z at the earliest"
        )
        assert state(engine) == before
        assert engine.transact() == T


class TestSnapshots:
    def test_a_time_set_before_is_kept(self, engine: Engine, clock: Clock) -> None:
        clock.at(T)
        snapshot = engine.provider.snapshot()
        before = state(engine)
        assert engine.transact() == T
        clock.travel(weeks=1)
        engine.transact()
        engine.provider.restore(snapshot)
        assert state(engine) == before
        assert [engine.transact(), engine.transact()] == [T, T + 1]

    def test_a_time_set_after_is_forgotten(
        self, engine: Engine, clock: Clock, watch: Contract
    ) -> None:
        landed = engine.transact()
        snapshot = engine.provider.snapshot()
        clock.at(T)
        assert watch.view("read") == T
        engine.provider.restore(snapshot)
        assert clock.now == watch.view("read") == landed + 1
        assert engine.transact() == landed + 1

    def test_travel_starts_from_what_is_left(self, engine: Engine, clock: Clock) -> None:
        landed = engine.transact()
        snapshot = engine.provider.snapshot()
        clock.at(T)
        engine.provider.restore(snapshot)
        clock.travel(days=1)
        assert engine.transact() == landed + DAY

    def test_the_way_back_is_open_again(self, engine: Engine, clock: Clock) -> None:
        snapshot = engine.provider.snapshot()
        clock.at(T + WEEK)
        engine.transact()
        engine.provider.restore(snapshot)
        clock.at(T)
        assert engine.transact() == T


def test_a_whole_story_has_the_same_blocks_on_both(engines: Engines) -> None:
    def blocks(name: str) -> list[tuple[int | None, int, int]]:
        with engines.connected(name) as engine:
            clock = engine.clock
            clock.start()
            engine.transact()
            engine.transact()
            clock.travel(days=14)
            engine.transact()
            clock.at("2030-02-04T12:00:00Z")
            clock.travel("23h 59m 59s")
            snapshot = engine.provider.snapshot()
            clock.travel(weeks=52)
            engine.transact()
            engine.provider.restore(snapshot)
            with pytest.raises(ClockError):
                clock.travel(seconds=-1)
            engine.transact()
            clock.at(clock.now)
            engine.provider.mine(3)
            engine.transact()
            found = [engine.provider.get_block(number) for number in range(1, engine.height + 1)]
            return [
                (one.number, one.timestamp - SESSION_START, one.num_transactions) for one in found
            ]

    told = [
        (1, -1, 0),
        (2, 0, 1),
        (3, 1, 1),
        (4, 14 * DAY, 0),
        (5, 14 * DAY + 1, 1),
        (6, 28 * DAY + 12 * HOUR - 1, 0),
        (7, 29 * DAY + 12 * HOUR - 2, 0),
        (8, 29 * DAY + 12 * HOUR - 1, 1),
        (9, 29 * DAY + 12 * HOUR, 0),
        (10, 29 * DAY + 12 * HOUR + 1, 0),
        (11, 29 * DAY + 12 * HOUR + 2, 0),
        (12, 29 * DAY + 12 * HOUR + 3, 1),
    ]
    assert blocks("eth-tester") == told
    assert blocks("anvil") == told


class TestOtherNodes:
    """Nodes whose time cannot be moved are refused at once, in one line, without a request."""

    def test_a_live_network(self) -> None:
        network = SimpleNamespace(is_dev=False)
        provider = SimpleNamespace(network=network, network_choice="ethereum:mainnet:node")
        with pytest.raises(ClockError) as refusal:
            Clock(cast("Any", provider))
        assert str(refusal.value) == (
            "time on ethereum:mainnet:node cannot be moved; "
            "use a local network, such as ethereum:local:test"
        )

    def test_a_local_node_that_follows_the_wall_clock(self) -> None:
        def make_request(method: str, parameters: list[object]) -> None:
            raise APINotImplementedError(method)

        provider = SimpleNamespace(
            network=SimpleNamespace(is_dev=True),
            network_choice="ethereum:local:node",
            name="node",
            make_request=make_request,
        )
        with pytest.raises(ClockError) as refusal:
            Clock(cast("Any", provider))
        assert str(refusal.value) == (
            "the node behind ethereum:local:node cannot hold its clock still; "
            "use eth-tester or anvil"
        )
