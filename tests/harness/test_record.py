"""What happened on a chain becomes a scenario, which happens again in the same way."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.clients import ROOT
from unbond.book import AddressBook
from unbond.chain import Chain
from unbond.codec import MethodCodec
from unbond.fields import is_position
from unbond.roles import Roles
from unbond.scenario import BoundScenario, load_scenario, play
from unbond.scenario.record import Recording, record
from unbond.systems.delegated import MIN_STAKE, DelegatedStaking
from unbond.systems.device import DeviceStaking
from unbond.systems.liquid import LiquidStaking, PayoutPolicy, Setup, ValidatorTerms
from unbond.wallets import StubbornWallet
from unbond.when import DAY, format_moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.conftest import Engine, Engines
    from unbond.systems import System
    from unbond.timeline import Timeline

pytestmark = pytest.mark.slow

SCENARIOS = [
    "delegated/two-lots.yaml",
    "delegated/rewards-open.yaml",
    "delegated/last-second.yaml",
    "device/blocked.yaml",
    "device/co-staker-first.yaml",
    "device/overflow.yaml",
    "device/owner-leaves-meanwhile.yaml",
    "device/wait-lapses.yaml",
    "liquid/first-fit.yaml",
    "liquid/partial-fifo.yaml",
    "liquid/run-on-the-pool.yaml",
    "liquid/three-validators.yaml",
]


@pytest.fixture
def anvil(engines: Engines) -> Iterator[Engine]:
    with engines.connected("anvil") as engine:
        yield engine


def recorded(system: System, folder: Path) -> Recording:
    return record(system, AddressBook(folder / "book.json").record(system))


def replayed(recording: Recording, folder: Path, engines: Engines, engine: str) -> Timeline:
    file = folder / "recorded.yaml"
    file.write_text(recording.text("What happened"))
    with engines.connected(engine) as fresh:
        return play(BoundScenario(load_scenario(file)), fresh.chain)


def told(timeline: Timeline) -> list[Any]:
    """What was sent and what came of it, without who is who."""
    return [
        (
            entry.timestamp,
            entry.action,
            {
                name: value
                for name, value in (entry.event or {}).items()
                if not is_position(name) and not isinstance(value, str)
            },
            sorted(
                tuple(str(value) for value in (held.name, *list(vars(held.position).values())[1:]))
                for held in entry.holdings
            ),
        )
        for entry in timeline.entries
        if entry.event is not None
    ]


@pytest.mark.parametrize("name", SCENARIOS)
def test_it_happens_again_in_the_same_way(name: str, engines: Engines, tmp_path: Path) -> None:
    systems: list[System] = []
    with engines.connected("anvil") as first:
        bound = BoundScenario(load_scenario(ROOT / "scenarios" / name))
        before = play(bound, first.chain, deployed=systems.append)
        recording = recorded(systems[0], tmp_path)
    assert recording.notices == []
    after = replayed(recording, tmp_path, engines, "eth-tester")
    assert after.passed, [entry.differences for entry in after.entries]
    assert told(after) == told(before)
    assert len(after.entries) == len(told(before))


@pytest.fixture
def delegated_there(anvil: Engine) -> DelegatedStaking:
    chain = anvil.chain
    chain.clock.start()
    owner, provider, delegator = anvil.accounts[0], anvil.accounts[5], anvil.accounts[6]
    system = DelegatedStaking.deploy(chain, owner)
    system.add_provider(owner, str(provider.address), 500)
    system.fund(owner, delegator, 5 * MIN_STAKE)
    return system


def send(system: System, sender: str, method: str, *arguments: Any) -> str:
    """Send a transaction as a client does that does not ask first."""
    (abi,) = (
        a for a in system.contract.instance.contract_type.abi if getattr(a, "name", "") == method
    )
    data = f"0x{MethodCodec(abi).encode(arguments).hex()}"
    transaction = {"from": sender, "to": system.address, "data": data, "gas": hex(500_000)}
    return str(system.chain.provider.make_request("eth_sendTransaction", [transaction]))


def send_and_wait(system: System, sender: str, method: str, *arguments: Any) -> None:
    """The same, until it has landed."""
    sent = send(system, sender, method, *arguments)
    deadline = monotonic() + 20
    while system.chain.provider.make_request("eth_getTransactionReceipt", [sent]) is None:
        assert monotonic() < deadline


def test_what_fails_and_what_shares_a_second(
    anvil: Engine, delegated_there: DelegatedStaking, engines: Engines, tmp_path: Path
) -> None:
    system = delegated_there
    chain, provider = system.chain, str(anvil.accounts[5].address)
    delegator = str(anvil.accounts[6].address)
    ask = chain.provider.make_request
    chain.clock.travel(hours=1)
    ask("evm_setAutomine", [False])
    for amount in (MIN_STAKE, MIN_STAKE - 1, 2 * MIN_STAKE):
        send(system, delegator, "stake", provider, amount)
    ask("evm_mine", [])
    ask("evm_setAutomine", [True])

    recording = recorded(system, tmp_path)
    first, second, third = recording.steps
    assert first["expect"]["event"]["amount"] == "1 000 ANKR"
    assert second["expect"] == {
        "refused": {
            "BelowMinimum": {"amount": "999.999999999999999999 ANKR", "minimum": "1 000 ANKR"}
        }
    }
    assert third["as"] == "stake_2"
    assert recording.notices == ["2 steps shared a second with another, and are a second later"]
    assert recording.funds == {"delegator": "5 000 ANKR"}
    assert replayed(recording, tmp_path, engines, "eth-tester").passed


def test_what_cannot_be_a_step_is_said(
    anvil: Engine, delegated_there: DelegatedStaking, tmp_path: Path
) -> None:
    system = delegated_there
    owner, delegator = str(anvil.accounts[0].address), anvil.accounts[6]
    system.token.approve(delegator, system.address, 0)
    provider = str(anvil.accounts[5].address)
    send_and_wait(system, str(delegator.address), "stake", provider, MIN_STAKE)
    send_and_wait(system, owner, "renounceOwnership")
    notices = recorded(system, tmp_path).notices
    assert any("lacked an allowance; it is left out" in one for one in notices)
    assert any(one.startswith("renounceOwnership at ") for one in notices)


@pytest.fixture
def pool(anvil: Engine) -> LiquidStaking:
    """A pool as it is on a devnet."""
    anvil.chain.clock.start()
    roles = Roles(anvil.chain)
    return LiquidStaking.on_show(anvil.chain, roles.account("owner"), roles.account)


def test_everything_that_people_do_with_a_pool(
    anvil: Engine, pool: LiquidStaking, engines: Engines, tmp_path: Path
) -> None:
    owner, delegator, latecomer, stranger = (anvil.accounts[i] for i in (0, 6, 7, 8))
    clock = anvil.clock
    coin = 10**18
    pool.stake_for_bonds(delegator, 5000 * coin)
    pool.stake_for_certificates(latecomer, 100 * coin)
    clock.travel(hours=1)
    pool.send_bonds(delegator, str(stranger.address), 10 * coin)
    pool.send_certificates(latecomer, str(stranger.address), 3 * coin)
    pool.bonds_to_certificates(stranger, coin)
    pool.certificates_to_bonds(stranger, 2 * coin)
    # Who has been sent something can leave with it.
    left = pool.burn_bonds(stranger, 11 * coin).main
    pool.burn_certificates(stranger, coin)
    pool.burn_certificates(latecomer, 90 * coin)
    # What nobody asks first is in the chain, even if it failed.
    send_and_wait(pool, str(stranger.address), "harvest", 0)
    clock.travel(days=36)
    pool.schedule_release(owner, 0, 50 * coin)
    pool.harvest(stranger, 0)
    pool.settle(stranger, 2)
    pool.top_up(delegator, 100 * coin)
    pool.settle(stranger, 5)
    pool.redelegate(stranger)
    clock.travel(days=36)
    pool.release(owner, 0, 5 * coin)
    pool.harvest(stranger, 0)
    pool.burn_bonds(delegator, coin)
    assert pool.request_of(left.request_id).amount == 0
    done = [
        *("stake_for_bonds", "stake_for_certificates", "send_bonds", "send_certificates"),
        *("bonds_to_certificates", "certificates_to_bonds", "burn_bonds"),
        *("burn_certificates", "burn_certificates", "harvest", "schedule_release", "harvest"),
        *("settle", "top_up", "settle", "redelegate", "release", "harvest", "burn_bonds"),
    ]

    happened = events(pool)
    recording = recorded(pool, tmp_path)
    assert recording.notices == []
    assert [step["do"] for step in recording.steps] == done
    assert recording.setup == {
        "policy": "first fit",
        "treasury": "spare",
        "validators": [{"lockup": "35d", "rate": 1000, "funds": "1 000 FTM"}],
    }
    assert recording.funds == {
        "delegator": "5 100 FTM",
        "latecomer": "100 FTM",
        "stranger": "0 FTM",
    }
    file = tmp_path / "recorded.yaml"
    file.write_text(recording.text("What happened"))
    again: list[System] = []
    with engines.connected("eth-tester") as fresh:
        timeline = play(BoundScenario(load_scenario(file)), fresh.chain, deployed=again.append)
        assert timeline.passed, [entry.differences for entry in timeline.entries]
        assert events(again[0]) == happened


def test_parts_that_were_claimed(anvil: Engine, engines: Engines, tmp_path: Path) -> None:
    anvil.clock.start()
    roles, coin = Roles(anvil.chain), 10**18
    delegator, latecomer = roles.account("delegator"), roles.account("latecomer")
    terms = ValidatorTerms(lockup=10 * DAY, rate=10_000, funds=40 * coin)
    setup = Setup(policy=PayoutPolicy.PARTIAL_FIFO, validators=[terms], treasury="pauser")
    pool = LiquidStaking.establish(anvil.chain, roles.account("owner"), setup, roles.account)
    pool.stake_for_bonds(delegator, 1000 * coin)
    request = pool.burn_bonds(delegator, 100 * coin).main.request_id
    anvil.clock.travel(days=11)
    pool.harvest(latecomer, 0)
    pool.settle(latecomer, 1)
    pool.claim(delegator, request, str(latecomer.address))
    happened = events(pool)
    recording = recorded(pool, tmp_path)
    assert recording.notices == []
    assert recording.setup == {
        "policy": "partial fifo",
        "treasury": "pauser",
        "validators": [{"lockup": "10d", "rate": 10_000, "funds": "40 FTM"}],
    }
    file = tmp_path / "recorded.yaml"
    file.write_text(recording.text("What happened"))
    again: list[System] = []
    with engines.connected("eth-tester") as fresh:
        assert play(BoundScenario(load_scenario(file)), fresh.chain, deployed=again.append).passed
        assert events(again[0]) == happened


def events(system: System) -> list[Any]:
    """All that a system told since it was deployed, and when, but for who is who."""
    return [
        (
            one.timestamp,
            type(one.event).__name__,
            [value for value in vars(one.event).values() if isinstance(value, int)]
            if one.event.position is None
            else one.event.position & (1 << 96) - 1,
        )
        for one in system.history()
        if type(one.event).__name__ not in ("RoleGranted", "OwnershipTransferred")
    ]


def test_a_call_through_another_contract_is_said(
    anvil: Engine, pool: LiquidStaking, tmp_path: Path
) -> None:
    delegator = anvil.accounts[6]
    wallet = StubbornWallet.open(anvil.chain, delegator)
    delegator.transfer(wallet.address, 11 * 10**18)
    pool.stake_for_bonds(wallet, 10**19)
    pool.send_bonds(wallet, str(delegator.address), 10**18)
    at = format_moment(anvil.clock.now - 2), format_moment(anvil.clock.now - 1)
    recording = recorded(pool, tmp_path)
    assert recording.notices == [
        f"a call through {wallet.address} at {one} cannot be a step, and is left out" for one in at
    ]
    assert recording.steps == []


def test_the_setup_is_what_the_owner_did_first(anvil: Engine, tmp_path: Path) -> None:
    chain: Chain = anvil.chain
    chain.clock.start()
    owner, worker = anvil.accounts[3], anvil.accounts[9]
    system = DeviceStaking.deploy(chain, owner)
    system.register_device(owner, 7, 2_500, 4)
    system.fund(owner, worker, 400 * 10**18)
    system.stake(worker, 7, 200 * 10**18)
    system.register_device(owner, 8, 10_000, 1)
    recording = recorded(system, tmp_path)
    assert recording.setup == {"devices": {"7": {"cards": 4, "multiplier": 2_500}}}
    assert [(step["by"], step["do"]) for step in recording.steps] == [
        ("spare", "stake"),
        ("owner", "register_device"),
    ]
    assert recording.funds == {"spare": "400 IO"}
