"""Mistakes in a scenario file: all of them at once, each with file, line and field."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from unbond.scenario import BoundScenario, Problem, ScenarioError, load_scenario
from unbond.scenario.words import split_moment
from unbond.systems.delegated import DelegatedStaking, Setup
from unbond.when import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from unbond.chain import Chain

GOOD = """\
title: Staked on a Tuesday
document: "002"
rules: [E-2]
about: >-
  A whole way out.
system: delegated
setup:
  lock_rewards: true
  providers: {node: 5 %}
funds:
  delegator: 1000 ANKR
steps:
  - at: 2030-01-15T00:00:00Z
    by: delegator
    do: stake
    with: {provider: node, amount: 1000 ANKR}
    as: lot
    expect:
      event: {unlocksAt: lot + 90d, amount: 1000 ANKR, provider: node, stakeId: lot}
      balances: {delegator: 0}
      positions:
        delegator:
          - {state: locked, amount: 1000 ANKR, availableAt: lot.unlocksAt, blockedBy: StillLocked}
  - after: 1s
    check: provider_row
    with: {account: delegator, provider: node}
    expect:
      returns: {total: 1000 ANKR, status: locked}
  - at: lot.unlocksAt - 1s
    note: one second too early
    by: delegator
    do: unstake
    with: {stake: lot, amount: 1000 ANKR}
    expect:
      refused: {StillLocked: {unlocksAt: 2030-04-15T00:00:00Z}}
  - by: owner
    do: grant_role
    with: {role: PAUSER_ROLE, holder: guard}
"""

HEAD = "title: A title\nsystem: delegated\nsetup: {providers: {node: 0 %}}\nsteps:\n"
"""Four lines, after which steps come."""

STAKE = """\
  - by: delegator
    do: stake
    with: {provider: node, amount: 1000 ANKR}
    as: lot
"""
"""Lines 5 to 8, if it comes after HEAD."""

DOORS = "'unstake' needs 'amount'"


@pytest.fixture(autouse=True)
def untouched(local_chain: Chain) -> Iterator[None]:
    """Whatever is read, nothing is done to the chain."""
    before = local_chain.provider.get_block("latest").hash
    yield
    assert local_chain.provider.get_block("latest").hash == before


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str | bytes], BoundScenario]:
    def read_file(content: str | bytes) -> BoundScenario:
        file = tmp_path / "file.yaml"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return BoundScenario(load_scenario(file))

    return read_file


@pytest.fixture
def complaints(
    read: Callable[[str | bytes], BoundScenario], tmp_path: Path
) -> Callable[[str | bytes], list[str]]:
    """What is said of a file, without the file's own name."""

    def complain(content: str | bytes) -> list[str]:
        with pytest.raises(ScenarioError) as error:
            read(content)
        lines = str(error.value).split("\n")
        assert lines == [str(problem) for problem in error.value.problems]
        name = f"{tmp_path / 'file.yaml'}:"
        assert [line for line in lines if not line.startswith(name)] == []
        return [line.removeprefix(name) for line in lines]

    return complain


def test_a_good_file(read: Callable[[str], BoundScenario]) -> None:
    bound = read(GOOD)
    assert bound.kind is DelegatedStaking
    assert bound.setup == Setup(lock_rewards=True, providers={"node": 500})
    scenario = bound.scenario
    assert (scenario.title, scenario.document, scenario.rules) == (
        "Staked on a Tuesday",
        "002",
        ["E-2"],
    )
    assert scenario.about == "A whole way out."
    assert scenario.funds == {"delegator": "1000 ANKR"}
    assert [step.do or step.check for step in scenario.steps] == [
        "stake",
        "provider_row",
        "unstake",
        "grant_role",
    ]
    assert [bound.file.line_of(("steps", index)) for index in range(4)] == [13, 24, 29, 36]
    assert bound.file.line_of(("steps", 2, "with", "amount")) == 33
    # What is not there is where it should be.
    assert bound.file.line_of(("steps", 3, "expect", "event")) == 36


def test_words_stay_what_they_are_written_as(read: Callable[[str], BoundScenario]) -> None:
    funds = read(HEAD + STAKE + "funds: {yes: 0010, on: 1_0 wei, 2030-01-07: 0}\n").scenario.funds
    assert funds == {"yes": 10, "on": "1_0 wei", "2030-01-07": 0}


# The whole file.


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param("", "1: is no scenario: it has no fields", id="empty"),
        pytest.param("# soon\n", "1: is no scenario: it has no fields", id="a comment"),
        pytest.param("- title: x\n", "1: is no scenario: it has no fields", id="a list"),
        pytest.param("a scenario\n", "1: is no scenario: it has no fields", id="text"),
        pytest.param("42\n", "1: is no scenario: it has no fields", id="a number"),
        pytest.param(
            "title: x\nsteps: [\n",
            "3: expected the node content, but found '<stream end>'",
            id="not closed",
        ),
        pytest.param(
            "title: x\nsystem: delegated: y\n",
            "2: mapping values are not allowed here",
            id="colons",
        ),
        pytest.param(
            "title: x\nsteps:\n\t- do: stake\n",
            "3: found character '\\t' that cannot start any token",
            id="a tab",
        ),
        pytest.param("title: 'x\nsystem: y\n", "3: found unexpected end of stream", id="a quote"),
        pytest.param("title: x\n---\ntitle: y\n", "2: but found another document", id="two files"),
        pytest.param(
            "title: x\nsystem: y\ntitle: z\n", "3: the field 'title' is given twice", id="twice"
        ),
        pytest.param(
            HEAD + "  - do: stake\n    with: {amount: 1,\n      amount: 2}\n",
            "7: the field 'amount' is given twice",
            id="twice, deep inside",
        ),
        pytest.param(
            "title: x\nfunds: &all {a: 1}\nsetup: *all\n",
            "3: aliases are not read here",
            id="alias",
        ),
        pytest.param("title: x\n? [a, b]\n: 1\n", "2: a field's name is text", id="a list as name"),
        pytest.param(
            "title: x\nfunds: {a: !!float 1}\n",
            "2: cannot be read as text, a number, true or false: 1",
            id="a tag",
        ),
        pytest.param(
            "title: x\ndocument: !!int 0x2\n", "2: cannot be read as a number", id="a wrong tag"
        ),
        pytest.param(
            f"title: x\nfunds:\n  a: {'9' * 5000}\n", "3: cannot be read as a number", id="digits"
        ),
        pytest.param('a: b\ntitle: "\\ud800"\n', "2: is no text", id="half a character"),
        pytest.param(
            'a: b\ntitle: "\\UFFFFFFFF"\n', "2: has an escape that is no character", id="an escape"
        ),
        pytest.param(
            'a: b\ntitle: "\\U00110000"\n', "2: has an escape that is no character", id="one more"
        ),
        pytest.param(b"a: b\ntitle: \xff\n", "2: is not UTF-8: byte 0xff", id="not UTF-8"),
        pytest.param("a: b\n\ntitle: \0\n", "3: has the character U+0000", id="a zero"),
        pytest.param("a: b\nx: " + "[" * 5000, "2: is nested too deeply", id="deep"),
        pytest.param(b"title:\n" + b"- " * 5000, "2: is nested too deeply", id="deep in lines"),
    ],
)
def test_what_is_no_yaml_of_ours(
    complaints: Callable[[str | bytes], list[str]], content: str | bytes, complaint: str
) -> None:
    assert complaints(content) == [complaint]


def test_what_begins_with_a_mark_of_unicode_is_read(read: Callable[[str], BoundScenario]) -> None:
    assert read("\ufeff" + GOOD).scenario.title == "Staked on a Tuesday"


def test_an_anchor_alone_does_no_harm(read: Callable[[str], BoundScenario]) -> None:
    assert read(GOOD.replace("[E-2]", "&rules [E-2]")).scenario.rules == ["E-2"]


def test_a_missing_file(tmp_path: Path) -> None:
    file = tmp_path / "nowhere.yaml"
    with pytest.raises(ScenarioError) as error:
        load_scenario(file)
    assert str(error.value) == f"{file}: there is no such file"


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as error:
        load_scenario(tmp_path)
    assert str(error.value) == f"{tmp_path}: cannot be read: Is a directory"


def test_a_file_without_an_end() -> None:
    with pytest.raises(ScenarioError) as error:
        load_scenario(Path("/dev/zero"))
    assert str(error.value) == "/dev/zero: cannot be read: File too large"


@pytest.mark.parametrize("policy", ["last fit", "", "FIRST  FIT"])
def test_a_policy_that_is_none(complaints: Callable[[str], list[str]], policy: str) -> None:
    text = f'title: x\nsystem: liquid\nsetup: {{policy: "{policy}"}}\nsteps: [{{check: owner}}]\n'
    assert complaints(text) == [
        f"3: setup.policy: '{policy}' is neither 'first fit' nor 'partial fifo'"
    ]


def test_a_problem_is_one_line_whatever_the_file_holds() -> None:
    problem = Problem("file.yaml", 3, "steps[0].do", "there is no 'a\nb\x85c\u2028d'")
    assert str(problem) == "file.yaml:3: steps[0].do: there is no 'a b c d'"


# The form of fields.

FORM = [
    pytest.param("titel: x\n", ["5: titel: there is no such field; did you mean 'title'?"], id="0"),
    pytest.param("wibble: x\n", ["5: wibble: there is no such field"], id="no suggestion"),
    pytest.param(
        "funds: {a: [1]}\n",
        ["5: funds.a: should be text or a whole number or true or false"],
        id="a list as amount",
    ),
    pytest.param("funds: 5\n", ["5: funds: should be fields"], id="a number as fields"),
    pytest.param("rules: E-2\n", ["5: rules: should be a list"], id="text as list"),
    pytest.param(
        "rules:\n  - E-2\n  - 5\n", ["7: rules[1]: should be text"], id="a number in a list"
    ),
    pytest.param("document: 002\n", ["5: document: should be text"], id="a number as text"),
]


@pytest.mark.parametrize(("extra", "expected"), FORM)
def test_fields_of_a_scenario(
    complaints: Callable[[str], list[str]], extra: str, expected: list[str]
) -> None:
    head = "title: A title\nsystem: delegated\nsteps:\n  - check: owner\n"
    assert complaints(head + extra) == expected


def test_missing_fields(complaints: Callable[[str], list[str]]) -> None:
    assert complaints("# A comment.\nabout: x\n") == [
        "2: title: is missing",
        "2: system: is missing",
        "2: steps: is missing",
    ]


def test_no_steps(complaints: Callable[[str], list[str]]) -> None:
    (line,) = complaints("title: x\nsystem: delegated\nsteps: []\n")
    assert line.startswith("3: steps: ")


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        pytest.param(
            "  - wiht: {}\n    check: owner\n",
            ["5: steps[0].wiht: there is no such field; did you mean 'with'?"],
            id="misspelt",
        ),
        pytest.param(
            "  - check: owner\n    expect:\n      balance: {a: 1}\n",
            ["7: steps[0].expect.balance: there is no such field; did you mean 'balances'?"],
            id="misspelt in expect",
        ),
        pytest.param(
            "  - check: owner\n    expect:\n      positions:\n        a:\n          - amount: 1\n"
            "            avialableAt: 1\n",
            [
                "10: steps[0].expect.positions.a[0].avialableAt: there is no such field; "
                "did you mean 'availableAt'?"
            ],
            id="misspelt in a position",
        ),
        pytest.param(
            "  - check: owner\n  - at: 2030-01-15\n    after: 1s\n    check: owner\n",
            ["6: steps[1]: give 'at' or 'after', not both"],
            id="two times",
        ),
        pytest.param("  - by: a\n", ["5: steps[0]: give one of 'do' and 'check'"], id="nothing"),
        pytest.param(
            "  - by: a\n    do: pause\n    check: owner\n",
            ["5: steps[0]: give one of 'do' and 'check'"],
            id="both",
        ),
        pytest.param("  - do: pause\n", ["5: steps[0]: say 'by' whom it is done"], id="by nobody"),
        pytest.param("  - pause\n", ["5: steps[0]: should be fields"], id="a word"),
        pytest.param(
            "  - check: owner\n    expect:\n      refused:\n        ZeroAmount:\n"
            "        ZeroAddress:\n",
            ["6: steps[0].expect: name one error, as in {StillLocked: {unlocksAt: …}}"],
            id="two errors",
        ),
        pytest.param(
            "  - by: owner\n    do: pause\n    expect:\n      refused: EnforcedPause\n"
            "      event: {account: owner}\n",
            ["7: steps[0].expect: a refused step has neither event nor return value"],
            id="refused with an event",
        ),
        pytest.param(
            "  - check: owner\n    expect: {refused: ZeroAmount, returns: owner}\n",
            ["6: steps[0].expect: a refused step has neither event nor return value"],
            id="refused with an answer",
        ),
        pytest.param(
            "  - check: owner\n    expect:\n      refused: {ZeroAmount: 5}\n",
            ["7: steps[0].expect.refused.ZeroAmount: should be fields"],
            id="an error with a number",
        ),
        pytest.param(
            "  - check: owner\n    at: 5\n",
            ["6: steps[0].at: should be text"],
            id="a number as time",
        ),
    ],
)
def test_fields_of_a_step(
    complaints: Callable[[str], list[str]], step: str, expected: list[str]
) -> None:
    assert complaints(HEAD + step) == expected


# The meaning of words.


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        (
            "delegatd",
            "there is no system 'delegatd'; there are: delegated, device, liquid, or one of your "
            "own as package.module:Class",
        ),
        (
            "nowhere.at:All",
            "there is no system 'nowhere.at:All': No module named 'nowhere'",
        ),
        (
            "unbond.systems.delegated:Nothing",
            "there is no system 'unbond.systems.delegated:Nothing': module "
            "'unbond.systems.delegated' has no attribute 'Nothing'",
        ),
        (
            "unbond.systems.delegated:Setup",
            "'unbond.systems.delegated:Setup' is no system: it does not derive from unbond's "
            "System",
        ),
        (
            "unbond.systems.base:System",
            "'unbond.systems.base:System' is no system but what systems derive from",
        ),
        ("':All'", "':All' cannot be loaded: ValueError: Empty module name"),
        ("broken_module:All", "'broken_module:All' cannot be loaded: RuntimeError: not today"),
    ],
)
def test_systems_that_are_none(
    complaints: Callable[[str], list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    system: str,
    expected: str,
) -> None:
    (tmp_path / "broken_module.py").write_text("raise RuntimeError('not today')\n")
    monkeypatch.syspath_prepend(tmp_path)
    text = f"title: A title\nsystem: {system}\nsteps: [{{check: owner}}]\n"
    assert complaints(text) == [f"2: system: {expected}"]


def test_a_system_from_elsewhere(
    read: Callable[[str], BoundScenario],
    complaints: Callable[[str], list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # No annotation of what it returns, and a contract that only its own project has.
    (tmp_path / "own_module.py").write_text(
        "from unbond.systems.base import Amount, action\n"
        "from unbond.systems.delegated import DelegatedStaking\n"
        "class Own(DelegatedStaking):\n"
        "    name = 'own'\n"
        "    contract_name = 'NotHere'\n"
        "    symbol = 'OWN'\n"
        "    @action\n"
        "    def keep(self, sender, what: Amount):\n"
        "        'Keep it.'\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("unbond.systems.base.System.registry", {})
    step = "  - by: owner\n    do: keep\n    with: {what: 5 OWN}\n    as: kept\n"
    rest = "    expect: {event: {whatever: 5}}\n"
    rest += "  - at: kept.someTime\n    by: owner\n    do: pause\n    expect: {refused: Unheard}\n"
    head = "title: A title\nsystem: own_module:Own\nsteps:\n"
    bound = read(head + step + rest)
    assert bound.kind.name == "own"
    assert complaints(head + step.replace("OWN", "ANKR")) == [
        "6: steps[0].with.what: '5 ANKR' is in ANKR; here amounts are in OWN or wei"
    ]


@pytest.mark.parametrize(
    ("setup", "expected"),
    [
        (
            "setup:\n  lock_reward: true\n",
            ["4: setup.lock_reward: there is no such field; did you mean 'lock_rewards'?"],
        ),
        (
            "setup:\n  providers:\n    node: 5\n    other: much\n  lock_rewards: maybe\n",
            [
                "6: setup.providers.other: 'much' is no share; write one like '5 %' or 500 for "
                "500/10 000",
                "7: setup.lock_rewards: should be true or false",
            ],
        ),
        ("setup: {providers: [node]}\n", ["3: setup.providers: should be fields"]),
    ],
)
def test_setup(complaints: Callable[[str], list[str]], setup: str, expected: list[str]) -> None:
    assert (
        complaints(f"title: x\nsystem: delegated\n{setup}steps: [{{check: owner}}]\n") == expected
    )


BAD_ADDRESS = "0x976EA74026E726554dB657fA54763abd0C3a0aa8"

MEANING = [
    pytest.param(
        "  - by: a\n    do: stak\n    with: {anything: 1}\n",
        ["10: steps[1].do: there is no 'stak'; did you mean 'stake'?"],
        id="unknown action",
    ),
    pytest.param(
        "  - check: provider_rows\n",
        ["9: steps[1].check: there is no 'provider_rows'; did you mean 'provider_row'?"],
        id="unknown view",
    ),
    pytest.param(
        "  - by: a\n    do: owner\n",
        [
            "10: steps[1].do: there is no 'owner'; there is: accept_ownership, add_provider, "
            "claim, claim_commission, claim_rewards, distribute, grant_role, pause, "
            "restake_rewards, revoke_role, set_provider_active, stake, transfer_ownership, "
            "unpause, unstake"
        ],
        id="a view as action",
    ),
    pytest.param(
        "  - check: zzz\n",
        [
            "9: steps[1].check: there is no 'zzz'; there is: assets, epoch_at, liabilities, owner, "
            "provider_of, provider_row, stake_of, ticket_of"
        ],
        id="all that there is",
    ),
    pytest.param(
        "  - by: a\n    do: unstake\n    with:\n      stake: lot\n      amuont: 5\n",
        [
            "11: steps[1].with: 'unstake' needs 'amount'",
            "13: steps[1].with.amuont: 'unstake' takes no such argument; did you mean 'amount'?",
        ],
        id="unknown argument",
    ),
    pytest.param(
        "  - by: a\n    do: claim\n",
        ["9: steps[1].with: 'claim' needs 'ticket'"],
        id="missing argument",
    ),
    pytest.param(
        "  - by: a\n    do: stake\n    with:\n      provider: node\n      amount: much\n",
        ["13: steps[1].with.amount: 'much' is no amount; write one like '1000 ANKR' or '1 wei'"],
        id="amount",
    ),
    pytest.param(
        "  - by: a\n    do: stake\n    with: {provider: node, amount: 1000 FTM}\n",
        ["11: steps[1].with.amount: '1000 FTM' is in FTM; here amounts are in ANKR or wei"],
        id="another token",
    ),
    pytest.param(
        "  - by: a\n    do: stake\n    with: {provider: true, amount: true}\n",
        [
            "11: steps[1].with.provider: 'true' is no party",
            "11: steps[1].with.amount: 'true' is no amount",
        ],
        id="true",
    ),
    pytest.param(
        f"  - by: {BAD_ADDRESS}\n    do: stake\n"
        f"    with: {{provider: '{BAD_ADDRESS}', amount: 1}}\n",
        [
            f"9: steps[1].by: '{BAD_ADDRESS}' is no address: its length or its checksum is wrong",
            f"11: steps[1].with.provider: '{BAD_ADDRESS}' is no address: its length or its "
            "checksum is wrong",
        ],
        id="address",
    ),
    pytest.param(
        "  - after: 13x\n    check: owner\n",
        ["9: steps[1].after: '13x' is no duration; write one like '14d' or '13d 23h 59m 59s'"],
        id="duration",
    ),
    pytest.param(
        "  - at: 2030-13-01\n    check: owner\n",
        [
            "9: steps[1].at: '2030-13-01' is no moment; write one like '2030-01-07T00:00:00Z' or "
            "'2030-01-07'"
        ],
        id="moment",
    ),
    pytest.param(
        "  - at: lot + soon\n    check: owner\n",
        ["9: steps[1].at: 'soon' is no duration; write one like '14d' or '13d 23h 59m 59s'"],
        id="moment and no duration",
    ),
    pytest.param(
        "  - at: 1.unlocksAt\n    check: owner\n",
        ["9: steps[1].at: '1.unlocksAt' is neither a moment nor a field of a named step"],
        id="no name",
    ),
    pytest.param(
        "  - at: lot.unlockAt\n    check: owner\n",
        [
            "9: steps[1].at: the event of the step 'lot' has no field 'unlockAt'; "
            "did you mean 'unlocksAt'?"
        ],
        id="no such field of the step",
    ),
    pytest.param(
        "  - check: epoch_at\n    with: {moment: -5}\n",
        ["10: steps[1].with.moment: -5 is negative, or more than a contract can count"],
        id="negative moment",
    ),
    pytest.param(
        "  - check: epoch_at\n    with: {moment: false}\n",
        ["10: steps[1].with.moment: 'false' is no moment"],
        id="false as moment",
    ),
    pytest.param(
        "  - by: owner\n    do: add_provider\n    with: {provider: other, commission: 5 percent}\n",
        [
            "11: steps[1].with.commission: '5 percent' is no share; write one like '5 %' or 500 "
            "for 500/10 000"
        ],
        id="share",
    ),
    pytest.param(
        "  - by: owner\n    do: set_provider_active\n    with: {provider: node, active: 'no'}\n",
        ["11: steps[1].with.active: 'no' is neither true nor false"],
        id="flag",
    ),
    pytest.param(
        "  - by: owner\n    do: grant_role\n    with: {role: PAUSE_ROLE, holder: guard}\n",
        ["11: steps[1].with.role: 'PAUSE_ROLE' is no power; did you mean 'PAUSER_ROLE'?"],
        id="power",
    ),
    pytest.param(
        "  - at: later\n    check: stake_of\n    with: {stake: later}\n    as: later\n",
        [
            "9: steps[1].at: no step before this one is called 'later'",
            "11: steps[1].with.stake: no step before this one is called 'later'; give the name of "
            "one, or an id",
        ],
        id="a name too early",
    ),
    pytest.param(
        "  - check: owner\n    as: lot\n",
        ["10: steps[1].as: another step is called 'lot' already"],
        id="a name twice",
    ),
    pytest.param(
        "  - check: owner\n    as: 1st\n",
        ["10: steps[1].as: '1st' is no name"],
        id="no name at all",
    ),
    pytest.param(
        "  - check: owner\n    as: looked\n"
        "  - at: looked.time\n    check: stake_of\n    with: {stake: looked}\n",
        [
            "11: steps[2].at: the event of the step 'looked' has no field 'time'",
            "13: steps[2].with.stake: no position comes of the step 'looked'",
        ],
        id="nothing comes of a check",
    ),
    pytest.param(
        "  - by: a\n    do: stake\n    with: {provider: node, amount: 1}\n    as: small\n"
        "    expect: {refused: BelowMinimum}\n"
        "  - check: stake_of\n    with: {stake: small}\n",
        ["15: steps[2].with.stake: no position comes of the step 'small'"],
        id="nothing comes of a refusal",
    ),
    pytest.param(
        "  - check: stake_of\n    with:\n      stake: -1\n",
        ["11: steps[1].with.stake: -1 is negative, or more than a contract can count"],
        id="negative id",
    ),
]


@pytest.mark.parametrize(("steps", "expected"), MEANING)
def test_words_of_a_step(
    complaints: Callable[[str], list[str]], steps: str, expected: list[str]
) -> None:
    assert complaints(HEAD + STAKE + steps) == expected


ERRORS = "refused: {%s}"


@pytest.mark.parametrize(
    ("expectation", "expected"),
    [
        pytest.param(
            "event:\n        unlockAt: 5\n",
            ["11: event.unlockAt: there is no field 'unlockAt'; did you mean 'unlocksAt'?"],
            id="field of an event",
        ),
        pytest.param(
            "event:\n        zzz: 5\n",
            [
                "11: event.zzz: there is no field 'zzz'; there is: account, amount, provider, "
                "stakeId, unlocksAt"
            ],
            id="all fields of an event",
        ),
        pytest.param(
            "event:\n        unlocks_at: 2030-13-01\n        amount: 5 FTM\n"
            "        stakeId: lott\n",
            [
                "11: event.unlocks_at: '2030-13-01' is no moment; write one like "
                "'2030-01-07T00:00:00Z' or '2030-01-07'",
                "12: event.amount: '5 FTM' is in FTM; here amounts are in ANKR or wei",
                "13: event.stakeId: no step before this one is called 'lott'; give the name of "
                "one, or an id",
            ],
            id="values of an event",
        ),
        pytest.param(
            "returns: 5\n",
            ["10: returns: an action returns nothing; say its 'event'"],
            id="what an action returns",
        ),
        pytest.param(
            "refused: StillLockt\n",
            ["10: refused: there is no error 'StillLockt'; did you mean 'StillLocked'?"],
            id="error",
        ),
        pytest.param(
            "refused:\n        StillLocked: {unlockAt: 5}\n",
            [
                "11: refused.StillLocked.unlockAt: there is no field 'unlockAt'; "
                "did you mean 'unlocksAt'?"
            ],
            id="field of an error",
        ),
        pytest.param(
            "refused: {ERC20InsufficientBalance: {neded: 5}}\n",
            [
                "10: refused.ERC20InsufficientBalance.neded: there is no field 'neded'; "
                "did you mean 'needed'?"
            ],
            id="field of the token's error",
        ),
        pytest.param(
            "refused: {BelowMinimum: {amount: 5 FTM}}\n",
            ["10: refused.BelowMinimum.amount: '5 FTM' is in FTM; here amounts are in ANKR or wei"],
            id="value of an error",
        ),
        pytest.param(
            "balances:\n        a: 5 FTM\n        '0x12': 5\n",
            [
                "11: balances.a: '5 FTM' is in FTM; here amounts are in ANKR or wei",
                "12: balances.0x12: '0x12' is no address: its length or its checksum is wrong",
            ],
            id="balances",
        ),
        pytest.param(
            "positions:\n        a:\n          - state: lockd\n            amount: much\n"
            "            rewards: 1 FTM\n            availableAt: lott\n"
            "            blockedBy: Still\n",
            [
                "12: positions.a[0].state: there is no 'lockd'; did you mean 'locked'?",
                "13: positions.a[0].amount: no step before this one is called 'much'; give the "
                "name of one, or an id",
                "14: positions.a[0].rewards: '1 FTM' is in FTM; here amounts are in ANKR or wei",
                "15: positions.a[0].availableAt: no step before this one is called 'lott'",
                "16: positions.a[0].blockedBy: there is no error 'Still'; did you mean "
                "'StillLocked'?",
            ],
            id="positions",
        ),
    ],
)
def test_expectations_of_an_action(
    complaints: Callable[[str], list[str]], expectation: str, expected: list[str]
) -> None:
    lines = complaints(f"{HEAD}{STAKE}    expect:\n      {expectation}")
    assert [line.replace("steps[0].expect.", "") for line in lines] == expected


@pytest.mark.parametrize(
    ("check", "expectation", "expected"),
    [
        (
            "owner",
            "event: {account: a}",
            "event: a check has no event; say what it 'returns'",
        ),
        (
            "assets",
            "returns: {total: 5}",
            "returns: 'assets' returns one value, not fields",
        ),
        (
            "provider_row",
            "returns: {totl: 5}",
            "returns.totl: there is no field 'totl'; did you mean 'total'?",
        ),
        (
            "provider_row",
            "returns: {status: partly}",
            "returns.status: there is no 'partly'; there is: locked, none, partially unlocked, "
            "unlocked",
        ),
        (
            "provider_of",
            "returns: {active: 1}",
            "returns.active: '1' is neither true nor false",
        ),
        (
            "provider_of",
            "returns: {commissionBps: half}",
            "returns.commissionBps: no step before this one is called 'half'; give the name of "
            "one, or an id",
        ),
    ],
)
def test_expectations_of_a_check(
    complaints: Callable[[str], list[str]], check: str, expectation: str, expected: str
) -> None:
    arguments = {"provider_row": "{account: a, provider: node}", "provider_of": "{provider: node}"}
    step = f"  - check: {check}\n    with: {arguments.get(check, '{}')}\n    expect:\n"
    assert complaints(f"{HEAD}{step}      {expectation}\n") == [f"8: steps[0].expect.{expected}"]


@pytest.mark.parametrize(
    "refused",
    [
        "StillLocked",
        "ERC20InsufficientBalance",
        "Panic: {code: 17}",
        "Error: {message: no}",
        # Of a system elsewhere: this one might call it.
        "TransferShortfall: {expected: 5 ANKR, received: 4 ANKR}",
        "Out of gas",
        "'0x12345678'",
        "revert without a reason",
    ],
)
def test_errors_that_there_are(read: Callable[[str], BoundScenario], refused: str) -> None:
    braces = f"{{{refused}}}" if ":" in refused else refused
    read(f"{HEAD}{STAKE}    expect: {{refused: {braces}}}\n")


DEVICE = """\
title: x
system: device
steps:
"""
"""Three lines, after which steps come."""


def test_what_need_not_be_said_and_what_is_chosen(read: Callable[[str], BoundScenario]) -> None:
    """Arguments with a default, choices by name or words, devices by number."""
    bound = read(
        "title: x\nsystem: device\nsetup: {devices: {7: {cards: 4, multiplier: 25 %}, 8: {}}}\n"
        "steps:\n"
        "  - {by: a, do: unstake_amount, with: {device: 7, amount: 5}}\n"
        "  - {by: a, do: unstake_amount, with: {device: 7, amount: 5, expected: Full}}\n"
        "    # Either event may come of it.\n"
        "  - by: a\n    do: unstake_amount\n    with: {device: 7, amount: 5, expected: any}\n"
        "    expect: {event: {remaining: 5 IO, availableAt: 2030-01-07}}\n"
        "  - check: status_of\n    with: {device: 8}\n"
        "    expect: {returns: sufficient waiting}\n"
        "  - check: status_of\n    with: {device: 8}\n"
        "    expect: {returns: Co-Staker Unstaked (In Wait Period)}\n"
    )
    devices = {number: vars(one) for number, one in getattr(bound.setup, "devices").items()}  # noqa: B009
    assert devices == {
        7: {"cards": 4, "multiplier": 2500},
        8: {"cards": 1, "multiplier": 10_000},
    }


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (
            "  - {by: a, do: unstake, with: {device: seven}}\n",
            "4: steps[0].with.device: 'seven' is no whole number",
        ),
        (
            "  - {by: a, do: unstake, with: {device: -1}}\n",
            "4: steps[0].with.device: -1 is negative, or more than a contract can count",
        ),
        (
            "  - {by: a, do: unstake, with: {device: true}}\n",
            "4: steps[0].with.device: 'true' is no number",
        ),
        (
            "  - {by: a, do: unstake_amount, with: {device: 7, amount: 5, expected: part}}\n",
            "4: steps[0].with.expected: there is no 'part'; there is: any, full, overflow",
        ),
        (
            "  - {by: a, do: unstake_amount, with: {device: 7}}\n",
            "4: steps[0].with: 'unstake_amount' needs 'amount'",
        ),
        (
            "  - {by: a, do: unstake, with: {device: 7}, as: left}\n"
            "  - {by: a, do: withdraw, with: {exit: left}}\n"
            "  - {by: a, do: withdraw_overflow, with: {device: 7}, as: part}\n"
            "  - {by: a, do: withdraw, with: {exit: part}}\n",
            "7: steps[3].with.exit: no position comes of the step 'part'",
        ),
    ],
)
def test_words_about_devices(
    complaints: Callable[[str], list[str]], steps: str, expected: str
) -> None:
    assert complaints(DEVICE + steps) == [expected]


POOL = "title: x\nsystem: liquid\nsteps:\n"
"""Three lines, after which steps come."""


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (
            "  - {by: a, do: burn_bonds, with: {amount: 5 FTM}}\n",
            "4: steps[0].with.amount: '5 FTM' is in FTM; here amounts are in aFTMb or wei",
        ),
        (
            "  - {by: a, do: burn_bonds, with: {amount: true}}\n",
            "4: steps[0].with.amount: 'true' is no amount",
        ),
        (
            "  - {by: a, do: stake_for_bonds, with: {amount: 5 aFTMb}}\n",
            "4: steps[0].with.amount: '5 aFTMb' is in aFTMb; here amounts are in FTM or wei",
        ),
        (
            "  - by: a\n    do: redelegate\n    expect:\n"
            "      balances: {a: [5 FTM, 5 aFTMb, 5 aFTMx]}\n",
            "7: steps[0].expect.balances.a: '5 aFTMx' is in aFTMx; here amounts are in FTM or wei",
        ),
        (
            "  - {by: a, do: redelegate, expect: {balances: {a: [true]}}}\n",
            "4: steps[0].expect.balances.a: 'true' is no amount",
        ),
    ],
)
def test_amounts_of_what_is_not_staked(
    complaints: Callable[[str], list[str]], steps: str, expected: str
) -> None:
    assert complaints(POOL + steps) == [expected]


def test_who_can_refuse(complaints: Callable[[str], list[str]]) -> None:
    file = "title: x\nsystem: liquid\nrefusing: [a, owner]\nsteps: [{check: owner}]\n"
    assert complaints(file) == [
        "3: refusing[1]: 'owner' is no role that can be a contract",
    ]


def test_a_device_that_is_none(complaints: Callable[[str], list[str]]) -> None:
    setup = "title: x\nsystem: device\nsetup:\n  devices:\n    seven: {cards: 1}\n"
    assert complaints(f"{setup}steps: [{{check: owner}}]\n") == [
        "5: setup.devices.seven: 'seven' is no device: a device's id is a whole number"
    ]


def test_everything_at_once_in_the_order_of_the_file(
    complaints: Callable[[str], list[str]],
) -> None:
    text = GOOD
    for right, wrong in (
        ("5 %", "many"),
        ("delegator: 1000 ANKR\nsteps", "delegator: 1000 FTM\nsteps"),
        ("at: 2030-01-15T00:00:00Z", "at: Tuesday"),
        ("do: stake", "do: steak"),
        ("unlocksAt: lot + 90d", "unlocksAt: lot + 90"),
        ("{total: 1000 ANKR", "{all: 1000 ANKR"),
        ("lot.unlocksAt - 1s", "lott.unlocksAt - 1s"),
        ("PAUSER_ROLE", "PAUSE"),
    ):
        assert text.count(right) == 1
        text = text.replace(right, wrong)
    places = [line.split(": ")[:2] for line in complaints(text)]
    assert places == [
        ["9", "setup.providers.node"],
        ["11", "funds.delegator"],
        ["13", "steps[0].at"],
        ["15", "steps[0].do"],
        ["28", "steps[1].expect.returns.all"],
        ["29", "steps[2].at"],
        ["38", "steps[3].with.role"],
    ]


# Whatever is done to a file.

SCRAPS = [
    *("{", "}", "[", "]", ":", "- ", "\n", "\t", '"', "'", "&a ", "*a", "!!int ", "#", "|", "? "),
    *("null", "true", "-1", "0x10", "1e18", str(10**80), "9" * 5000, "ANKR", "lot", "lot.", ".lot"),
    *(
        "2030-01-15",
        "- 1s",
        "+ 1d",
        "%",
        "0x",
        "\x00",
        "\x85",
        "\ud7ff",
        "é",
        "\U0001f600",
        "\\ud800",
    ),
    *("steps", "expect", "refused", "positions", "with", "str", "int", "delegated:X", "unbond:y"),
]


def spoilt(chance: random.Random) -> str:
    """The good file after one to four accidents."""
    text = GOOD
    for _ in range(chance.randint(1, 4)):
        lines = text.split("\n")
        line = chance.randrange(len(lines))
        place = chance.randrange(len(text))
        accident = chance.randrange(8)
        if accident == 0:
            text = text[:place] + text[place + chance.randint(1, 10) :]
        elif accident == 1:
            text = text[:place] + chance.choice(SCRAPS) + text[place:]
        elif accident == 2:
            text = "\n".join(lines[:line] + lines[line + 1 :])
        elif accident == 3:
            text = "\n".join([*lines[: line + 1], *lines[line:]])
        elif accident == 4:
            lines[line] = chance.choice(["  ", " ", "    "]) + lines[line]
            text = "\n".join(lines)
        elif accident == 5:
            # A value becomes another.
            words = list(re.finditer(r"(?<=: )[^{}\[\],\n]+", text))
            word = chance.choice(words)
            text = text[: word.start()] + chance.choice(SCRAPS) + text[word.end() :]
        elif accident == 6:
            # A field's name becomes another.
            words = list(re.finditer(r"\w+(?=: )", text))
            word = chance.choice(words)
            text = text[: word.start()] + chance.choice(SCRAPS) + text[word.end() :]
        else:
            text = text[:place]
        if len(text) < 200:
            text = GOOD
    return text


@pytest.mark.parametrize("seed", range(4))
def test_a_spoilt_file_is_either_read_or_complained_about(
    tmp_path: Path, seed: int, local_chain: Chain
) -> None:
    chance = random.Random(f"spoilt {seed}")
    file = tmp_path / "file.yaml"
    place = re.compile(rf"{re.escape(str(file))}:(\d+): \S")
    read = complained = 0
    for _ in range(150):
        text = spoilt(chance)
        file.write_text(text, encoding="utf-8", errors="replace")
        try:
            BoundScenario(load_scenario(file))
        except ScenarioError as error:
            complained += 1
            for line in str(error).split("\n"):
                match = place.match(line)
                assert match, (line, text)
                assert 1 <= int(match[1]) <= len(text.splitlines()) + 2, (line, text)
        else:
            read += 1
    # Some accidents do no harm, most do.
    assert read >= 1
    assert complained >= 75


def test_moments_with_durations() -> None:
    assert split_moment(" lot.unlocksAt - 1s ") == ("lot.unlocksAt", -1)
    assert split_moment("2030-01-15 + 1d - 1s") == ("2030-01-15", DAY - 1)
    assert split_moment("2030-01-15T00:00:00-05:00") == ("2030-01-15T00:00:00-05:00", 0)
