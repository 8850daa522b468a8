"""What harnesses use besides the systems: a wallet that refuses, and a witness."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ape
import pytest
from eth_tester.exceptions import TransactionFailed

from tests.contracts.checks import refusal_of
from unbond.artifacts import container, instance
from unbond.chain import Contract
from unbond.errors import Refused

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from unbond.chain import Chain

COIN = 10**18


def test_a_stubborn_wallet_takes_coins_unless_it_refuses_and_does_what_its_owner_says(
    local_chain: Chain, owner: AccountAPI, stranger: AccountAPI
) -> None:
    deployed = local_chain.deploy(container("StubbornWallet"), str(owner.address), sender=owner)
    wallet = Contract(local_chain, instance("StubbornWallet", deployed.address))

    stranger.transfer(wallet.address, 2 * COIN)
    wallet.act("setRefuses", True, sender=owner)
    with ape.reverts():
        stranger.transfer(wallet.address, COIN)
    assert local_chain.balance_of(wallet.address) == 2 * COIN
    wallet.act("setRefuses", False, sender=owner)
    stranger.transfer(wallet.address, COIN)

    there = local_chain.deploy(container("LockupValidator"), 1, 0, sender=owner).address
    validator = Contract(local_chain, instance("LockupValidator", there))
    delegate = validator.methods["delegate"].encode(())
    wallet.act("execute", there, COIN, delegate, sender=owner)
    assert (validator.view("pool"), validator.view("principal")) == (wallet.address, COIN)
    assert local_chain.balance_of(wallet.address) == 2 * COIN

    not_owner = Refused("OwnableUnauthorizedAccount", account=stranger.address)
    for action, arguments in (
        ("setRefuses", (True,)),
        ("execute", (there, COIN, delegate)),
    ):

        def act(action: str = action, arguments: tuple[object, ...] = arguments) -> None:
            wallet.act(action, *arguments, sender=stranger)

        assert refusal_of(act) == not_owner


def test_a_witness_passes_on_what_each_of_those_it_asks_returns(
    local_chain: Chain, owner: AccountAPI
) -> None:
    witness = local_chain.deploy(container("Witness"), sender=owner).address
    kind = container("StakeToken")
    deployed = local_chain.deploy(kind, "Stake", "STK", str(owner.address), sender=owner)
    token = Contract(local_chain, instance("StakeToken", deployed.address))

    def question(data: bytes) -> bytes:
        return bytes.fromhex(token.address[2:]) + len(data).to_bytes(2, "big") + data

    def ask(*questions: bytes) -> bytes:
        data = b"".join(questions)
        return bytes(local_chain.provider.web3.eth.call({"to": witness, "data": data}))

    decimals = question(token.methods["decimals"].encode(()))
    supply = question(token.methods["totalSupply"].encode(()))
    words = token.view("totalSupply"), token.view("decimals")
    assert ask(supply, decimals) == b"".join(word.to_bytes(32, "big") for word in words)
    assert ask() == b""
    unknown = question(b"none")
    with pytest.raises(TransactionFailed):
        ask(supply, unknown, decimals)
