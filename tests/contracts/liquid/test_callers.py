"""Who acts is the caller, and not whoever began the transaction: a wallet that is a contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contracts.checks import refusal_of
from unbond.chain import Log
from unbond.errors import NotYours, Refused
from unbond.systems.liquid import PayoutPolicy, ToppedUp
from unbond.wallets import StubbornWallet

from .checks import COIN, FIRST_FIT

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from unbond.chain import Chain, Contract

    from .desk import Desk

# A story each.
pytestmark = pytest.mark.slow

HELD = 10 * COIN
POLICIES = pytest.mark.parametrize(
    "policy", list(PayoutPolicy), indirect=True, ids=["first fit", "partial fifo"]
)


@pytest.fixture
def wallet(local_chain: Chain, desk: Desk, owner: AccountAPI, delegator: AccountAPI) -> Any:
    """A wallet of the delegator's, who begins all its transactions; both hold bonds, and coins."""
    made = StubbornWallet.open(local_chain, delegator)
    local_chain.transfer(owner, str(made.address), 5 * HELD)
    for account in (made, delegator):
        assert desk.liquid.stake_for_bonds(account, HELD).main.account == account.address
        staked = desk.liquid.stake_for_certificates(account, HELD).main
        assert (staked.account, staked.shares) == (account.address, HELD)
    return made


def told(token: Contract, sender: AccountAPI, method: str, *arguments: Any) -> list[Log]:
    return list(token.logs(token.act(method, *arguments, sender=sender)))


@pytest.mark.rule("C-5", "L-2")
def test_a_wallet_holds_its_own(
    desk: Desk, wallet: StubbornWallet, delegator: AccountAPI, stranger: AccountAPI
) -> None:
    there, keeper, other = str(wallet.address), str(delegator.address), str(stranger.address)
    for token in (desk.bonds, desk.certificates):
        told(token, wallet, "transfer", other, COIN)
        approval = {"owner": there, "spender": other, "value": 2 * COIN}
        assert told(token, wallet, "approve", other, 2 * COIN) == [Log("Approval", approval)]
        assert token.view("allowance", there, other) == 2 * COIN
        assert token.view("allowance", keeper, other) == 0
        told(token, stranger, "transferFrom", there, other, 2 * COIN)
        told(token, delegator, "approve", there, COIN)
        told(token, wallet, "transferFrom", keeper, other, COIN)
        assert token.view("allowance", keeper, there) == 0
        assert [token.view("balanceOf", one) for one in (there, keeper, other)] == [
            *(HELD - 3 * COIN, HELD - COIN, 4 * COIN),
        ]
        short = refusal_of(
            lambda token=token: told(token, wallet, "transferFrom", keeper, other, 1)
        )
        assert short == Refused("ERC20InsufficientAllowance", spender=there, allowance=0, needed=1)
    told(desk.bonds, wallet, "transferShares", other, COIN)
    assert desk.bonds.view("sharesOf", there) == HELD - 4 * COIN
    assert desk.bonds.view("sharesOf", keeper) == HELD - COIN


@POLICIES
@pytest.mark.rule("C-5", "L-2", "L-4", "L-8")
def test_a_wallet_stakes_converts_burns_and_claims_for_itself(
    desk: Desk, wallet: StubbornWallet, delegator: AccountAPI, policy: int
) -> None:
    liquid, chain = desk.liquid, desk.chain
    there, keeper = str(wallet.address), str(delegator.address)
    assert liquid.bonds_to_certificates(wallet, COIN).main.account == there
    assert liquid.certificates_to_bonds(wallet, 2 * COIN).main.account == there
    requests = [
        liquid.burn_bonds(wallet, 11 * COIN).main,
        liquid.burn_certificates(wallet, 9 * COIN).main,
    ]
    assert [one.account for one in requests] == [there, there]
    for token in (desk.bonds, desk.certificates):
        assert token.view("balanceOf", there) == 0
        assert token.view("balanceOf", keeper) == HELD
    wallet.refuse(chain)
    assert liquid.top_up(wallet, HELD).main == ToppedUp(there, HELD, HELD)
    assert desk.certificates.view("balanceOf", there) == HELD
    liquid.top_up(delegator, 2 * HELD)
    liquid.settle(delegator, 10)
    for request, amount in zip(requests, (11 * COIN, 9 * COIN), strict=True):
        assert liquid.request_of(request.request_id).owner == there
        refused = refusal_of(liquid.claim, delegator, request.request_id, keeper)
        assert refused == NotYours(owner=there, caller=keeper)
        other = "0x" + "77" * 20
        before = chain.balance_of(other)
        claimed = liquid.claim(wallet, request.request_id, other).main
        assert (claimed.account, claimed.amount) == (there, amount)
        assert chain.balance_of(other) - before == amount
    assert policy in (FIRST_FIT, PayoutPolicy.PARTIAL_FIFO)


@pytest.mark.rule("C-5", "C-12", "L-3", "L-8")
def test_a_wallet_is_refused_in_its_own_name(
    desk: Desk, wallet: StubbornWallet, delegator: AccountAPI
) -> None:
    """What is its keeper's, the treasury's, and the pool's."""
    there, pool = str(wallet.address), desk.liquid.address
    his = desk.liquid.burn_certificates(delegator, COIN).main.request_id
    not_its = NotYours(owner=str(delegator.address), caller=there)
    assert refusal_of(desk.liquid.claim, wallet, his, there) == not_its
    treasurys = NotYours(owner=desk.treasury, caller=there)
    assert refusal_of(desk.liquid.claim_fees, wallet, there) == treasurys
    pools = Refused("NotThePool", pool=pool, caller=there)
    for contract, method, arguments in (
        (desk.bonds, "mint", (there, COIN, COIN)),
        (desk.bonds, "burn", (there, COIN, COIN)),
        (desk.certificates, "mint", (there, COIN)),
        (desk.certificates, "burn", (there, COIN)),
        (desk.validators[0], "delegate", ()),
        (desk.validators[0], "claimRewards", ()),
        (desk.validators[0], "release", (COIN,)),
    ):
        assert refusal_of(told, contract, wallet, method, *arguments) == pools
