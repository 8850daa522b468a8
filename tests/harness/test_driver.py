"""One driver for every engine: the same events, ids, times and gas; refusals cost nothing."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING, Any

import pytest

from unbond.clock import LAST_BLOCK
from unbond.errors import BelowMinimum, OwnableUnauthorizedAccount, Refused
from unbond.positions import PositionKind, PositionState
from unbond.roles import Roles
from unbond.systems import System, system_class, system_names
from unbond.systems.base import ArgumentKind, Receipt
from unbond.systems.delegated import (
    EPOCH,
    CommissionClaimed,
    DelegatedStaking,
    Distributed,
    ProviderInactive,
    RewardsClaimed,
    RewardsRestaked,
    RowStatus,
    Staked,
    StillLocked,
    StillUndelegating,
    UnknownProvider,
    Unstaked,
)
from unbond.when import DAY, SESSION_START

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.harness.conftest import Engine, Engines

# Many of them, with a story each.
pytestmark = pytest.mark.slow

TOKEN = 10**18

PARTY, AMOUNT, POSITION = ArgumentKind.PARTY, ArgumentKind.AMOUNT, ArgumentKind.POSITION
POWER = ArgumentKind.POWER
ACTIONS: dict[str, dict[str, ArgumentKind]] = {
    "stake": {"provider": PARTY, "amount": AMOUNT},
    "unstake": {"stake": POSITION, "amount": AMOUNT},
    "claim": {"ticket": POSITION},
    "claim_rewards": {"stake": POSITION},
    "restake_rewards": {"stake": POSITION},
    "distribute": {"provider": PARTY, "amount": AMOUNT},
    "claim_commission": {},
    "add_provider": {"provider": PARTY, "commission": ArgumentKind.BPS},
    "set_provider_active": {"provider": PARTY, "active": ArgumentKind.FLAG},
    "pause": {},
    "unpause": {},
    "grant_role": {"role": POWER, "holder": PARTY},
    "revoke_role": {"role": POWER, "holder": PARTY},
    "transfer_ownership": {"new_owner": PARTY},
    "accept_ownership": {},
}
QUESTIONS: dict[str, dict[str, ArgumentKind]] = {
    "assets": {},
    "liabilities": {},
    "owner": {},
    "epoch_at": {"moment": ArgumentKind.MOMENT},
    "stake_of": {"stake": POSITION},
    "ticket_of": {"ticket": POSITION},
    "provider_of": {"provider": PARTY},
    "provider_row": {"account": PARTY, "provider": PARTY},
}


class Staff:
    """Delegated staking on a fresh chain, with people who can act."""

    def __init__(self, engine: Engine) -> None:
        engine.clock.start()
        roles = Roles(engine.chain)
        self.owner = roles.account("owner")
        self.provider = roles.account("provider")
        self.delegator = roles.account("delegator")
        self.stranger = roles.account("stranger")
        self.system = DelegatedStaking.deploy(engine.chain, self.owner)
        self.system.add_provider(self.owner, self.node, 500)
        for account in (self.owner, self.delegator):
            self.system.fund(self.owner, account, 10_000 * TOKEN)

    @property
    def node(self) -> str:
        return str(self.provider.address)


@pytest.fixture
def staff(engine: Engine) -> Staff:
    return Staff(engine)


class TestActions:
    def test_all_are_listed_with_what_they_take(self) -> None:
        listed = DelegatedStaking.actions()
        assert {name: spec.arguments for name, spec in listed.items() if spec.sends} == ACTIONS
        assert {
            name: spec.arguments for name, spec in listed.items() if not spec.sends
        } == QUESTIONS

    def test_the_arguments_come_in_the_order_of_the_call(self) -> None:
        for name, arguments in (ACTIONS | QUESTIONS).items():
            assert list(DelegatedStaking.actions()[name].arguments) == list(arguments)

    @pytest.mark.parametrize("spec", DelegatedStaking.actions().values(), ids=lambda one: one.name)
    def test_each_is_described_in_a_sentence(self, spec: Any) -> None:
        assert spec.summary.endswith(".")
        assert spec.summary[0].isupper()


class TestNames:
    def test_a_system_is_found_by_name(self) -> None:
        assert system_class("delegated") is DelegatedStaking
        assert "delegated" in system_names()
        assert "base" not in system_names()

    def test_or_by_where_it_is(self) -> None:
        assert system_class("unbond.systems.delegated:DelegatedStaking") is DelegatedStaking

    def test_also_outside_the_package(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "their_staking.py").write_text(
            "from unbond.systems.delegated import DelegatedStaking\n"
            "class Theirs(DelegatedStaking):\n"
            "    name = 'theirs'\n"
        )
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.setattr(System, "registry", dict(System.registry))
        found = system_class("their_staking:Theirs")
        assert found is sys.modules["their_staking"].Theirs
        assert System.registry["theirs"] is found
        assert System.registry["delegated"] is DelegatedStaking

    @pytest.mark.parametrize("name", ["", "unknown", "base", "Delegated", "delegated.py"])
    def test_an_unknown_name_gives_the_known_ones(self, name: str) -> None:
        with pytest.raises(LookupError) as refusal:
            system_class(name)
        assert str(refusal.value) == (
            f"there is no system '{name}'; there are: {', '.join(system_names())}, "
            "or one of your own as package.module:Class"
        )

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("no.such.module:Class", "there is no system 'no.such.module:Class': No module named"),
            ("unbond.systems.delegated:Nothing", "has no attribute 'Nothing'"),
            ("unbond.systems.delegated:Stake", "is no system: it does not derive from"),
            ("unbond.systems.delegated:EPOCH", "is no system: it does not derive from"),
        ],
    )
    def test_what_is_wrong_with_a_place_is_said(self, name: str, said: str) -> None:
        with pytest.raises(LookupError, match=said):
            system_class(name)


class TestBothEngines:
    def test_a_whole_story_is_the_same_on_both(self, engines: Engines) -> None:
        def tell(name: str) -> list[Any]:
            with engines.connected(name) as engine:
                return self.story(engine)

        one, other = tell("eth-tester"), tell("anvil")
        for line, same in zip(one, other, strict=True):
            assert line == same

    def story(self, engine: Engine) -> list[Any]:
        staff = Staff(engine)
        system, node, clock = staff.system, staff.node, engine.clock
        told: list[Any] = [system.address, system.token.address]

        def tell(receipt: Receipt[Any]) -> None:
            fields = dataclasses.asdict(receipt)
            # The hash contains the chain's number, which differs; so does the price of gas.
            del fields["txn_hash"], fields["fee"]
            told.append((type(receipt.main).__name__, fields))

        lot = system.stake(staff.delegator, node, 3000 * TOKEN)
        tell(lot)
        clock.travel(days=8)
        tell(system.distribute(staff.owner, node, 1500 * TOKEN))
        clock.at(lot.main.unlocks_at)
        tell(system.restake_rewards(staff.delegator, lot.main.stake_id))
        part = system.unstake(staff.delegator, lot.main.stake_id, 1000 * TOKEN)
        tell(part)
        told.append(system.positions_of(str(staff.delegator.address)))
        told.append(system.provider_row(str(staff.delegator.address), node))
        clock.at(part.main.available_at)
        tell(system.claim(staff.delegator, part.main.ticket_id))
        tell(system.claim_commission(staff.provider))
        tell(system.set_provider_active(staff.owner, node, False))
        tell(system.pause(staff.owner))
        tell(system.transfer_ownership(staff.owner, str(staff.delegator.address)))
        tell(system.accept_ownership(staff.delegator))
        told.append((system.assets(), system.liabilities(), system.owner()))
        told.append(engine.chain.timestamp_of("latest"))
        return told

    def test_the_story_is_told_in_types(self, engine: Engine, staff: Staff) -> None:
        system, clock = staff.system, engine.clock
        account = str(staff.delegator.address)
        monday = SESSION_START + EPOCH
        clock.at(monday)
        lot = system.stake(staff.delegator, staff.node, 2000 * TOKEN)
        assert lot.main == Staked(
            account=account,
            provider=staff.node,
            stake_id=system.position_id(account, 1),
            amount=2000 * TOKEN,
            unlocks_at=monday + 13 * EPOCH,
        )
        assert lot.events == (lot.main,)
        assert (lot.timestamp, lot.block) == (monday, engine.height)
        assert 21_000 < lot.gas_used < 300_000

        clock.travel(days=7)
        rewards = system.distribute(staff.owner, staff.node, 2000 * TOKEN).main
        assert rewards == Distributed(staff.node, 2, 2000 * TOKEN, 100 * TOKEN)
        clock.at(lot.main.unlocks_at)
        restaked = system.restake_rewards(staff.delegator, lot.main.stake_id)
        assert [type(event) for event in restaked.events] == [Staked, RewardsRestaked]
        assert restaked.main.amount == 1900 * TOKEN

        system.distribute(staff.owner, staff.node, 100 * TOKEN)
        exit_ = system.unstake(staff.delegator, lot.main.stake_id, 2000 * TOKEN)
        assert [type(event) for event in exit_.events] == [Unstaked, RewardsClaimed]
        assert exit_.main.ticket_id == lot.main.stake_id

        ticket, young = system.positions_of(account)
        assert (ticket.kind, ticket.state) == (PositionKind.EXIT, PositionState.LEAVING)
        assert (ticket.available_at, ticket.blocked_by) == (
            exit_.main.available_at,
            "StillUndelegating",
        )
        assert (young.kind, young.state) == (PositionKind.STAKE, PositionState.LOCKED)
        assert young.blocked_by == "StillLocked"
        assert system.provider_row(account, staff.node).status is RowStatus.LOCKED

        clock.at(exit_.main.available_at)
        assert system.positions_of(account)[0].state is PositionState.CLAIMABLE
        assert system.positions_of(account, block=LAST_BLOCK)[0].state is PositionState.LEAVING
        assert system.claim(staff.delegator, lot.main.stake_id).main.amount == 2000 * TOKEN
        assert system.positions_of(account)[0].state is PositionState.CLOSED
        paid = system.claim_commission(staff.provider).main
        assert paid == CommissionClaimed(staff.node, 105 * TOKEN)

    def test_pages_are_put_together(self, staff: Staff) -> None:
        account = str(staff.delegator.address)
        for _ in range(3):
            staff.system.stake(staff.delegator, staff.node, 1000 * TOKEN)
        whole = staff.system.positions_of(account)
        assert [one.id for one in whole] == [
            staff.system.position_id(account, n) for n in (1, 2, 3)
        ]
        for page in (1, 2, 3, 4):
            assert staff.system.positions_of(account, page=page) == whole


Attempt = tuple[str, "Callable[[Staff, int], object]", "Callable[[Staff, int], Refused]"]

REFUSALS: list[Attempt] = [
    (
        "under the minimum",
        lambda staff, lot: staff.system.stake(staff.delegator, staff.node, 1000 * TOKEN - 1),
        lambda staff, lot: BelowMinimum(amount=1000 * TOKEN - 1, minimum=1000 * TOKEN),
    ),
    (
        "no such provider",
        lambda staff, lot: staff.system.stake(
            staff.delegator, str(staff.stranger.address), 1000 * TOKEN
        ),
        lambda staff, lot: UnknownProvider(provider=staff.stranger.address),
    ),
    (
        "locked",
        lambda staff, lot: staff.system.unstake(staff.delegator, lot, 1000 * TOKEN),
        lambda staff, lot: StillLocked(unlocks_at=SESSION_START + 13 * EPOCH),
    ),
    (
        "more than the token allows",
        lambda staff, lot: staff.system.stake(staff.stranger, staff.node, 1000 * TOKEN),
        lambda staff, lot: Refused(
            "ERC20InsufficientAllowance",
            spender=staff.system.address,
            allowance=0,
            needed=1000 * TOKEN,
        ),
    ),
    (
        "not the owner",
        lambda staff, lot: staff.system.grant_role(
            staff.stranger, "PAUSER_ROLE", str(staff.stranger.address)
        ),
        lambda staff, lot: OwnableUnauthorizedAccount(account=staff.stranger.address),
    ),
    (
        "not the token's owner",
        lambda staff, lot: staff.system.token.mint(staff.stranger, staff.node, 1),
        lambda staff, lot: OwnableUnauthorizedAccount(account=staff.stranger.address),
    ),
]


class TestRefusals:
    @pytest.mark.parametrize(
        ("attempt", "expected"), [one[1:] for one in REFUSALS], ids=[one[0] for one in REFUSALS]
    )
    def test_nothing_is_sent(
        self,
        engine: Engine,
        staff: Staff,
        attempt: Callable[[Staff, int], object],
        expected: Callable[[Staff, int], Refused],
    ) -> None:
        lot = staff.system.stake(staff.delegator, staff.node, 1000 * TOKEN).main.stake_id

        def state() -> tuple[object, ...]:
            people = (staff.delegator, staff.stranger)
            return (
                engine.height,
                engine.provider.get_block(LAST_BLOCK).hash,
                engine.clock.now,
                [(one.nonce, one.balance) for one in people],
            )

        before = state()
        with pytest.raises(Refused) as refusal:
            attempt(staff, lot)
        assert refusal.value == expected(staff, lot)
        assert type(refusal.value) is type(expected(staff, lot))
        assert state() == before

    @pytest.mark.rule("C-1", "C-8", "E-3", "E-4")
    def test_an_action_is_asked_at_the_very_second_at_which_it_would_land(
        self, engine: Engine, staff: Staff
    ) -> None:
        system, clock, me = staff.system, engine.clock, staff.delegator
        lot = system.stake(me, staff.node, 1000 * TOKEN).main
        clock.at(lot.unlocks_at - 1)
        height = engine.height
        for attempt in (system.preview_unstake, lambda *one: system.unstake(me, *one)):
            with pytest.raises(StillLocked) as early:
                attempt(lot.stake_id, 1000 * TOKEN)
            assert early.value.unlocks_at == lot.unlocks_at
        assert engine.height == height

        clock.at(lot.unlocks_at)
        assert system.preview_unstake(lot.stake_id, 1000 * TOKEN) == (0, lot.unlocks_at + 14 * DAY)
        exit_ = system.unstake(me, lot.stake_id, 1000 * TOKEN)
        assert exit_.timestamp == lot.unlocks_at

        clock.at(exit_.main.available_at - 1)
        with pytest.raises(StillUndelegating) as still:
            system.claim(me, exit_.main.ticket_id)
        assert still.value.available_at == exit_.main.available_at
        clock.at(exit_.main.available_at)
        assert system.preview_claim(exit_.main.ticket_id) == 1000 * TOKEN
        assert system.claim(me, exit_.main.ticket_id).timestamp == exit_.main.available_at

    @pytest.mark.rule("E-10")
    def test_the_next_action_sees_what_the_last_one_did(self, staff: Staff) -> None:
        staff.system.set_provider_active(staff.owner, staff.node, False)
        with pytest.raises(ProviderInactive) as refusal:
            staff.system.stake(staff.delegator, staff.node, 1000 * TOKEN)
        assert refusal.value.provider == staff.node
        staff.system.set_provider_active(staff.owner, staff.node, True)
        assert staff.system.stake(staff.delegator, staff.node, 1000 * TOKEN).main.amount
