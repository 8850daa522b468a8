"""A chain in the process behaves like any other: time, snapshots, wallets and refusals."""

from __future__ import annotations

import pytest

from tests.harness.conftest import deploy_code
from unbond.clock import ClockError
from unbond.errors import Refused
from unbond.revm import RevmChain
from unbond.systems.delegated import MIN_STAKE, DelegatedStaking, StillLocked
from unbond.wallets import StubbornWallet
from unbond.when import DAY, SESSION_START, WEEK

T = SESSION_START + 14 * DAY
UNLOCKS = SESSION_START + 13 * WEEK


@pytest.fixture
def chain() -> RevmChain:
    return RevmChain()


@pytest.fixture
def system(chain: RevmChain) -> DelegatedStaking:
    owner, provider = chain.roles.account("owner"), chain.roles.address("provider")
    system = DelegatedStaking.deploy(chain, owner)
    system.add_provider(owner, provider, 0)
    system.fund(owner, chain.roles.account("delegator"), 2 * MIN_STAKE)
    return system


def transact(chain: RevmChain) -> int:
    """Send a transaction; returns the second at which it landed."""
    chain.transfer(chain.roles.account("owner"), chain.roles.address("stranger"), 1)
    return chain.clock.last


def state(chain: RevmChain) -> tuple[int, ...]:
    clock = chain.clock
    stranger = chain.balance_of(chain.roles.address("stranger"))
    return clock.now, clock.present, chain.now, stranger


class TestClock:
    def test_a_fresh_chain_stands_at_the_start(self, chain: RevmChain) -> None:
        chain.clock.start()
        assert state(chain) == (SESSION_START, SESSION_START, SESSION_START, 0)
        assert transact(chain) == SESSION_START
        assert state(chain) == (SESSION_START + 1, SESSION_START, SESSION_START + 1, 1)

    def test_transactions_land_a_second_apart_from_where_it_is_set(self, chain: RevmChain) -> None:
        assert chain.clock.at(T) == T
        assert state(chain) == (T, T, T, 0)
        assert [transact(chain) for _ in range(3)] == [T, T + 1, T + 2]

    def test_a_journey_is_measured_from_the_present_and_two_add_up(self, chain: RevmChain) -> None:
        landed = transact(chain)
        chain.clock.travel(days=1)
        assert chain.clock.travel("1h") == landed + DAY + 3600
        assert transact(chain) == landed + DAY + 3600

    def test_going_back_is_refused_and_changes_nothing(self, chain: RevmChain) -> None:
        chain.clock.at(T)
        transact(chain)
        before = state(chain)
        with pytest.raises(ClockError, match="cannot go back to 2030-01-21T00:00:00Z"):
            chain.clock.at(T)
        assert state(chain) == before

    def test_views_see_the_second_of_the_next_transaction(self, chain: RevmChain) -> None:
        seconds = {"type": "uint256", "name": ""}
        view = {"type": "function", "name": "read", "stateMutability": "view", "inputs": []}
        # TIMESTAMP, stored and returned.
        watch = deploy_code(chain, "425f5260205ff3", {**view, "outputs": [seconds]})
        assert (watch.view("read"), watch.view("read", block="latest")) == (
            SESSION_START + 1,
            SESSION_START,
        )
        chain.clock.at(T)
        assert (watch.view("read"), watch.view("read", block="latest")) == (T, T - 1)


def test_a_snapshot_gives_everything_back(chain: RevmChain, system: DelegatedStaking) -> None:
    delegator, provider = chain.roles.account("delegator"), chain.roles.address("provider")
    address = str(delegator.address)
    before = (state(chain), system.positions_of(address), system.assets())
    snapshot = chain.snapshot()
    first = system.stake(delegator, provider, MIN_STAKE)
    there = DelegatedStaking.deploy(chain, chain.roles.account("owner")).address
    transact(chain)
    after = state(chain)

    chain.restore(snapshot)

    assert (state(chain), system.positions_of(address), system.assets()) == before
    # What is done again is the same again, contracts' addresses among it.
    assert system.stake(delegator, provider, MIN_STAKE).main == first.main
    assert DelegatedStaking.deploy(chain, chain.roles.account("owner")).address == there
    transact(chain)
    assert state(chain) == after


def test_a_wallet_that_is_a_contract_acts_through_its_owner(
    chain: RevmChain, system: DelegatedStaking
) -> None:
    owner, provider = chain.roles.account("owner"), chain.roles.address("provider")
    wallet = StubbornWallet.open(chain, chain.roles.account("keeper"))
    assert chain.code_at(str(wallet.address))
    system.fund(owner, wallet, MIN_STAKE)
    chain.clock.at(T)
    staked = system.stake(wallet, provider, MIN_STAKE)
    assert staked.main.account == wallet.address
    assert (staked.timestamp, chain.clock.now) == (T, T + 1)
    assert [one.amount for one in system.positions_of(str(wallet.address))] == [MIN_STAKE]
    # Of what refuses, the wallet tells the reason, and not that it failed itself.
    with pytest.raises(StillLocked):
        system.unstake(wallet, staked.main.stake_id, MIN_STAKE)


def test_a_refusal_has_its_numbers_and_moves_nothing(
    chain: RevmChain, system: DelegatedStaking
) -> None:
    delegator = chain.roles.account("delegator")
    lot = system.stake(delegator, chain.roles.address("provider"), MIN_STAKE).main
    chain.clock.at(UNLOCKS - 1)
    before = state(chain)
    with pytest.raises(StillLocked) as refusal:
        system.unstake(delegator, lot.stake_id, MIN_STAKE)
    assert refusal.value.fields == {"unlocks_at": UNLOCKS}
    assert state(chain) == before
    assert system.liabilities() == MIN_STAKE


@pytest.mark.parametrize(
    ("code", "name"),
    [
        pytest.param("fe", "invalid instruction", id="INVALID"),
        # JUMPDEST, and back to it.
        pytest.param("5b5f56", "out of gas", id="a loop without an end"),
    ],
)
def test_a_halted_call_is_named_as_on_other_engines(chain: RevmChain, code: str, name: str) -> None:
    method = {"type": "function", "name": "go", "inputs": [], "outputs": []}
    contract = deploy_code(chain, code, {**method, "stateMutability": "nonpayable"})
    before = state(chain)
    for go in (
        lambda: contract.view("go"),
        lambda: contract.act("go", sender=chain.roles.account("owner")),
    ):
        with pytest.raises(Refused) as refusal:
            go()
        assert (refusal.value.name, refusal.value.fields) == (name, {})
    assert state(chain) == before
