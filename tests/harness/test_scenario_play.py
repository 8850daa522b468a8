"""Playing a scenario: what came of each step, and every way in which it is not as expected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from unbond.chain import rewound
from unbond.clock import ClockError
from unbond.positions import Position, PositionKind, PositionState
from unbond.roles import WELL_KNOWN, Roles
from unbond.scenario import BoundScenario, ScenarioError, load_scenario, play
from unbond.systems.delegated import MIN_STAKE, RowStatus
from unbond.timeline import Holding, Timeline
from unbond.when import DAY, parse_moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from unbond.chain import Chain
    from unbond.clock import Clock

HEAD = """\
title: A title
document: "002"
rules: [E-2]
system: delegated
setup: {providers: {node: 10 %}}
funds: {delegator: 3000 ANKR}
steps:
"""
"""Seven lines, after which steps come."""

UNAUTHORIZED = "AccessControlUnauthorizedAccount"
TUESDAY = parse_moment("2030-01-15")
UNLOCKS = TUESDAY + 90 * DAY

STAKE = """\
  - at: 2030-01-15
    by: delegator
    do: stake
    with: {provider: node, amount: 1000 ANKR}
    as: lot
"""
"""Lines 8 to 12, if it comes after HEAD."""

EARLY = """\
  - at: lot + 90d - 1s
    by: delegator
    do: unstake
    with: {stake: lot, amount: 1000 ANKR}
"""
"""Lines 13 to 16, if it comes after STAKE: one second too early."""

ROW = """\
  - check: provider_row
    with: {account: delegator, provider: node}
"""
"""Lines 13 and 14, if it comes after STAKE."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file.yaml"


@pytest.fixture
def played(local_chain: Chain, file: Path) -> Callable[[str], Timeline]:
    def play_text(text: str) -> Timeline:
        file.write_text(text)
        with rewound(local_chain):
            return play(BoundScenario(load_scenario(file)), local_chain)

    return play_text


@pytest.fixture
def differences(played: Callable[[str], Timeline], file: Path) -> Callable[[str], list[str]]:
    """What is not as the file expects, without the file's own name."""

    def differences_of(text: str) -> list[str]:
        timeline = played(text)
        found = [line for entry in timeline.entries for line in entry.differences]
        assert timeline.passed is not bool(found)
        assert [line for line in found if not line.startswith(f"{file}:")] == []
        return [line.removeprefix(f"{file}:") for line in found]

    return differences_of


# What came of each step.


def test_a_timeline_tells_everything(played: Callable[[str], Timeline], file: Path) -> None:
    claim_time = TUESDAY + 104 * DAY
    timeline = played(
        HEAD
        + STAKE
        + EARLY
        + "    note: one second too early\n    expect: {refused: StillLocked}\n"
        + ROW
        + "  - at: lot.unlocksAt + 1d\n    by: delegator\n    do: unstake\n"
        "    with: {stake: lot, amount: 1000 ANKR}\n    as: ticket\n"
        "  - after: 13d\n    by: delegator\n    do: claim\n    with: {ticket: ticket}\n"
    )
    assert (timeline.file, timeline.title, timeline.document, timeline.about, timeline.rules) == (
        str(file),
        "A title",
        "002",
        None,
        ["E-2"],
    )
    assert timeline.passed
    assert (timeline.symbol, timeline.network) == ("ANKR", "ethereum:local:test")
    assert [
        (entry.number, entry.timestamp, entry.role, entry.action, entry.note)
        for entry in timeline.entries
    ] == [
        (1, TUESDAY, "delegator", "stake", None),
        (2, UNLOCKS - 1, "delegator", "unstake", "one second too early"),
        # A refusal lands nowhere, so this is the same second.
        (3, UNLOCKS - 1, "", "provider_row", None),
        (4, UNLOCKS + DAY, "delegator", "unstake", None),
        (5, UNLOCKS + 14 * DAY, "delegator", "claim", None),
    ]
    assert [(entry.what, entry.result) for entry in timeline.entries] == [
        (
            "stake: provider node, amount 1000 ANKR",
            "staked 1 000 ANKR with node as #1; unlocks Mon 2030-04-15 00:00:00",
        ),
        (
            "unstake: stake lot, amount 1000 ANKR",
            "refused: StillLocked, unlocks at Mon 2030-04-15 00:00:00",
        ),
        (
            "provider row: account delegator, provider node",
            "total 1 000 ANKR, unlocked 0, locked 1 000 ANKR, status locked",
        ),
        (
            "unstake: stake lot, amount 1000 ANKR",
            "unstaked 1 000 ANKR of #1; claimable from Mon 2030-04-29 00:00:00",
        ),
        ("claim: ticket ticket", "claimed 1 000 ANKR"),
    ]
    stake, early, row, *_ = timeline.entries
    assert stake.event is not None
    assert stake.event["amount"] == MIN_STAKE
    assert stake.event["unlocks_at"] == UNLOCKS
    assert (stake.refused, stake.returned) == (None, None)
    assert early.event is None
    assert early.refused == {"name": "StillLocked", "unlocks_at": UNLOCKS}
    assert row.returned == {
        "total": MIN_STAKE,
        "unlocked": 0,
        "locked": MIN_STAKE,
        "status": RowStatus.LOCKED,
    }
    assert [bool(entry.gas_used) for entry in timeline.entries] == [True, False, False, True, True]
    identifier = stake.event["stake_id"]
    lot = Position(
        identifier, PositionKind.STAKE, PositionState.LOCKED, MIN_STAKE, 0, UNLOCKS, "StillLocked"
    )
    ticket = Position(
        identifier,
        PositionKind.EXIT,
        PositionState.LEAVING,
        MIN_STAKE,
        0,
        claim_time - DAY + DAY,
        "StillUndelegating",
    )
    assert [entry.holdings for entry in timeline.entries] == [
        (Holding("delegator", "#1", lot),),
        (Holding("delegator", "#1", lot),),
        (Holding("delegator", "#1", lot),),
        (Holding("delegator", "#1", ticket),),
        (),
    ]
    assert [entry.balances for entry in timeline.entries] == [
        {"delegator": 2 * MIN_STAKE},
        {"delegator": 2 * MIN_STAKE},
        {"delegator": 2 * MIN_STAKE},
        {"delegator": 2 * MIN_STAKE},
        {"delegator": 3 * MIN_STAKE},
    ]


def test_everything_right_passes(differences: Callable[[str], list[str]]) -> None:
    assert (
        differences(
            HEAD + STAKE + "    expect:\n"
            "      event: {unlocksAt: lot + 90d, unlocks_at: 2030-04-15, provider: node,"
            " stakeId: lot}\n"
            "      balances: {delegator: 2000 ANKR, node: 0}\n"
            "      positions:\n"
            "        delegator: [{state: locked, amount: 1000 ANKR, rewards: 0,"
            " blockedBy: StillLocked, availableAt: lot.unlocksAt}]\n"
            "        node: []\n"
            + EARLY
            + "    expect: {refused: {StillLocked: {unlocksAt: lot.unlocksAt}}}\n"
            + EARLY
            + "    expect: {refused: StillLocked}\n"
            + ROW
            + "    expect: {returns: {total: 1000 ANKR, status: Locked}}\n"
            "  - check: assets\n    expect: {returns: 1000 ANKR}\n"
            "  - check: owner\n    expect: {returns: owner}\n"
            "  - check: provider_of\n    with: {provider: node}\n"
            "    expect: {returns: {active: true, commissionBps: 10 %, staked: 1000 ANKR}}\n"
            "  - check: stake_of\n    with: {stake: lot}\n"
            "    expect: {returns: {owner: delegator, provider: node, epoch: 1}}\n"
            "  - by: owner\n    do: grant_role\n    with: {role: PAUSER_ROLE, holder: guard}\n"
            "    expect: {event: {role: PAUSER_ROLE, account: guard, sender: owner}}\n"
        )
        == []
    )


# Every way not to be as expected.

RESULT = [
    pytest.param(
        STAKE
        + EARLY.replace("lot + 90d - 1s", "lot + 90d")
        + "    expect: {refused: StillLocked}\n",
        "17: steps[1].expect.refused: expected to be refused with StillLocked, but it succeeded",
        id="succeeded",
    ),
    pytest.param(
        STAKE
        + EARLY.replace("lot + 90d - 1s", "lot + 90d")
        + "    expect:\n      refused:\n        StillLocked: {unlocksAt: 5}\n",
        "18: steps[1].expect.refused: expected to be refused with StillLocked, but it succeeded",
        id="succeeded, with numbers",
    ),
    pytest.param(
        STAKE + EARLY,
        "13: steps[1].expect: expected success, but it was refused: "
        "StillLocked(unlocks_at=2030-04-15T00:00:00Z)",
        id="refused",
    ),
    pytest.param(
        STAKE + EARLY + "    expect:\n      balances: {delegator: 2000 ANKR}\n",
        "17: steps[1].expect: expected success, but it was refused: "
        "StillLocked(unlocks_at=2030-04-15T00:00:00Z)",
        id="refused, with other expectations",
    ),
    pytest.param(
        STAKE + EARLY + "    expect: {refused: NotYours}\n",
        "17: steps[1].expect.refused: expected NotYours, but it was "
        "StillLocked(unlocks_at=2030-04-15T00:00:00Z)",
        id="another error",
    ),
    pytest.param(
        STAKE + EARLY + "    expect:\n      refused:\n        StillLocked:\n"
        "          unlocksAt: lot.unlocksAt - 1s\n",
        "20: steps[1].expect.refused.StillLocked.unlocksAt: expected unlocksAt lot.unlocksAt - 1s, "
        "but it was 2030-04-15T00:00:00Z",
        id="another number in the error",
    ),
    pytest.param(
        STAKE.replace("1000 ANKR", "1000 ANKR - 1 wei").replace("    as: lot\n", "")
        + "    expect: {refused: {BelowMinimum: {amount: 999 ANKR, minimum: 1000 ANKR}}}\n",
        "12: steps[0].expect.refused.BelowMinimum.amount: expected amount 999 ANKR, but it was "
        "999999999999999999999",
        id="another amount in the error",
    ),
    pytest.param(
        STAKE
        + "    expect:\n      event:\n        amount: 1000 ANKR\n        unlocksAt: lot + 91d\n",
        "16: steps[0].expect.event.unlocksAt: expected unlocksAt lot + 91d, but it was "
        "2030-04-15T00:00:00Z",
        id="moment in the event",
    ),
    pytest.param(
        STAKE + "    expect: {event: {amount: 1000 ANKR + 1 wei}}\n",
        "13: steps[0].expect.event.amount: expected amount 1000 ANKR + 1 wei, but it was "
        "1000000000000000000000",
        id="amount in the event",
    ),
    pytest.param(
        STAKE + "    expect: {event: {provider: stranger}}\n",
        "13: steps[0].expect.event.provider: expected provider stranger, but it was "
        "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720",
        id="person in the event",
    ),
    pytest.param(
        "  - by: owner\n    do: grant_role\n    with: {role: PAUSER_ROLE, holder: guard}\n"
        "    expect: {event: {role: REWARDER_ROLE}}\n",
        "11: steps[0].expect.event.role: expected role REWARDER_ROLE, but it was "
        "0x65d7a28e3265b37a6474929f336521b332c1681b933f6cb9f3376673440d862a",
        id="power in the event",
    ),
    pytest.param(
        STAKE + "  - by: owner\n    do: set_provider_active\n"
        "    with: {provider: node, active: false}\n    expect: {event: {newActive: true}}\n",
        "16: steps[1].expect.event.newActive: expected newActive True, but it was False",
        id="flag in the event",
    ),
    pytest.param(
        STAKE + "    expect:\n      balances:\n        delegator: 1999 ANKR\n",
        "15: steps[0].expect.balances.delegator: expected delegator to hold 1999 ANKR, which is "
        "1999000000000000000000 wei, but it is 2000000000000000000000 wei",
        id="balance",
    ),
    pytest.param(
        STAKE + "    expect:\n      balances: {node: 1 wei}\n",
        "14: steps[0].expect.balances.node: expected node to hold 1 wei, which is 1 wei, "
        "but it is 0 wei",
        id="balance of somebody without funds",
    ),
    pytest.param(
        STAKE + "    expect:\n      positions:\n        delegator: []\n",
        "15: steps[0].expect.positions.delegator: expected delegator to have 0 positions, but "
        "there are 1",
        id="a position too many",
    ),
    pytest.param(
        STAKE + "    expect:\n      positions:\n        delegator: [{}, {}]\n",
        "15: steps[0].expect.positions.delegator: expected delegator to have 2 positions, but "
        "there are 1",
        id="a position too few",
    ),
    pytest.param(
        STAKE + "    expect:\n      positions:\n        delegator:\n          - state: unlocked\n",
        "16: steps[0].expect.positions.delegator[0].state: expected state unlocked, but it was "
        "locked",
        id="state",
    ),
    pytest.param(
        STAKE + "    expect:\n      positions:\n        delegator:\n"
        "          - state: locked\n            availableAt: 2030-04-16\n",
        "17: steps[0].expect.positions.delegator[0].availableAt: expected availableAt 2030-04-16, "
        "but it was 2030-04-15T00:00:00Z",
        id="when it opens",
    ),
    pytest.param(
        STAKE + "    expect: {positions: {delegator: [{blockedBy: ''}]}}\n",
        "13: steps[0].expect.positions.delegator[0].blockedBy: expected blockedBy , but it was "
        "StillLocked",
        id="what blocks it",
    ),
    pytest.param(
        STAKE + "    expect: {positions: {delegator: [{rewards: 1 wei}]}}\n",
        "13: steps[0].expect.positions.delegator[0].rewards: expected rewards 1 wei, but it was 0",
        id="rewards",
    ),
    pytest.param(
        STAKE
        + ROW
        + "    expect:\n      returns:\n        total: 1000 ANKR\n        unlocked: 1\n",
        "18: steps[1].expect.returns.unlocked: expected unlocked 1, but it was 0",
        id="field of an answer",
    ),
    pytest.param(
        STAKE + ROW + "    expect: {returns: {status: partially unlocked}}\n",
        "15: steps[1].expect.returns.status: expected status partially unlocked, but it was locked",
        id="status",
    ),
    pytest.param(
        STAKE + "  - check: assets\n    expect: {returns: 5}\n",
        "14: steps[1].expect.returns: expected 5, but it was 1000000000000000000000",
        id="answer",
    ),
    pytest.param(
        STAKE + "  - check: owner\n    expect: {returns: delegator}\n",
        "14: steps[1].expect.returns: expected delegator, but it was "
        "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
        id="person as answer",
    ),
    pytest.param(
        STAKE + "  - check: assets\n    expect: {returns: much}\n",
        "14: steps[1].expect.returns: 'much' is no amount; write one like '1000 ANKR' or '1 wei'",
        id="an answer that cannot be",
    ),
    pytest.param(
        STAKE + "  - check: assets\n    expect: {returns: true}\n",
        "14: steps[1].expect.returns: expected True, but it was 1000000000000000000000",
        id="true for a number",
    ),
]


@pytest.mark.parametrize(("steps", "difference"), RESULT)
def test_one_difference(
    differences: Callable[[str], list[str]], steps: str, difference: str
) -> None:
    assert differences(HEAD + steps) == [difference]


def test_differences_of_every_step_are_told(differences: Callable[[str], list[str]]) -> None:
    wrong = (
        "    expect: {refused: NotYours, balances: {delegator: 1}, positions: {delegator: []}}\n"
    )
    assert [
        line.partition(": expected")[0]
        for line in differences(HEAD + STAKE + EARLY + wrong + ROW + wrong)
    ] == [
        "17: steps[1].expect.refused",
        "17: steps[1].expect.balances.delegator",
        "17: steps[1].expect.positions.delegator",
        "20: steps[2].expect.refused",
        "20: steps[2].expect.balances.delegator",
        "20: steps[2].expect.positions.delegator",
    ]


def test_after_a_surprise_the_timeline_shows_where_it_ends(
    played: Callable[[str], Timeline], file: Path
) -> None:
    """Nothing came of the first step, so that the second cannot be done, nor the third."""
    timeline = played(
        HEAD
        + STAKE.replace("1000 ANKR", "999 ANKR")
        + EARLY.replace("lot + 90d - 1s", "2030-04-15")
        + ROW
    )
    assert [(entry.result, list(entry.differences)) for entry in timeline.entries] == [
        (
            "refused: BelowMinimum, amount 999 ANKR, minimum 1 000 ANKR",
            [
                f"{file}:8: steps[0].expect: expected success, but it was refused: "
                "BelowMinimum(amount=999000000000000000000, minimum=1000000000000000000000)"
            ],
        ),
        (
            "could not be done, and ends the scenario",
            [f"{file}:16: steps[1].with.stake: no position came of the step 'lot'"],
        ),
    ]
    assert not timeline.passed


def test_an_expectation_that_rests_on_a_surprise_is_a_difference(
    differences: Callable[[str], list[str]],
) -> None:
    steps = STAKE.replace("1000 ANKR", "999 ANKR") + ROW.replace("provider_row", "provider_of")
    steps = steps.replace("account: delegator, ", "")
    steps += "  - by: stranger\n    do: pause\n    expect:\n"
    steps += "      refused: {StillLocked: {unlocksAt: 0}}\n"
    steps += "  - check: epoch_at\n    with: {moment: 2030-01-15}\n"
    steps += "    expect:\n      positions:\n        delegator: [{availableAt: lot.unlocksAt}]\n"
    places = [line.partition(": expected")[0] for line in differences(HEAD + steps)]
    assert places == [
        "8: steps[0].expect",
        "18: steps[2].expect.refused",
        "23: steps[3].expect.positions.delegator",
    ]


def test_a_field_of_an_event_that_is_not_there(played: Callable[[str], Timeline]) -> None:
    small = STAKE.replace("1000 ANKR", "999 ANKR")
    good = STAKE.replace("2030-01-15", "2030-01-16").replace("lot", "other")
    expectation = "    expect: {event: {unlocksAt: lot.unlocksAt}}\n"
    _, other = played(HEAD + small + good + expectation).entries
    assert other.result.startswith("staked 1 000 ANKR")
    (difference,) = other.differences
    assert difference.endswith(
        ":18: steps[1].expect.event.unlocksAt: the event of the step 'lot' has no moment "
        "'unlocksAt'"
    )


# Times.


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("at: 2030-01-16T12:30:00Z", parse_moment("2030-01-16T12:30:00Z")),
        ("at: 2030-01-16T12:30:00+02:00", parse_moment("2030-01-16T10:30:00Z")),
        ("at: 2030-01-16", parse_moment("2030-01-16")),
        ("at: 2030-01-16 - 1s", parse_moment("2030-01-15T23:59:59Z")),
        ("at: lot + 1s", TUESDAY + 1),
        ("at: lot + 1d 2h - 3m + 4s", TUESDAY + DAY + 7200 - 180 + 4),
        ("at: lot.unlocksAt", UNLOCKS),
        ("at: lot.unlocks_at - 1s", UNLOCKS - 1),
        ("at: lot.unlocksAt + 2w", UNLOCKS + 14 * DAY),
        ("after: 1s", TUESDAY + 1),
        ("after: 13d 23h 59m 59s", TUESDAY + 14 * DAY - 1),
        ("note: the next second", TUESDAY + 1),
    ],
)
def test_the_time_of_a_step(played: Callable[[str], Timeline], time: str, expected: int) -> None:
    timeline = played(f"{HEAD}{STAKE}  - {time}\n    by: owner\n    do: pause\n")
    assert timeline.passed
    assert timeline.entries[1].timestamp == expected


@pytest.mark.parametrize(
    ("time", "expected"), [("at: lot.unlocksAt", UNLOCKS), ("after: 1s", TUESDAY + 1)]
)
@pytest.mark.parametrize("kind", ["refusal", "check"])
def test_the_time_of_a_step_that_sends_nothing(
    played: Callable[[str], Timeline], time: str, expected: int, kind: str
) -> None:
    what = {
        "refusal": f"by: stranger\n    do: pause\n    expect: {{refused: {UNAUTHORIZED}}}",
        "check": "check: assets",
    }[kind]
    timeline = played(f"{HEAD}{STAKE}  - {time}\n    {what}\n")
    assert timeline.passed
    assert timeline.entries[1].timestamp == expected


def test_steps_without_a_time_of_their_own(played: Callable[[str], Timeline]) -> None:
    """The next second, or the same one again if the step before sent nothing."""
    pause = "  - by: owner\n    do: pause\n"
    unpause = "  - by: owner\n    do: unpause\n"
    check = "  - check: assets\n"
    refused = f"  - by: stranger\n    do: pause\n    expect: {{refused: {UNAUTHORIZED}}}\n"
    steps = STAKE + pause + check + refused + unpause + "  - after: 5s\n    check: assets\n" + pause
    timeline = played(HEAD + steps)
    assert timeline.passed
    assert [entry.timestamp - TUESDAY for entry in timeline.entries] == [0, 1, 2, 2, 2, 7, 7]


@pytest.mark.parametrize("first", ["1s", "2s"])
def test_after_is_measured_from_the_step_before_though_it_sent_nothing(
    played: Callable[[str], Timeline], first: str
) -> None:
    check = "  - after: {}\n    check: assets\n"
    timeline = played(HEAD + STAKE + check.format(first) + check.format("1s") + check.format("0s"))
    start = int(first[0])
    assert [entry.timestamp - TUESDAY for entry in timeline.entries] == [
        0,
        start,
        start + 1,
        start + 1,
    ]


def test_after_of_the_first_step_is_measured_from_the_start(local_chain: Chain, file: Path) -> None:
    file.write_text(HEAD + "  - after: 1d\n    check: assets\n")
    with rewound(local_chain):
        timeline = play(BoundScenario(load_scenario(file)), local_chain)
        (entry,) = timeline.entries
        assert entry.timestamp == local_chain.clock.now
        height = local_chain.provider.get_block("latest").number or 0
        # The last block but one holds the last transaction of the preparations.
        assert entry.timestamp == local_chain.timestamp_of(height - 1) + DAY


@pytest.mark.parametrize(
    ("step", "complaint"),
    [
        pytest.param(
            "  - check: assets\n    at: 2030-01-14T23:59:59Z\n",
            "14: steps[1].at: cannot go back to 2030-01-14T23:59:59Z: the next transaction lands "
            "at 2030-01-15T00:00:01Z at the earliest",
            id="the past",
        ),
        pytest.param(
            "  - check: assets\n    at: lot\n",
            "14: steps[1].at: cannot go back to 2030-01-15T00:00:00Z: the next transaction lands "
            "at 2030-01-15T00:00:01Z at the earliest",
            id="the same second",
        ),
        pytest.param(
            "  - check: assets\n    after: 0s\n",
            "14: steps[1].after: cannot go back to 2030-01-15T00:00:00Z: the next transaction "
            "lands at 2030-01-15T00:00:01Z at the earliest",
            id="after nothing",
        ),
        pytest.param(
            "  - check: assets\n    after: 99999999w\n",
            f"14: steps[1].after: cannot go to second {TUESDAY + 99999999 * 7 * DAY}: the calendar "
            "ends with the year 9999",
            id="beyond the calendar",
        ),
        pytest.param(
            "  - check: epoch_at\n    with:\n      moment: lot - 99999d\n",
            f"15: steps[1].with.moment: {TUESDAY - 99999 * DAY} is negative, or more than a "
            "contract can count",
            id="before time",
        ),
        pytest.param(
            "  - check: assets\n    at: lot.account\n",
            "14: steps[1].at: the event of the step 'lot' has no moment 'account'",
            id="no moment",
        ),
    ],
)
def test_times_that_cannot_be(
    played: Callable[[str], Timeline], file: Path, step: str, complaint: str
) -> None:
    with pytest.raises(ScenarioError) as error:
        played(HEAD + STAKE + step)
    assert str(error.value) == f"{file}:{complaint}"


def test_a_system_that_cannot_be_deployed_as_it_is_set_up(
    played: Callable[[str], Timeline], file: Path
) -> None:
    with pytest.raises(ScenarioError) as error:
        played(HEAD.replace("10 %", "30.01 %") + STAKE)
    assert str(error.value) == (
        f"{file}:5: setup: refused: CommissionTooHigh(commission_bps=3001, maximum=3000)"
    )


def test_funds_that_cannot_be(played: Callable[[str], Timeline], file: Path) -> None:
    much = 2**256 - 1
    with pytest.raises(ScenarioError) as error:
        played(HEAD.replace("3000 ANKR}", f"{much},\n  other: 1 wei}}") + STAKE)
    assert str(error.value) == f"{file}:7: funds.other: refused: Panic(code=17)"


# People.


def test_people_without_gas_get_it_before_the_first_step(
    played: Callable[[str], Timeline],
) -> None:
    """Else the owner's gift would take the second that a step was to land in."""
    people = "\n".join(
        f"  - {'at: 2030-01-15' if number == 0 else 'after: 1s'}\n    by: person{number}\n"
        f"    do: stake\n    with: {{provider: node, amount: 1000 ANKR}}\n    as: lot{number}"
        for number in range(4)
    )
    text = HEAD.replace(
        "delegator: 3000 ANKR", ", ".join(f"person{n}: 1000 ANKR" for n in range(4))
    )
    timeline = played(
        f"{text}{people}\n"
        "  - after: 1s\n    by: nobody-yet\n    do: pause\n"
        "    expect:\n      refused: {AccessControlUnauthorizedAccount: {account: nobody-yet}}\n"
        "  - after: 1s\n    by: owner\n    do: grant_role\n"
        "    with: {role: PAUSER_ROLE, holder: somebody-else}\n"
        "    expect: {event: {account: somebody-else}, balances: {a-third: 0}}\n"
        "  - after: 1s\n    check: assets\n"
    )
    assert timeline.passed
    assert [entry.timestamp - TUESDAY for entry in timeline.entries] == [0, 1, 2, 3, 4, 5, 6]
    stakes = [entry.event for entry in timeline.entries if entry.action == "stake"]
    assert [event and event["unlocks_at"] for event in stakes] == [UNLOCKS] * 4


def test_somebody_without_gas_acts_in_the_very_second(played: Callable[[str], Timeline]) -> None:
    timeline = played(
        HEAD + STAKE + "  - by: owner\n    do: grant_role\n"
        "    with: {role: PAUSER_ROLE, holder: guard}\n"
        "  - by: owner\n    do: grant_role\n    with: {role: PAUSER_ROLE, holder: second}\n"
        "  - at: 2030-02-01\n    by: second\n    do: pause\n"
    )
    assert timeline.passed
    assert timeline.entries[-1].timestamp == parse_moment("2030-02-01")


def test_after_a_transaction_things_are_shown_as_in_its_own_second(
    differences: Callable[[str], list[str]],
) -> None:
    steps = ""
    for state, time in (("locked", "lot.unlocksAt - 1s"), ("unlocked", "lot.unlocksAt")):
        do = "pause" if state == "locked" else "unpause"
        steps += f"  - at: {time}\n    by: owner\n    do: {do}\n"
        steps += f"    expect: {{positions: {{delegator: [{{state: {state}}}]}}}}\n"
    assert differences(HEAD + STAKE + steps) == []


def test_roles_of_ones_own(local_chain: Chain, roles: Roles, file: Path) -> None:
    mine = {"delegator": roles.account("stranger")}
    file.write_text(HEAD + STAKE)
    timeline = play(BoundScenario(load_scenario(file)), local_chain, Roles(local_chain, mine))
    event = timeline.entries[0].event
    assert event is not None
    assert event["account"] == roles.address("stranger")


def test_an_address_stands_for_a_person(
    differences: Callable[[str], list[str]], roles: Roles
) -> None:
    stranger = roles.address("stranger")
    steps = STAKE + "    expect:\n      balances: {'%s': 0}\n      event: {account: delegator}\n"
    steps += "  - by: owner\n    do: transfer_ownership\n    with: {new_owner: '%s'}\n"
    steps += "    expect: {event: {newOwner: stranger}}\n"
    assert differences(HEAD + steps.replace("%s", stranger)) == []


# Around it.


def test_progress(local_chain: Chain, file: Path) -> None:
    file.write_text(HEAD + STAKE + EARLY)
    calls: list[tuple[int, int]] = []
    play(
        BoundScenario(load_scenario(file)),
        local_chain,
        progress=lambda done, total: calls.append((done, total)),
    )
    assert calls == [(0, 2), (1, 2), (2, 2)]


def test_rewound_gives_chain_and_time_back(local_chain: Chain, clock: Clock, file: Path) -> None:
    file.write_text(HEAD + STAKE + EARLY)
    clock.at("2030-01-10")
    before = local_chain.provider.get_block("latest")
    with rewound(local_chain):
        play(BoundScenario(load_scenario(file)), local_chain)
        assert clock.now == UNLOCKS - 1
    assert local_chain.provider.get_block("latest").hash == before.hash
    assert clock.now == parse_moment("2030-01-10")


@pytest.mark.parametrize("error", [ScenarioError, KeyboardInterrupt])
def test_rewound_gives_it_back_after_an_error(
    local_chain: Chain, clock: Clock, file: Path, error: type[BaseException]
) -> None:
    file.write_text(HEAD + STAKE + "  - check: assets\n    at: 2030-01-14\n")
    now = clock.now
    before = local_chain.provider.get_block("latest").hash

    def interrupt(done: int, total: int) -> None:
        if done and error is KeyboardInterrupt:
            raise KeyboardInterrupt

    with pytest.raises(error), rewound(local_chain):
        play(BoundScenario(load_scenario(file)), local_chain, progress=interrupt)
    assert local_chain.provider.get_block("latest").hash == before
    assert clock.now == now
    clock.travel("1d")


def test_two_plays_give_the_same_timeline(played: Callable[[str], Timeline], clock: Clock) -> None:
    text = HEAD + STAKE + EARLY + ROW
    first = played(text)
    clock.at("2030-01-14T12:34:56Z")
    second = played(text)
    assert first.as_dict() == second.as_dict()
    assert [entry.holdings for entry in first.entries] == [
        entry.holdings for entry in second.entries
    ]


def test_a_chain_that_is_further_already_is_said_to_be(
    played: Callable[[str], Timeline], clock: Clock, file: Path
) -> None:
    clock.at("2030-02-01")
    with pytest.raises(ScenarioError, match=r"steps\[0\]\.at: cannot go back to 2030-01-15"):
        played(HEAD + STAKE)


def test_a_timeline_is_json_and_back(played: Callable[[str], Timeline], file: Path) -> None:
    timeline = played(HEAD + STAKE + EARLY + "    note: too early\n" + ROW + "  - check: owner\n")
    told = timeline.as_dict()
    assert json.loads(json.dumps(told)) == told
    (delegator, node) = (
        "0x976EA74026E726554dB657fA54763abd0C3a0aa9",
        "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720",
    )
    identifier = str((int(delegator, 16) << 96) + 1)
    lot = {
        "by": "delegator",
        "name": "#1",
        "id": identifier,
        "kind": "stake",
        "state": "locked",
        "amount": str(MIN_STAKE),
        "rewards": "0",
        "availableAt": UNLOCKS,
        "blockedBy": "StillLocked",
    }
    steps = told.pop("steps")
    assert told == {
        "file": str(file),
        "title": "A title",
        "document": "002",
        "rules": ["E-2"],
        "network": "ethereum:local:test",
        "passed": False,
    }
    assert steps[0] == {
        "step": 1,
        "time": "2030-01-15T00:00:00Z",
        "timestamp": TUESDAY,
        "by": "delegator",
        "action": "stake",
        "what": "stake: provider node, amount 1000 ANKR",
        "result": "staked 1 000 ANKR with node as #1; unlocks Mon 2030-04-15 00:00:00",
        "event": {
            "account": delegator,
            "provider": node,
            "stakeId": identifier,
            "amount": str(MIN_STAKE),
            "unlocksAt": UNLOCKS,
        },
        "refused": None,
        "returned": None,
        "gasUsed": timeline.entries[0].gas_used,
        "positions": [lot],
        "balances": {"delegator": str(2 * MIN_STAKE)},
        "differences": [],
    }
    assert steps[1]["event"] is None
    assert steps[1]["refused"] == {"name": "StillLocked", "unlocksAt": UNLOCKS}
    assert steps[1]["differences"] == [
        f"{file}:13: steps[1].expect: expected success, but it was refused: "
        "StillLocked(unlocks_at=2030-04-15T00:00:00Z)"
    ]
    assert steps[2]["returned"] == {
        "total": str(MIN_STAKE),
        "unlocked": "0",
        "locked": str(MIN_STAKE),
        "status": "locked",
    }
    assert steps[3]["returned"] == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


def test_time_that_cannot_be_moved(
    local_chain: Chain, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text(HEAD + STAKE)
    bound = BoundScenario(load_scenario(file))

    def no_clock(*_: object) -> None:
        raise ClockError("time cannot be moved here")

    monkeypatch.setattr("unbond.chain.Clock", no_clock)
    fresh = type(local_chain)(local_chain.provider)
    before = fresh.provider.get_block("latest").hash
    with pytest.raises(ClockError, match="time cannot be moved here"):
        play(bound, fresh)
    assert fresh.provider.get_block("latest").hash == before


def test_the_first_nine_roles_do_not_depend_on_the_file(
    played: Callable[[str], Timeline], roles: Roles
) -> None:
    last = WELL_KNOWN[-1]
    timeline = played(
        HEAD + f"  - check: owner\n    expect: {{returns: '{roles.address('owner')}'}}\n"
        f"  - by: {last}\n    do: pause\n    expect:\n"
        f"      refused: {{{UNAUTHORIZED}: {{account: '{roles.address(last)}'}}}}\n"
    )
    assert timeline.passed
