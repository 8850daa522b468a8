"""Timelines for people and for programs."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from unbond.positions import Position, PositionKind, PositionState
from unbond.systems.delegated import RowStatus
from unbond.timeline import Entry, Holding, Timeline, jsonable, position_line
from unbond.when import DAY, parse_moment

NOW = parse_moment("2030-01-15")
UNLOCKS = NOW + 90 * DAY
TOKEN = 10**18

LOT = Position(
    id=(1 << 96) + 1,
    kind=PositionKind.STAKE,
    state=PositionState.LOCKED,
    amount=1000 * TOKEN,
    rewards=0,
    available_at=UNLOCKS,
    blocked_by="StillLocked",
)

STAKED = Entry(
    number=1,
    timestamp=NOW,
    role="delegator",
    action="stake",
    what="stake: amount 1000 ANKR",
    result="staked 1 000 ANKR",
    event={"account": "0xAa", "stake_id": LOT.id, "unlocks_at": UNLOCKS},
    refused=None,
    returned=None,
    gas_used=91_338,
    holdings=(Holding("delegator", "#1", LOT),),
    balances={"delegator": 0, "co_staker": 5},
)

REFUSED = replace(
    STAKED,
    number=2,
    timestamp=NOW + 1,
    action="unstake",
    what="unstake: stake lot",
    result="refused: StillLocked, unlocks at Mon 2030-04-15 00:00:00",
    event=None,
    refused={"name": "StillLocked", "unlocks_at": UNLOCKS},
    gas_used=0,
    note="one second too early",
)

WRONG = replace(
    STAKED,
    number=3,
    role="",
    action="epoch_at",
    what="epoch at: moment 2030-01-15",
    result="1",
    event=None,
    returned=1,
    gas_used=0,
    holdings=(),
    differences=("file.yaml:9: steps[2].expect.returns: expected 2, but it was 1",),
)


def timeline(*entries: Entry, **changes: Any) -> Timeline:
    made = Timeline(
        file="file.yaml",
        title="A title",
        document="002",
        about="What it shows.",
        rules=["E-1"],
        symbol="ANKR",
        network="ethereum:local:test",
        entries=list(entries),
    )
    return replace(made, **changes)


def printed(shown: Timeline, width: int = 160) -> str:
    paper = StringIO()
    Console(file=paper, width=width).print(*shown.render(), sep="\n")
    return paper.getvalue()


def rows(text: str) -> list[list[str]]:
    """The cells of each line of the table."""
    lines = (line for line in text.splitlines() if line.startswith(("│", "┃")))
    return [[cell.strip() for cell in line[1:-1].replace("┃", "│").split("│")] for line in lines]


# For people.


def test_a_table_with_a_row_for_each_step() -> None:
    text = printed(timeline(STAKED, REFUSED), width=200)
    assert text.splitlines()[:2] == ["document 002: A title", "What it shows."]
    lot = "#1 1 000 ANKR locked until Mon 2030-04-15 00:00:00 (in"
    assert rows(text) == [
        ["when (UTC)", "who", "what", "result", "positions then"],
        [
            "Tue 2030-01-15 00:00:00",
            "delegator",
            "stake: amount 1000 ANKR",
            "staked 1 000 ANKR",
            f"{lot} 90d)",
        ],
        [
            "Tue 2030-01-15 00:00:01",
            "delegator",
            "unstake: stake lot",
            REFUSED.result,
            f"{lot} 89d 23h 59m 59s)",
        ],
        ["", "", "", "one second too early", ""],
    ]


def test_what_is_not_as_expected_is_marked_and_told_below() -> None:
    shown = timeline(STAKED, WRONG, replace(WRONG, differences=("a second one",)))
    text = printed(shown)
    assert [row[3] for row in rows(text)] == ["result", "staked 1 000 ANKR", "✗ 1", "✗ 1"]
    assert text.splitlines()[-2:] == [*WRONG.differences, "a second one"]
    assert not shown.passed
    assert timeline(STAKED, REFUSED).passed
    assert timeline().passed


def test_without_document_and_about() -> None:
    assert printed(timeline(document=None, about=None)).splitlines()[0] == "A title"
    assert "What it shows." not in printed(timeline(about=None))


def test_positions_of_several_people_name_them() -> None:
    other = Holding("co_staker", "#1", replace(LOT, amount=2 * TOKEN, available_at=0))
    entry = replace(STAKED, holdings=(*STAKED.holdings, other))
    assert [row[4] for row in rows(printed(timeline(entry), width=200))] == [
        "positions then",
        "delegator #1 1 000 ANKR locked until Mon 2030-04-15 00:00:00 (in 90d)",
        "co_staker #1 2 ANKR locked by StillLocked",
    ]


@pytest.mark.parametrize("words", ["[red]not red[/red]", "[/]", "[bold", ":warning: \\[x]"])
def test_what_looks_like_markup_is_shown_as_it_is(words: str) -> None:
    entry = replace(STAKED, role=words, what=words, result=words, differences=(words,))
    text = printed(timeline(entry, title=words, about=words), width=250)
    assert text.splitlines()[:2] == [f"document 002: {words}", words]
    assert rows(text)[1][1:4] == [words, words, f"✗ {words}"]
    assert text.splitlines()[-1] == words


@pytest.mark.parametrize("width", [60, 80, 100])
def test_however_narrow_no_word_is_cut_off(width: int) -> None:
    text = printed(timeline(STAKED, REFUSED), width=width)
    columns = zip(*rows(text), strict=True)
    letters = ["".join(cells).replace(" ", "") for cells in columns]
    assert STAKED.what.replace(" ", "") + REFUSED.what.replace(" ", "") in letters[2]
    assert REFUSED.result.replace(" ", "") in letters[3]
    assert "…" not in text


@pytest.mark.parametrize(
    ("position", "line"),
    [
        (LOT, "#1 1 000 ANKR locked until Mon 2030-04-15 00:00:00 (in 90d)"),
        (
            replace(LOT, state=PositionState.LEAVING, available_at=NOW + 1),
            "#1 1 000 ANKR leaving until Tue 2030-01-15 00:00:01 (in 1s)",
        ),
        (
            replace(LOT, state=PositionState.UNLOCKED, available_at=NOW),
            "#1 1 000 ANKR unlocked",
        ),
        (
            replace(LOT, state=PositionState.CLAIMABLE, available_at=NOW - 1),
            "#1 1 000 ANKR claimable",
        ),
        (replace(LOT, state=PositionState.CLOSED, amount=0, available_at=0), "#1 0 ANKR closed"),
        (
            replace(LOT, amount=TOKEN // 2, rewards=7, available_at=0),
            "#1 0.5 ANKR locked by StillLocked + 7 wei rewards",
        ),
        (
            replace(LOT, rewards=TOKEN, available_at=NOW + DAY),
            "#1 1 000 ANKR locked until Wed 2030-01-16 00:00:00 (in 1d) + 1 ANKR rewards",
        ),
    ],
)
def test_a_position_in_one_line(position: Position, line: str) -> None:
    assert position_line("#1", position, "ANKR", NOW) == line
    assert timeline().holding_line(Holding("delegator", "#1", position), NOW) == line


# For programs.


def test_as_dict_is_json() -> None:
    told = timeline(STAKED, REFUSED, WRONG).as_dict()
    assert json.loads(json.dumps(told)) == told
    lot = {
        "by": "delegator",
        "name": "#1",
        "id": str(LOT.id),
        "kind": "stake",
        "state": "locked",
        "amount": "1000000000000000000000",
        "rewards": "0",
        "availableAt": UNLOCKS,
        "blockedBy": "StillLocked",
    }
    staked = {
        "step": 1,
        "time": "2030-01-15T00:00:00Z",
        "timestamp": NOW,
        "by": "delegator",
        "action": "stake",
        "what": "stake: amount 1000 ANKR",
        "result": "staked 1 000 ANKR",
        "event": {"account": "0xAa", "stakeId": str(LOT.id), "unlocksAt": UNLOCKS},
        "refused": None,
        "returned": None,
        "gasUsed": 91_338,
        "positions": [lot],
        # A role is called what it is called in the file.
        "balances": {"delegator": "0", "co_staker": "5"},
        "differences": [],
    }
    assert told == {
        "file": "file.yaml",
        "title": "A title",
        "document": "002",
        "rules": ["E-1"],
        "network": "ethereum:local:test",
        "passed": False,
        "steps": [
            staked,
            staked
            | {
                "step": 2,
                "time": "2030-01-15T00:00:01Z",
                "timestamp": NOW + 1,
                "action": "unstake",
                "what": REFUSED.what,
                "result": REFUSED.result,
                "event": None,
                "refused": {"name": "StillLocked", "unlocksAt": UNLOCKS},
                "gasUsed": 0,
            },
            staked
            | {
                "step": 3,
                "by": "",
                "action": "epoch_at",
                "what": WRONG.what,
                "result": "1",
                "event": None,
                "returned": 1,
                "gasUsed": 0,
                "positions": [],
                "differences": list(WRONG.differences),
            },
        ],
    }


@pytest.mark.parametrize("value", [0, 1, 2**53 - 1, 2**53, 2**256 - 1])
@pytest.mark.parametrize(
    ("name", "is_number"),
    [
        ("unlocks_at", True),
        ("availableAt", True),
        ("origin", True),
        ("current_time", True),
        ("timestamp", True),
        ("epoch", True),
        ("block", True),
        ("count", True),
        ("commission_bps", True),
        ("epoch_at", True),
        ("amount", False),
        ("rewards", False),
        ("id", False),
        ("stake_id", False),
        ("minimum", False),
        ("assets", False),
        ("", False),
        # Words within a name, and ends of a word, mean nothing.
        ("at_stake", False),
        ("float", False),
    ],
)
def test_a_field_is_a_number_or_text_whatever_its_value(
    name: str, is_number: bool, value: int
) -> None:
    expected = value if is_number else str(value)
    assert jsonable(value, name) == expected
    assert list(jsonable({name: value}).values()) == [expected]
    assert jsonable([value], name) == [expected]


def test_other_values() -> None:
    assert jsonable(
        {
            "new_active": True,
            "account": "0xAa",
            "role": b"\x01\xff",
            "status": RowStatus.PARTIALLY_UNLOCKED,
            "rows": [{"unlocks_at": 5, "total_amount": 6}],
            "pair": (1, False),
            "nothing": None,
        }
    ) == {
        "newActive": True,
        "account": "0xAa",
        "role": "0x01ff",
        "status": "partially_unlocked",
        "rows": [{"unlocksAt": 5, "totalAmount": "6"}],
        "pair": ["1", False],
        "nothing": None,
    }
