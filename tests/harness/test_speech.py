"""What events, errors and answers sound like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from unbond.cli.systems import LocalSpeaker
from unbond.errors import (
    AccessControlUnauthorizedAccount,
    BelowMinimum,
    Refused,
    UnknownId,
    ZeroAmount,
)
from unbond.roles import Roles
from unbond.scenario.play import RoleSpeaker
from unbond.speech import Speaker
from unbond.systems import base, system_class, system_names
from unbond.systems import delegated as staking
from unbond.systems import device as devices
from unbond.systems import liquid as pool
from unbond.systems.base import Event, System, power_id
from unbond.systems.delegated import DelegatedStaking, ProviderExists, RowStatus, StillLocked
from unbond.systems.device import DeviceStaking, DeviceStatus, ExitKind, WithdrawFirst

if TYPE_CHECKING:
    from unbond.chain import Chain

TOKEN = 10**18
MONDAY = 1_902_441_600
WHO = "0x976EA74026E726554dB657fA54763abd0C3a0aa9"
NODE = "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc"
OWNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
LOT = (int(WHO, 16) << 96) + 1
TICKET = (int(WHO, 16) << 96) + 12
PAUSER = power_id("PAUSER_ROLE")

SENTENCES: list[tuple[Event, str]] = [
    (base.Paused(OWNER), "new stakes are paused"),
    (base.Unpaused(OWNER), "new stakes are open again"),
    (base.RoleGranted(PAUSER, WHO, OWNER), "delegator has PAUSER_ROLE now"),
    (base.RoleRevoked(PAUSER, WHO, OWNER), "delegator has PAUSER_ROLE no longer"),
    (
        base.RoleAdminChanged(b"\1", b"\2", b"\3"),
        "RoleAdminChanged, role 0x01, previous admin role 0x02, new admin role 0x03",
    ),
    (base.OwnershipTransferStarted(OWNER, WHO), "ownership offered to delegator"),
    (base.OwnershipTransferred(OWNER, WHO), "delegator is the owner now"),
    (base.Unchanged(), "nothing has changed"),
    (
        staking.Staked(WHO, NODE, LOT, 1000 * TOKEN, MONDAY),
        "staked 1 000 ANKR with provider as #1; unlocks Mon 2030-04-15 00:00:00",
    ),
    (
        staking.Unstaked(WHO, LOT, TICKET, 1500 * TOKEN, MONDAY),
        "unstaked 1 500 ANKR of #1; claimable from Mon 2030-04-15 00:00:00",
    ),
    (staking.Claimed(WHO, TICKET, TOKEN // 2), "claimed 0.5 ANKR"),
    (staking.RewardsClaimed(WHO, LOT, 5), "was paid 5 wei of rewards"),
    (staking.RewardsRestaked(WHO, LOT, TICKET, 1000 * TOKEN), "restaked 1 000 ANKR of rewards"),
    (
        staking.Distributed(NODE, 3, 400 * TOKEN, 40 * TOKEN),
        "distributed 400 ANKR to the lots of provider, 40 ANKR of it commission",
    ),
    (staking.CommissionClaimed(NODE, TOKEN), "was paid 1 ANKR of commission"),
    (staking.ProviderAdded(NODE, 500), "provider is a provider now"),
    (staking.ProviderActiveChanged(NODE, True, False), "provider takes no new stakes"),
    (staking.ProviderActiveChanged(NODE, False, True), "provider takes new stakes"),
]

DEVICE_SENTENCES: list[tuple[Event, str]] = [
    (devices.Staked(WHO, 7, LOT, 200 * TOKEN, 200 * TOKEN), "staked 200 IO on device 7"),
    (
        devices.Staked(WHO, 7, LOT, 200 * TOKEN, 300 * TOKEN),
        "staked 200 IO on device 7, 300 IO in all",
    ),
    (
        devices.Unstaked(WHO, 7, LOT, 200 * TOKEN, MONDAY),
        "unstaked 200 IO from device 7; can be withdrawn from Mon 2030-04-15 00:00:00",
    ),
    (
        devices.OverflowWithdrawn(WHO, 7, 5 * TOKEN, 200 * TOKEN),
        "was paid 5 IO of overflow; 200 IO stay on device 7",
    ),
    (
        devices.CoUnstaked(WHO, 7, LOT, 5 * TOKEN, MONDAY, MONDAY),
        "the co-stake of delegator, 5 IO, leaves device 7; can be withdrawn from "
        "Mon 2030-04-15 00:00:00",
    ),
    (
        devices.WaitEnded(7, MONDAY),
        "who waited to leave device 7 can withdraw from Mon 2030-04-15 00:00:00 at the latest",
    ),
    (devices.Withdrawn(WHO, LOT, TOKEN // 2), "withdrew 0.5 IO"),
    (devices.RewardsClaimed(WHO, 7, 5), "was paid 5 wei of rewards of device 7"),
    (devices.Distributed(7, 5 * TOKEN, 0), "device 7 earned 5 IO"),
    (
        devices.Distributed(7, 5 * TOKEN, 2 * TOKEN),
        "device 7 earned 7 IO, 2 IO of it to the co-staker",
    ),
    (devices.Skipped(7, TOKEN), "device 7 is not eligible and earned nothing"),
    (
        devices.OfferOpened(7, 2, 100 * TOKEN, 1250),
        "offers 12.5 % of the rewards of device 7 for 100 IO, as offer 2",
    ),
    (devices.OfferClosed(7, 2), "offer 2 of device 7 is closed"),
    (
        devices.OfferAccepted(WHO, 7, LOT, 100 * TOKEN, 1250),
        "co-staked 100 IO on device 7 for 12.5 % of its rewards",
    ),
    (devices.DeviceRegistered(7, 2500, 4), "device 7 is registered, 4 cards at × 0.25"),
    (devices.RequirementChanged(7, 1, 1, 100_000, 8), "device 7 has 8 cards at × 10 now"),
    (devices.RentedChanged(7, False, True), "device 7 is rented in a cluster"),
    (devices.RentedChanged(7, True, False), "device 7 is not rented"),
    (devices.DeviceTerminated(7), "device 7 is terminated"),
]


@pytest.fixture
def by_role(delegated: DelegatedStaking, local_chain: Chain) -> RoleSpeaker:
    people = Roles(local_chain)
    for role in ("delegator", "provider"):
        people.account(role)
    return RoleSpeaker(delegated, people)


LIQUID_SENTENCES: list[tuple[Event, str]] = [
    (
        pool.Staked(WHO, NODE, 2 * TOKEN, TOKEN),
        "staked 2 FTM for 1 share",
    ),
    (pool.ToppedUp(WHO, 2 * TOKEN, TOKEN // 2), "brought 2 FTM of liquidity for 0.5 shares"),
    (pool.Converted(WHO, NODE, 3), "converted 3 × 10⁻¹⁸ shares"),
    (
        pool.Burnt(WHO, TICKET, TOKEN, 2 * TOKEN),
        "burnt 1 share; 2 FTM wait to be paid as #12",
    ),
    (pool.Paid(WHO, TICKET, TOKEN), "delegator was paid 1 FTM for #12"),
    (
        pool.SetAside(WHO, TICKET, TOKEN),
        "delegator refused 1 FTM for #12, and can claim them",
    ),
    (pool.Settled(2, TOKEN, 0), "1 FTM paid out, 0 FTM of liquidity left"),
    (pool.Claimed(WHO, TICKET, NODE, TOKEN), "claimed 1 FTM of #12"),
    (
        pool.Harvested(0, 100 * TOKEN, 15 * TOKEN, 0),
        "validator 0 paid 100 FTM of rewards, 15 FTM of it the fee",
    ),
    (pool.FeeSetAside(TOKEN), "the treasury refused 1 FTM, and can claim them"),
    (pool.FeesClaimed(NODE, TOKEN), "claimed 1 FTM of fees"),
    (pool.Delegated(1, TOKEN), "1 FTM went to validator 1"),
    (pool.Released(1, TOKEN), "1 FTM came back from validator 1"),
    (
        pool.ReleaseScheduled(1, 0, TOKEN),
        "the next harvest of validator 1 releases 1 FTM",
    ),
]


@pytest.mark.parametrize(
    ("event", "sentence"), LIQUID_SENTENCES, ids=lambda value: type(value).__name__ + str(value)[:3]
)
def test_an_event_of_a_pool_as_a_sentence(
    delegated: DelegatedStaking, by_role: RoleSpeaker, event: Event, sentence: str
) -> None:
    # What is staked has another symbol there; everything else is the same.
    told = event.sentence(by_role).replace(delegated.symbol, "FTM")
    assert told == sentence


@pytest.fixture
def of_devices(device: DeviceStaking, by_role: RoleSpeaker, local_chain: Chain) -> RoleSpeaker:
    people = Roles(local_chain)
    people.account("delegator")
    return RoleSpeaker(device, people)


@pytest.mark.parametrize(
    ("event", "sentence"), DEVICE_SENTENCES, ids=lambda value: type(value).__name__ + str(value)[:3]
)
def test_an_event_of_a_device_as_a_sentence(
    of_devices: RoleSpeaker, event: Event, sentence: str
) -> None:
    assert event.sentence(of_devices) == sentence


@pytest.mark.parametrize(
    ("event", "sentence"), SENTENCES, ids=lambda value: type(value).__name__ + str(value)[:3]
)
def test_an_event_as_a_sentence(by_role: RoleSpeaker, event: Event, sentence: str) -> None:
    assert event.sentence(by_role) == sentence


def test_no_event_is_without_a_sentence_here() -> None:
    shown = {type(event) for event, _ in SENTENCES + DEVICE_SENTENCES + LIQUID_SENTENCES}
    systems = [system_class(name) for name in system_names()]
    theirs = {kind for system in systems for kind in system.event_types}
    common = {
        kind
        for kind in vars(base).values()
        if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
    }
    assert shown == theirs | common


def test_a_power_that_no_system_has_is_told_by_its_id(by_role: RoleSpeaker) -> None:
    event = base.RoleGranted(b"\0" * 32, WHO, OWNER)
    assert event.sentence(by_role) == f"delegator has 0x{'00' * 32} now"


@pytest.mark.parametrize("power", DelegatedStaking.powers)
def test_every_power_is_told_by_its_name(by_role: RoleSpeaker, power: str) -> None:
    event = base.RoleRevoked(power_id(power), NODE, OWNER)
    assert event.sentence(by_role) == f"provider has {power} no longer"
    assert DelegatedStaking.name in System.registry


def test_nobodys_speaker_has_addresses_ids_and_wei() -> None:
    staked = staking.Staked(WHO, NODE, LOT, 1000 * TOKEN, MONDAY)
    assert staked.sentence(Speaker()) == (
        f"staked {1000 * TOKEN} wei with {NODE} as {LOT}; unlocks Mon 2030-04-15 00:00:00"
    )


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("status", RowStatus.PARTIALLY_UNLOCKED, "partially unlocked"),
        ("active", True, "yes"),
        ("active", False, "no"),
        ("role", b"\x01\xff", "0x01ff"),
        ("provider", NODE, "provider"),
        ("provider", OWNER, OWNER),
        ("unlocks_at", MONDAY, "Mon 2030-04-15 00:00:00"),
        ("unlocks_at", 0, "never"),
        ("stake_id", LOT, "#1"),
        ("id", TICKET, "#12"),
        ("amount", 1000 * TOKEN, "1 000 ANKR"),
        ("amount", 10**12, "0.000001 ANKR"),
        ("amount", 10**12 - 1, "999999999999"),
        ("epoch", 3, "3"),
        ("commission_bps", 500, "500"),
        ("device_id", 10**18, str(10**18)),
        ("shares", TOKEN, "1 share"),
        ("treasury_shares", 7, "7 × 10⁻¹⁸ shares"),
        ("until", MONDAY, "Mon 2030-04-15 00:00:00"),
        ("waiting_until", MONDAY, "Mon 2030-04-15 00:00:00"),
        (
            "status",
            DeviceStatus.SUFFICIENT_WAITING,
            "Sufficient State (Waiting for Co-Staker)",
        ),
        ("status", DeviceStatus.TERMINATED, "Terminated"),
        ("kind", ExitKind.OVERFLOW, "overflow"),
        ("data", PAUSER, f"0x{PAUSER.hex()}"),
    ],
)
def test_values(by_role: RoleSpeaker, name: str, value: Any, told: str) -> None:
    assert by_role.value(name, value) == told
    assert by_role.fields({name: value}) == f"{name.replace('_', ' ')} {told}"


def test_several_fields(by_role: RoleSpeaker) -> None:
    fields = {"amount": TOKEN, "unlocks_at": MONDAY}
    assert by_role.fields(fields) == "amount 1 ANKR, unlocks at Mon 2030-04-15 00:00:00"


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        (ZeroAmount(), "ZeroAmount"),
        (StillLocked(unlocks_at=MONDAY), "StillLocked, unlocks at Mon 2030-04-15 00:00:00"),
        (
            BelowMinimum(amount=999, minimum=1000 * TOKEN),
            "BelowMinimum, amount 999, minimum 1 000 ANKR",
        ),
        (ProviderExists(provider=NODE), "ProviderExists, provider provider"),
        (
            AccessControlUnauthorizedAccount(account=WHO, needed_role=PAUSER),
            "AccessControlUnauthorizedAccount, account delegator, needed role PAUSER_ROLE",
        ),
        (
            AccessControlUnauthorizedAccount(account=WHO, needed_role=b"\1"),
            "AccessControlUnauthorizedAccount, account delegator, needed role 0x01",
        ),
        (WithdrawFirst(exit_id=TICKET), "WithdrawFirst, exit id #12"),
        (UnknownId(id=7), "UnknownId, id 7"),
        (Refused("Error", message="no"), "Error, message no"),
        (Refused("Out of gas"), "Out of gas"),
    ],
)
def test_refusals(by_role: RoleSpeaker, refusal: Refused, told: str) -> None:
    assert by_role.refusal(refusal) == told


def test_on_a_command_line_people_are_known_by_role(delegated: DelegatedStaking) -> None:
    speaker = LocalSpeaker(delegated)
    nobody = "0x" + "11" * 20
    assert [speaker.person(who) for who in (WHO, OWNER, nobody)] == ["delegator", "owner", nobody]
    # The text of an error is nobody.
    assert speaker.refusal(Refused("Error", message="not today")) == "Error, message not today"
    assert speaker.amount(1500 * TOKEN) == "1 500 ANKR"
    assert speaker.position(TICKET) == "#12"


def test_on_a_command_line_it_is_said_how_far_away_a_moment_is(delegated: DelegatedStaking) -> None:
    now = 1_893_974_400
    speaker = LocalSpeaker(delegated, now)
    assert speaker.moment(now) == "Mon 2030-01-07 00:00:00"
    assert speaker.moment(now - 1) == "Sun 2030-01-06 23:59:59"
    assert speaker.moment(now + 86_401) == "Tue 2030-01-08 00:00:01, in 1d 1s"
    assert LocalSpeaker(delegated).moment(now + 1) == "Mon 2030-01-07 00:00:01"
