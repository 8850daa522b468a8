"""Offers to co-stakers: opened, closed, accepted on the very terms that were seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import ZERO_ADDRESS, id_of
from unbond.errors import BelowMinimum, ZeroAmount
from unbond.systems.device import (
    AboveMaximum,
    CoStaked,
    CoStakeInfo,
    DeviceEnded,
    DeviceStatus,
    NoOffer,
    OfferAccepted,
    OfferChanged,
    OfferClosed,
    OfferExists,
    OfferOpened,
    OwnOffer,
    TooManyCoStakes,
)

from .checks import (
    BASE_STAKE,
    BPS,
    CARD,
    CARD_REQUIRES,
    CO_SHARE,
    CO_STAKE,
    COOLDOWN,
    IO,
    RIG,
    RIG_REQUIRES,
    WAIT,
    check_refused,
    co_stake,
    co_staked,
    no_co_stake,
    own_stake,
    staked,
)

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.contracts.conftest import Money
    from unbond.clock import Clock
    from unbond.systems.device import DeviceStaking

    from .conftest import Pair

# Many of them, with a story each.
pytestmark = pytest.mark.slow

HALF = RIG_REQUIRES // 2


def offered(nonce: int, amount: int, share: int) -> CoStakeInfo:
    """An open offer, and no co-staker."""
    return CoStakeInfo(ZERO_ADDRESS, 0, 0, 0, 0, 0, True, nonce, amount, share)


@pytest.mark.rule("D-8")
@pytest.mark.parametrize("share", [0, 1, CO_SHARE, BPS - 1, BPS])
@pytest.mark.parametrize("amount", [1, CO_STAKE, HALF])
def test_an_offer_is_open_until_it_is_accepted_on_its_terms(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    worker: AccountAPI,
    co_staker: AccountAPI,
    solo: int,
    amount: int,
    share: int,
) -> None:
    """At both limits too: half of the requirement, and all rewards."""
    with money.rests(device):
        opened = device.open_offer(worker, RIG, amount, share)
    assert opened.events == (OfferOpened(RIG, 1, amount, share),)
    assert device.co_stake_of(RIG) == offered(1, amount, share)
    assert device.status_of(RIG) is DeviceStatus.SUFFICIENT_WAITING
    assert device.counted_stake(RIG) == RIG_REQUIRES

    clock.travel(days=365)
    stake = id_of(co_staker.address, 1)
    with money.moves(device, co_staker=-amount):
        accepted = device.accept_offer(co_staker, RIG, 1, amount, share)
    assert accepted.events == (OfferAccepted(co_staker.address, RIG, stake, amount, share),)
    assert device.co_stake_of(RIG) == CoStakeInfo(
        co_staker.address, amount, stake, share, 0, 0, False, 1, amount, share
    )
    assert device.status_of(RIG) is DeviceStatus.SUFFICIENT
    assert device.counted_stake(RIG) == RIG_REQUIRES + amount
    assert device.device_of(RIG).stake == RIG_REQUIRES
    assert device.positions_of(worker.address) == [own_stake(RIG, RIG_REQUIRES)]
    assert device.positions_of(co_staker.address) == [co_stake(RIG, amount)]


@pytest.mark.rule("D-8", "C-12")
@pytest.mark.case(13)
def test_an_offer_over_its_limits_is_refused(
    device: DeviceStaking, registrar: AccountAPI, worker: AccountAPI, solo: int
) -> None:
    """Case 13: nothing; one wei more than half, one part more than all, and numbers to be cut."""
    refusals = {
        (0, CO_SHARE): ZeroAmount(),
        (HALF + 1, CO_SHARE): AboveMaximum(amount=HALF + 1, maximum=HALF),
        (2**96 + 1, CO_SHARE): AboveMaximum(amount=2**96 + 1, maximum=HALF),
        (HALF, BPS + 1): AboveMaximum(amount=BPS + 1, maximum=BPS),
        (HALF, 2**16): AboveMaximum(amount=2**16, maximum=BPS),
    }
    for terms, refusal in refusals.items():
        check_refused(refusal, device.open_offer, worker, RIG, *terms)
    assert device.co_stake_of(RIG) == no_co_stake()

    # Half of what is required now.
    device.set_requirement(registrar, RIG, BPS, 2)
    check_refused(
        AboveMaximum(amount=HALF, maximum=200 * IO), device.open_offer, worker, RIG, HALF, CO_SHARE
    )
    device.open_offer(worker, RIG, 200 * IO, CO_SHARE)


@pytest.mark.rule("D-8", "C-1")
def test_an_offer_needs_the_whole_requirement_from_the_owner_himself(
    device: DeviceStaking, worker: AccountAPI, co_staker: AccountAPI
) -> None:
    staked(device, worker, amount=RIG_REQUIRES - 1)
    check_refused(
        BelowMinimum(amount=RIG_REQUIRES - 1, minimum=RIG_REQUIRES),
        device.open_offer,
        worker,
        RIG,
        CO_STAKE,
        CO_SHARE,
    )
    device.stake(worker, RIG, 1)
    co_staked(device, worker, co_staker)

    # What a co-staker who has left still counts is not the owner's.
    device.withdraw_overflow(worker, RIG)
    device.unstake_co_stake(co_staker, RIG)
    assert device.is_eligible(RIG)
    check_refused(
        BelowMinimum(amount=RIG_REQUIRES - CO_STAKE, minimum=RIG_REQUIRES),
        device.open_offer,
        worker,
        RIG,
        CO_STAKE,
        CO_SHARE,
    )


@pytest.mark.rule("D-8")
def test_there_is_one_offer_or_one_co_staker_at_a_time(
    device: DeviceStaking, worker: AccountAPI, co_staker: AccountAPI, solo: int
) -> None:
    terms = (worker, RIG, CO_STAKE, CO_SHARE)
    device.open_offer(*terms)
    check_refused(OfferExists(nonce=1), device.open_offer, *terms)
    check_refused(OfferExists(nonce=1), device.open_offer, worker, RIG, 1, 0)

    device.accept_offer(co_staker, RIG, 1, CO_STAKE, CO_SHARE)
    check_refused(CoStaked(co_staker=co_staker.address), device.open_offer, *terms)

    device.unstake_co_stake(co_staker, RIG)
    assert device.open_offer(*terms).main.nonce == 2


@pytest.mark.rule("D-8")
def test_the_owner_may_close_an_offer_while_nobody_has_accepted_it(
    device: DeviceStaking, money: Money, worker: AccountAPI, co_staker: AccountAPI, solo: int
) -> None:
    check_refused(NoOffer(), device.close_offer, worker, RIG)
    device.open_offer(worker, RIG, CO_STAKE, CO_SHARE)

    with money.rests(device):
        receipt = device.close_offer(worker, RIG)
    assert receipt.events == (OfferClosed(RIG, 1),)
    assert device.co_stake_of(RIG) == no_co_stake(1, CO_STAKE, CO_SHARE)
    assert device.status_of(RIG) is DeviceStatus.OFFER_CLOSED
    check_refused(NoOffer(), device.close_offer, worker, RIG)
    check_refused(OfferChanged(), device.accept_offer, co_staker, RIG, 1, CO_STAKE, CO_SHARE)

    device.open_offer(worker, RIG, CO_STAKE, CO_SHARE)
    device.accept_offer(co_staker, RIG, 2, CO_STAKE, CO_SHARE)
    check_refused(NoOffer(), device.close_offer, worker, RIG)


@pytest.mark.rule("D-8")
@pytest.mark.case(23, 43)
def test_an_acceptance_repeats_the_offer_or_is_refused(
    device: DeviceStaking, money: Money, worker: AccountAPI, co_staker: AccountAPI, solo: int
) -> None:
    """Cases 23 and 43: better terms too, and numbers that would be cut to the right ones."""
    device.open_offer(worker, RIG, CO_STAKE, CO_SHARE)
    right = (1, CO_STAKE, CO_SHARE)
    wrong = (
        (0, CO_STAKE, CO_SHARE),
        (2, CO_STAKE, CO_SHARE),
        (2**32 + 1, CO_STAKE, CO_SHARE),
        (1, CO_STAKE - 1, CO_SHARE),
        (1, CO_STAKE + 1, CO_SHARE),
        (1, CO_STAKE + 2**96, CO_SHARE),
        (1, 0, CO_SHARE),
        (1, CO_STAKE, CO_SHARE - 1),
        (1, CO_STAKE, CO_SHARE + 1),
        (1, CO_STAKE, CO_SHARE + 2**16),
        (0, 0, 0),
    )
    with money.rests(device):
        for terms in wrong:
            check_refused(OfferChanged(), device.accept_offer, co_staker, RIG, *terms)
        check_refused(OfferChanged(), device.accept_offer, co_staker, CARD, *right)
    assert device.co_stake_of(RIG) == offered(*right)

    device.accept_offer(co_staker, RIG, *right)


@pytest.mark.rule("D-8")
@pytest.mark.case(43)
@pytest.mark.parametrize(
    "reopened",
    [(CO_STAKE, CO_SHARE - 1), (CO_STAKE + 1, CO_SHARE), (CO_STAKE, 0), (CO_STAKE, CO_SHARE)],
    ids=["a smaller share", "a larger amount", "no share", "the same terms"],
)
def test_an_acceptance_on_its_way_does_not_meet_an_offer_opened_since(
    device: DeviceStaking,
    money: Money,
    worker: AccountAPI,
    co_staker: AccountAPI,
    solo: int,
    reopened: tuple[int, int],
) -> None:
    """Case 43: whatever its terms are, it has to be accepted as what it is."""
    device.open_offer(worker, RIG, CO_STAKE, CO_SHARE)
    device.close_offer(worker, RIG)
    device.open_offer(worker, RIG, *reopened)

    with money.rests(device):
        for terms in ((1, CO_STAKE, CO_SHARE), (1, *reopened)):
            check_refused(OfferChanged(), device.accept_offer, co_staker, RIG, *terms)
    assert device.co_stake_of(RIG) == offered(2, *reopened)
    device.accept_offer(co_staker, RIG, 2, *reopened)


@pytest.mark.rule("D-8")
@pytest.mark.case(43)
def test_where_no_offer_is_open_nothing_can_be_accepted(
    device: DeviceStaking,
    money: Money,
    worker: AccountAPI,
    co_staker: AccountAPI,
    second_co_staker: AccountAPI,
    solo: int,
) -> None:
    """Case 43: none ever, one that somebody else was quicker to accept, one on a device left."""
    with money.rests(device):
        check_refused(OfferChanged(), device.accept_offer, co_staker, CARD, 0, 0, 0)
        check_refused(OfferChanged(), device.accept_offer, co_staker, RIG, 0, 0, 0)

    co_staked(device, worker, co_staker)
    for person in (co_staker, second_co_staker):
        check_refused(OfferChanged(), device.accept_offer, person, RIG, 1, CO_STAKE, CO_SHARE)

    device.unstake(worker, RIG)
    with money.rests(device):
        check_refused(
            OfferChanged(), device.accept_offer, second_co_staker, RIG, 1, CO_STAKE, CO_SHARE
        )


@pytest.mark.rule("D-8")
def test_the_number_of_an_offer_never_comes_again(
    device: DeviceStaking, clock: Clock, worker: AccountAPI, latecomer: AccountAPI, solo: int
) -> None:
    """Not after the device has changed hands either."""
    for nonce in (1, 2):
        assert device.open_offer(worker, RIG, CO_STAKE, CO_SHARE).main.nonce == nonce
        device.close_offer(worker, RIG)
    clock.at(device.unstake(worker, RIG).timestamp + COOLDOWN)
    device.withdraw(worker, solo)

    staked(device, latecomer)
    assert device.open_offer(latecomer, RIG, CO_STAKE, CO_SHARE).main.nonce == 3
    staked(device, worker, where=CARD, amount=CARD_REQUIRES)
    assert device.open_offer(worker, CARD, 1, CO_SHARE).main.nonce == 1


@pytest.mark.rule("D-8")
def test_the_owner_cannot_accept_his_own_offer(
    device: DeviceStaking, money: Money, worker: AccountAPI, solo: int
) -> None:
    device.open_offer(worker, RIG, CO_STAKE, CO_SHARE)
    with money.rests(device):
        check_refused(OwnOffer(), device.accept_offer, worker, RIG, 1, CO_STAKE, CO_SHARE)


@pytest.mark.rule("D-8", "D-9")
@pytest.mark.case(43)
def test_terms_are_frozen_once_they_are_accepted(
    device: DeviceStaking,
    registrar: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    """Case 43: neither by the owner nor with the requirement, of which it is no longer half."""
    before = device.co_stake_of(RIG), device.positions_of(co_staker.address)
    device.stake(worker, RIG, IO)
    for cards in (1, 100, 4):
        device.set_requirement(registrar, RIG, BPS, cards)
    check_refused(NoOffer(), device.close_offer, worker, RIG)
    check_refused(
        CoStaked(co_staker=co_staker.address), device.open_offer, worker, RIG, CO_STAKE, 0
    )
    device.withdraw_overflow(worker, RIG)
    assert (device.co_stake_of(RIG), device.positions_of(co_staker.address)) == before


@pytest.mark.rule("D-8")
def test_a_wallet_has_two_co_stakes_until_it_has_withdrawn_one(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    registrar: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    second_co_staker: AccountAPI,
    solo: int,
) -> None:
    """Unstaked is not enough, nor that it could be withdrawn."""
    third = 9
    device.register_device(registrar, third, BPS, 1)
    for where in (CARD, third):
        staked(device, worker, where=where, amount=BASE_STAKE)
    co = co_staked(device, worker, co_staker)
    co_staked(device, worker, co_staker, where=CARD, amount=IO)
    device.open_offer(worker, third, IO, 0)
    terms = (third, 1, IO, 0)
    refusal = TooManyCoStakes(held=2, maximum=2)

    with money.rests(device):
        check_refused(refusal, device.accept_offer, co_staker, *terms)
        left_at = device.unstake_co_stake(co_staker, RIG).timestamp
        for moment in (clock.now, left_at + WAIT, left_at + WAIT + COOLDOWN):
            clock.at(moment)
            check_refused(refusal, device.accept_offer, co_staker, *terms)

    device.withdraw(co_staker, co)
    with money.moves(device, co_staker=-IO):
        device.accept_offer(co_staker, *terms)

    # The full number again; somebody else's is his own.
    device.open_offer(worker, RIG, IO, 0)
    check_refused(refusal, device.accept_offer, co_staker, RIG, 2, IO, 0)
    device.accept_offer(second_co_staker, RIG, 2, IO, 0)


@pytest.mark.rule("D-8")
def test_stakes_of_ones_own_are_no_co_stakes(
    device: DeviceStaking,
    clock: Clock,
    registrar: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    solo: int,
) -> None:
    """Nor are exits from them, or their withdrawal: who owns devices may have two besides."""
    for where in (9, 10, 11):
        device.register_device(registrar, where, BPS, 1)
        staked(device, co_staker, where=where, amount=BASE_STAKE)
    clock.at(device.unstake(co_staker, 9).timestamp + COOLDOWN)
    device.withdraw(co_staker, id_of(co_staker.address, 1))
    device.unstake(co_staker, 10)

    staked(device, worker, where=CARD, amount=CARD_REQUIRES)
    staked(device, worker, where=9, amount=BASE_STAKE)
    co_staked(device, worker, co_staker)
    co_staked(device, worker, co_staker, where=CARD, amount=IO)
    device.open_offer(worker, 9, IO, 0)
    check_refused(TooManyCoStakes(held=2, maximum=2), device.accept_offer, co_staker, 9, 1, IO, 0)


@pytest.mark.rule("D-8", "D-15")
def test_a_device_that_has_ended_offers_nothing(
    device: DeviceStaking, registrar: AccountAPI, worker: AccountAPI, solo: int
) -> None:
    device.terminate_device(registrar, RIG)
    check_refused(DeviceEnded(device_id=RIG), device.open_offer, worker, RIG, CO_STAKE, CO_SHARE)
