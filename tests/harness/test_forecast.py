"""``ape run forecast``: when everybody in a scenario can be paid, by models alone."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ape
import pytest
from ape.logging import logger

from tests.harness.clients import ROOT, Outcome, run_here
from unbond.cli.common import console
from unbond.cli.forecasts import show_forecasts
from unbond.errors import Unanswered
from unbond.forecast import forecast, model_chain
from unbond.inprocess import OwnChain
from unbond.modelled import ModelChain
from unbond.models import Model, model_names
from unbond.models.delegated import DelegatedModel
from unbond.revm import RevmChain
from unbond.scenario import BoundScenario, load_scenario, play
from unbond.scenario.play import LEFT_OUT
from unbond.when import parse_moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.harness.conftest import Engines

SCENARIO = """\
title: What is left
document: "002"
system: delegated
setup:
  providers: {node: 0 %}
funds:
  owner: 300 ANKR
  delegator: 7000 ANKR
  latecomer: 1000 ANKR
steps:
  - {at: 2030-01-15, by: delegator, do: stake, with: {provider: node, amount: 2000 ANKR}, as: lot}
  - {by: latecomer, do: stake, with: {provider: node, amount: 1000 ANKR}}
  - {at: 2030-01-29, by: owner, do: distribute, with: {provider: node, amount: 300 ANKR}}
  - {by: delegator, do: stake, with: {provider: node, amount: 5000 ANKR}}
  - {at: lot.unlocksAt, check: provider_row, with: {account: delegator, provider: node}}
  - {by: delegator, do: unstake, with: {stake: lot, amount: 1000 ANKR}}
"""
LATER = "2030-04-29T00:00:00Z"

SURPRISE = SCENARIO.replace(
    "at: 2030-01-15, by", "at: 2030-01-15T00:00:01Z, expect: {event: {unlocksAt: lot + 90d}}, by"
)

DELEGATOR = 0x976EA74026E726554DB657FA54763ABD0C3A0AA9
LATECOMER = 0x14DC79964DA2C08B23698B3D3CC7CA32193D9955


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Outcome]]:
    """Runs the command in this process, where nothing can be connected to."""

    def refuse(*_: object) -> None:
        raise AssertionError("somebody went to the network")

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(console, "width", 170)
    monkeypatch.setattr(ape.networks, "active_provider", None)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    level = logger.level
    yield lambda *words: run_here("forecast", *map(str, words))
    logger.set_level(level)
    assert ape.networks.active_provider is None


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "left.yaml"
    file.write_text(SCENARIO)
    return file


def bound(file: Path) -> BoundScenario:
    return BoundScenario(load_scenario(file))


def test_people_see_when_what_is_left_opens(offline: Callable[..., Outcome], file: Path) -> None:
    done = offline(file)
    assert (done.code, done.err) == (0, "")
    title, ends, *table, blank, words = done.out.splitlines()
    assert title == "document 002: What is left"
    assert ends.strip() == "it ends Mon 2030-04-15 00:00:00 UTC"
    cells = [
        [cell.strip() for cell in line.strip("┃│").replace("┃", "│").split("│")]
        for line in table
        if line[0] in "┃│"
    ]
    day = "Mon 2030-04-29 00:00:00"
    assert cells == [
        [
            *("who", "what", "how much", "at the end", "opens (UTC)", "after the end"),
            *("in the way then", "what to do then"),
        ],
        [
            *("delegator", "#1", "1 000 ANKR", "unlocked", "Mon 2030-04-15 00:00:00", "open"),
            *("nothing", "unstake: stake #1, amount 1 000 ANKR"),
        ],
        [
            *("delegator", "#2", "5 000 ANKR", "locked", day, "14d", "nothing"),
            "unstake: stake #2, amount 5 000 ANKR",
        ],
        [
            *("delegator", "#3", "1 000 ANKR", "leaving", day, "14d", "nothing"),
            "claim: ticket #3",
        ],
        [
            *("latecomer", "#1", "1 000 ANKR + 100 ANKR rewards", "unlocked"),
            *("Mon 2030-04-15 00:00:00", "open", "nothing"),
            "unstake: stake #1, amount 1 000 ANKR",
        ],
    ]
    assert (blank, words) == ("", "all 1 as expected")


def told(
    by: str, number: int, kind: str, state: str, blocked: str, action: str, **more: Any
) -> dict[str, Any]:
    account = DELEGATOR if by == "delegator" else LATECOMER
    identifier = str((account << 96) + number)
    amount = more.pop("amount", str(1000 * 10**18))
    later = bool(blocked)
    opens = LATER if later else "2030-04-15T00:00:00Z"
    arguments = (
        {"ticket": identifier} if action == "claim" else {"stake": identifier, "amount": amount}
    )
    return {
        "by": by,
        "name": f"#{number}",
        "id": identifier,
        "kind": kind,
        "state": state,
        "amount": amount,
        "rewards": "0",
        "availableAt": parse_moment(opens),
        "blockedBy": blocked,
        "opens": opens,
        "opensIn": 14 * 86_400 if later else 0,
        "blockedThen": "",
        "waitsFor": None,
        "next": {"action": action, "arguments": arguments},
        **more,
    }


def test_programs_are_told_the_same(offline: Callable[..., Outcome], file: Path) -> None:
    assert offline(file, "--json").json == [
        {
            "file": str(file),
            "title": "What is left",
            "system": "delegated",
            "end": "2030-04-15T00:00:00Z",
            "passed": True,
            "differences": [],
            "leftOut": [],
            "positions": [
                told("delegator", 1, "stake", "unlocked", "", "unstake"),
                told(
                    *("delegator", 2, "stake", "locked", "StillLocked", "unstake"),
                    amount=str(5000 * 10**18),
                ),
                told("delegator", 3, "exit", "leaving", "StillUndelegating", "claim"),
                told(
                    *("latecomer", 1, "stake", "unlocked", "", "unstake"), rewards=str(100 * 10**18)
                ),
            ],
        }
    ]


def test_what_is_not_as_expected_is_said_as_on_a_chain(
    offline: Callable[..., Outcome], tmp_path: Path, file: Path
) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(SURPRISE)
    (difference,) = play(bound(wrong), RevmChain()).differences
    assert difference.startswith(f"{wrong}:11: steps[0].expect.event.unlocksAt: expected ")
    done = offline(file, wrong)
    assert (done.code, done.err) == (1, "")
    *_, line, _, words = done.out.splitlines()
    assert (line, words) == (difference, f"1 of 2 not as expected: {wrong}")

    done = offline(wrong, file, "--json")
    assert (done.code, done.err) == (1, "")
    first, second = json.loads(done.out)
    assert (first["passed"], first["differences"]) == (False, [difference])
    assert (second["passed"], second["differences"]) == (True, [])
    assert [one["name"] for one in first["positions"]] == ["#1", "#2", "#3", "#1"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param(
            SCENARIO.replace("do: distribute", "do: distribut"),
            "{file}:13: steps[2].do: there is no 'distribut'; did you mean 'distribute'?",
            id="a word that means nothing",
        ),
        pytest.param("title: [", "{file}:1: ", id="no YAML"),
        pytest.param(
            SCENARIO.replace("at: 2030-01-29", "at: 2030-01-14"),
            "{file}:13: steps[2].at: cannot go back to 2030-01-14T00:00:00Z: the next transaction "
            "lands at 2030-01-15T00:00:02Z at the earliest",
            id="a time that is over",
        ),
        pytest.param(
            SCENARIO.replace("{node: 0 %}", "{node: 31 %}"),
            "{file}:4: setup: refused: CommissionTooHigh(commission_bps=3100, maximum=3000)",
            id="a setup that is refused",
        ),
    ],
)
def test_a_bad_file_is_said_in_one_line(
    offline: Callable[..., Outcome], file: Path, text: str, complaint: str
) -> None:
    file.write_text(text)
    assert offline(file).complaint.startswith(complaint.format(file=file))


def test_a_file_that_is_not_there(offline: Callable[..., Outcome], tmp_path: Path) -> None:
    missing = tmp_path / "missing.yaml"
    assert str(missing) in offline(missing).complaint


def test_a_system_without_a_model(
    offline: Callable[..., Outcome], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said of its file and line, before anything is played."""

    def nothing(name: str) -> type[Model]:
        raise LookupError(f"there is no model of the system '{name}'")

    monkeypatch.setattr("unbond.modelled.model_for", nothing)
    assert offline(file).complaint == (
        f"{file}:3: system: there is no model of the system 'delegated'"
    )


def test_a_view_that_the_model_does_not_answer_is_left_out(
    file: Path, monkeypatch: pytest.MonkeyPatch, offline: Callable[..., Outcome]
) -> None:
    # What the check expects is not compared; what it expects of positions is.
    file.write_text(
        SCENARIO.replace(
            "provider: node}}\n  - {by: delegator, do: unstake",
            "provider: node}, expect: {returns: {total: 1}, positions: {latecomer: []}}}\n"
            "  - {by: delegator, do: unstake",
        )
    )
    chain = model_chain(bound(file))
    monkeypatch.setattr(DelegatedModel, "answers", {})
    timeline = play(bound(file), chain, chain.roles)
    left = timeline.entries[4]
    assert (left.left_out, left.result, left.returned) == (True, LEFT_OUT, None)
    expected = f"{file}:15: steps[4].expect.positions.latecomer: expected latecomer to have 0"
    assert [line.startswith(expected) for line in timeline.differences] == [True]
    assert timeline.as_dict()["steps"][4]["leftOut"] is True
    # The rest goes on.
    assert timeline.entries[5].event is not None

    done = offline(file)
    line = "left out, because only a contract can answer: provider_row of step 5"
    assert done.out.splitlines().count(line) == 1
    (as_json,) = json.loads(offline(file, "--json").out)
    assert as_json["leftOut"] == [{"step": 5, "check": "provider_row"}]


def test_the_model_chain_knows_the_token_and_refuses_to_guess(file: Path) -> None:
    scenario = bound(file)
    chain = model_chain(scenario)
    systems: list[Any] = []
    play(scenario, chain, chain.roles, deployed=systems.append)
    (system,) = systems
    # What somebody sends to it belongs to nobody.
    system.token.mint(chain.roles.account("owner"), system.address, 7)
    assert system.assets() == system.liabilities() + 7
    with pytest.raises(Unanswered, match="'lockRewards'"):
        system.contract.view("lockRewards")
    with pytest.raises(Unanswered, match="'transfer'"):
        system.token.transfer(chain.roles.account("owner"), chain.roles.address("stranger"), 1)


@pytest.mark.parametrize(
    "name", ["delegated/two-lots", "delegated/rewards-open", "device/overflow"]
)
def test_a_forecast_is_what_a_chain_comes_to(name: str) -> None:
    scenario = bound(ROOT / f"scenarios/{name}.yaml")
    by_model, by_chain = forecast(scenario), forecast(scenario, RevmChain())
    assert by_model.prospects == by_chain.prospects != ()
    assert by_model.end == by_chain.end


STAKED = """\
title: On a device
system: device
funds:
  delegator: 500 IO
steps:
  - {by: delegator, do: stake, with: {device: 1, amount: 500 IO}}
"""


WAITING = """\
title: Nobody harvests
system: liquid
funds:
  delegator: 1000 FTM
steps:
  - {by: delegator, do: stake_for_bonds, with: {amount: 1000 FTM}}
  - {by: delegator, do: burn_bonds, with: {amount: 100 aFTMb}}
"""


def test_what_no_time_opens_says_what_it_waits_for(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "width", 200)
    file.write_text(WAITING)
    found = forecast(bound(file))
    waits = "coins, which a harvest, a release or a top-up brings, and settling"
    (prospect,) = found.prospects
    assert (prospect.role, prospect.opens, prospect.waits_for) == ("delegator", None, waits)
    show_forecasts([found], as_json=False)
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "#1" in line]
    assert [cell.strip() for cell in line.strip("│").split("│")] == [
        *("delegator", "#1", "100 FTM", "leaving", "not known", "", f"waits for {waits}", ""),
    ]
    show_forecasts([found], as_json=True)
    (as_json,) = json.loads(capsys.readouterr().out)
    (position,) = as_json["positions"]
    told = {name: position[name] for name in ("opens", "opensIn", "blockedThen", "waitsFor")}
    assert told == {"opens": None, "opensIn": None, "blockedThen": None, "waitsFor": waits}


@pytest.mark.parametrize(
    ("step", "waits"),
    [
        (
            "{by: owner, do: set_rented, with: {device: 1, rented: true}}",
            "the end of the device's rental",
        ),
        (
            "{by: delegator, do: open_offer, with: {device: 1, amount: 100 IO, share: 5 %}}",
            "the offer to be closed or accepted",
        ),
    ],
    ids=["rented", "offered"],
)
def test_what_a_stake_on_a_device_waits_for(file: Path, step: str, waits: str) -> None:
    file.write_text(f"{STAKED}  - {step}\n")
    (prospect,) = forecast(bound(file)).prospects
    assert (prospect.name, prospect.opens, prospect.waits_for) == ("device 1", None, waits)


def test_nothing_left(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(SCENARIO[: SCENARIO.index("  - {at")] + "  - {check: assets}\n")
    show_forecasts([forecast(bound(file))], as_json=False)
    assert capsys.readouterr().out.splitlines()[1:] == [
        "it ends Mon 2030-01-07 00:00:09 UTC, and nobody has anything left in it",
        "",
        "all 1 as expected",
    ]


def test_models_know_nothing_of_chains() -> None:
    script = (
        "import sys, unbond.models as models; "
        "[models.model_for(name) for name in models.model_names()]; "
        "assert models.model_names() and len(models.Model.registry) == len(models.model_names()); "
        "print({name.partition('.')[0] for name in sys.modules} "
        "& {'web3', 'ape', 'pyrevm', 'eth_abi', 'eth_tester', 'eth'})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


def test_what_stands_on_the_model_chain_is_where_it_is_elsewhere(file: Path) -> None:
    systems: list[Any] = []
    scenario = bound(file)
    for chain in (RevmChain(), model_chain(scenario)):
        play(scenario, chain, chain.roles, deployed=systems.append)
    on_revm, on_model = systems
    assert isinstance(on_model.chain, ModelChain)
    assert on_model.address == on_revm.address
    assert on_model.token.address == on_revm.token.address


ODD = {
    "delegated": """\
title: Refused by the token, views, powers, and people without gas
system: delegated
setup:
  providers: {node: 5 %}
funds: {delegator: 9000 ANKR, owner: 500 ANKR}
steps:
  - {by: delegator, do: stake, with: {provider: node, amount: 9001 ANKR}}
  - {by: latecomer, do: stake, with: {provider: node, amount: 9001 ANKR}}
  - {by: delegator, do: stake, with: {provider: node, amount: 1000 ANKR}, as: lot}
  - {by: eleventh, do: stake, with: {provider: node, amount: 1000 ANKR}}
  - {check: stake_of, with: {stake: lot}}
  - {check: ticket_of, with: {ticket: lot}}
  - {check: ticket_of, with: {ticket: 77}}
  - {check: provider_of, with: {provider: node}}
  - {after: 8d, check: provider_of, with: {provider: node}}
  - {check: provider_of, with: {provider: stranger}}
  - {check: provider_row, with: {account: stranger, provider: node}}
  - {check: epoch_at, with: {moment: 2030-05-05}}
  - {check: epoch_at, with: {moment: 2020-05-05}}
  - {by: owner, do: distribute, with: {provider: node, amount: 100 ANKR}}
  - {check: assets}
  - {check: liabilities}
  - {by: owner, do: grant_role, with: {role: REWARDER_ROLE, holder: stranger}}
  - {by: stranger, do: grant_role, with: {role: REWARDER_ROLE, holder: stranger}}
  - {by: owner, do: transfer_ownership, with: {new_owner: stranger}}
  - {by: stranger, do: accept_ownership}
  - {check: owner}
  - {at: lot.unlocksAt, by: delegator, do: unstake, with: {stake: lot, amount: 1000 ANKR}}
  - {check: stake_of, with: {stake: lot}}
  - {check: ticket_of, with: {ticket: lot}}
""",
    "device": """\
title: Views of devices, and of devices that are not
system: device
setup: {devices: {"1": {}, "2": {cards: 4}}}
funds: {delegator: 9000 IO, latecomer: 500 IO, owner: 500 IO}
steps:
  - {by: delegator, do: stake, with: {device: 1, amount: 300 IO}}
  - {by: stranger, do: stake, with: {device: 2, amount: 900 IO}}
  - {check: counted_stake, with: {device: 1}}
  - {check: counted_stake, with: {device: 7}}
  - {check: preview_unstake, with: {device: 1, amount: 0}}
  - {check: preview_unstake, with: {device: 1, amount: 5000 IO}}
  - {check: preview_unstake, with: {device: 2, amount: 5 IO}}
  - {check: overflow, with: {device: 9}}
  - {by: delegator, do: open_offer, with: {device: 1, amount: 100 IO, share: 25 %}}
  - {by: latecomer, do: accept_offer, with: {device: 1, nonce: 1, amount: 100 IO, share: 25 %}}
  - {by: owner, do: distribute, with: {device: 1, amount: 100 IO}}
  - {by: delegator, do: unstake_amount, with: {device: 1, amount: 50 IO, expected: full}}
  - {after: 8d, check: rewards_of, with: {device: 1, account: latecomer}}
  - {check: status_of, with: {device: 1}}
""",
    "liquid": """\
title: Wallets and people without gas are given coins before the first step
system: liquid
funds: {stubborn: 50 FTM, delegator: 50 FTM, eleventh: 200 FTM}
refusing: [stubborn]
steps:
  - {by: stubborn, do: stake_for_bonds, with: {amount: 50 FTM}}
  - {by: delegator, do: stake_for_bonds, with: {amount: 0 FTM}}
  - {by: eleventh, do: stake_for_bonds, with: {amount: 150 FTM}}
""",
}


@pytest.mark.parametrize("system", ODD)
def test_what_no_document_shows_is_the_same_on_every_chain_too(
    engines: Engines, file: Path, system: str
) -> None:
    file.write_text(ODD[system])
    scenario = bound(file)
    # Fresh, so that what is deployed has the same addresses.
    with engines.connected("eth-tester") as fresh:
        timelines = [play(scenario, fresh.chain)]
    chains: list[OwnChain] = [RevmChain()]
    if system in model_names():
        chains.append(model_chain(scenario))
    timelines += [play(scenario, chain, chain.roles) for chain in chains]
    expected, *others = [timeline.as_dict()["steps"] for timeline in timelines]
    assert len(expected) == len(scenario.scenario.steps)
    for steps in (expected, *others):
        for step in steps:
            del step["gasUsed"]
    for steps in others:
        assert steps == expected
