"""What harnesses use besides the systems: a token, a wallet that refuses, and a witness."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hexbytes import HexBytes

from tests.contracts.checks import ZERO_ADDRESS, refusal_of
from unbond.artifacts import container, instance
from unbond.chain import Chain, Contract, Log
from unbond.clock import LAST_BLOCK
from unbond.errors import ErrorDecoder, OwnableUnauthorizedAccount, Refused

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

COIN = 10**18


def deployed(chain: Chain, name: str, *arguments: object, sender: AccountAPI) -> Contract:
    there = chain.deploy(container(name), *arguments, sender=sender)
    errors = container("StubbornWallet").contract_type.errors
    return Contract(chain, instance(name, there.address), errors)


@pytest.fixture
def token(local_chain: Chain, owner: AccountAPI, delegator: AccountAPI) -> Contract:
    """A token of the delegator's, which somebody else deployed."""
    arguments = ("Stand-in", "SIN", str(delegator.address))
    return deployed(local_chain, "StakeToken", *arguments, sender=owner)


@pytest.fixture
def wallet(local_chain: Chain, owner: AccountAPI, delegator: AccountAPI) -> Contract:
    """A wallet of the delegator's with three coins, which somebody else deployed."""
    made = deployed(local_chain, "StubbornWallet", str(delegator.address), sender=owner)
    local_chain.transfer(owner, made.address, 3 * COIN)
    return made


def test_only_the_owner_mints(token: Contract, owner: AccountAPI, delegator: AccountAPI) -> None:
    """Case 33."""
    assert [token.view(name) for name in ("name", "symbol", "decimals")] == ["Stand-in", "SIN", 18]
    assert token.view("eip712Domain")[1:3] == ("Stand-in", "1")
    assert (token.view("owner"), token.view("totalSupply")) == (delegator.address, 0)
    stranger = str(owner.address)

    def mint(sender: AccountAPI) -> list[Log]:
        return list(token.logs(token.act("mint", stranger, 7, sender=sender)))

    assert refusal_of(mint, owner) == OwnableUnauthorizedAccount(account=stranger)
    assert mint(delegator) == [Log("Transfer", {"from": ZERO_ADDRESS, "to": stranger, "value": 7})]
    assert (token.view("balanceOf", stranger), token.view("totalSupply")) == (7, 7)


def test_a_wallet_refuses_when_its_owner_says_so(
    local_chain: Chain, wallet: Contract, owner: AccountAPI, delegator: AccountAPI
) -> None:
    giver = deployed(local_chain, "StubbornWallet", str(owner.address), sender=owner)
    local_chain.transfer(owner, giver.address, COIN)

    def give(amount: int) -> None:
        giver.act("execute", wallet.address, amount, b"", sender=owner)

    def held() -> tuple[int, int]:
        return tuple(  # type: ignore[return-value]
            local_chain.balance_of(one.address, LAST_BLOCK) for one in (giver, wallet)
        )

    assert (wallet.view("refuses"), held()) == (False, (COIN, 3 * COIN))
    give(1)
    assert held() == (COIN - 1, 3 * COIN + 1)
    stranger = OwnableUnauthorizedAccount(account=str(owner.address))
    for wanted in (True, False):
        action = lambda wanted=wanted: wallet.act("setRefuses", wanted, sender=owner)  # noqa: E731
        assert refusal_of(action) == stranger
    wallet.act("setRefuses", True, sender=delegator)
    assert wallet.view("refuses") is True
    refusal = refusal_of(give, 1)
    assert refusal is not None
    assert refusal.name == "Refuses"
    assert held() == (COIN - 1, 3 * COIN + 1)
    wallet.act("setRefuses", False, sender=delegator)
    give(2)
    assert (wallet.view("refuses"), held()) == (False, (COIN - 3, 3 * COIN + 3))


def test_a_wallet_does_what_its_owner_says(
    local_chain: Chain,
    wallet: Contract,
    token: Contract,
    owner: AccountAPI,
    delegator: AccountAPI,
) -> None:
    token.act("mint", wallet.address, 9, sender=delegator)
    ask = token.methods["balanceOf"].encode((wallet.address,))
    send = token.methods["transfer"].encode((str(owner.address), 10))
    answer = wallet.view("execute", token.address, 0, ask, sender=delegator)
    assert int.from_bytes(answer, "big") == 9
    refusal = refusal_of(lambda: wallet.act("execute", token.address, 0, ask, sender=owner))
    assert refusal == OwnableUnauthorizedAccount(account=str(owner.address))
    # It reverts as the call does, which the token's errors explain.
    known = Contract(local_chain, wallet.instance, token.instance.contract_type.errors)
    refusal = refusal_of(lambda: known.act("execute", token.address, 0, send, sender=delegator))
    assert refusal is not None
    assert (refusal.name, refusal.fields) == (
        "ERC20InsufficientBalance",
        {"sender": wallet.address, "balance": 9, "needed": 10},
    )
    fewer = token.methods["transfer"].encode((str(owner.address), 4))
    wallet.act("execute", token.address, 0, fewer, sender=delegator)
    assert [token.view("balanceOf", one) for one in (wallet.address, str(owner.address))] == [5, 4]


def test_a_witness_asks_many_and_answers_in_their_order(
    local_chain: Chain, token: Contract, owner: AccountAPI, delegator: AccountAPI
) -> None:
    witness = deployed(local_chain, "Witness", sender=owner)
    token.act("mint", str(owner.address), 5, sender=delegator)

    def question(method: str, *arguments: object, more: int = 0) -> bytes:
        data = token.methods[method].encode(arguments) + bytes(more)
        return bytes.fromhex(token.address[2:]) + len(data).to_bytes(2, "big") + data

    def ask(*questions: bytes) -> bytes:
        data = HexBytes(b"".join(questions))
        return local_chain.call(
            {"to": witness.instance.address, "data": data}, ErrorDecoder([]), LAST_BLOCK
        )

    balance = question("balanceOf", str(owner.address))
    assert ask() == b""
    assert ask(balance) == (5).to_bytes(32, "big")
    # Answers of other lengths, and call data longer than a byte could tell.
    name = token.methods["name"]
    long = question("balanceOf", str(delegator.address), more=1000)
    told = ask(balance, question("name"), long, question("totalSupply"), balance)
    words = [told[at : at + 32] for at in range(0, len(told), 32)]
    assert [int.from_bytes(words[at], "big") for at in (0, 4, 5, 6)] == [5, 0, 5, 5]
    assert name.decode(b"".join(words[1:4])) == "Stand-in"
    assert len(words) == 7
    # One that reverts spoils all, and says nothing.
    wrong = bytes.fromhex(token.address[2:]) + (4).to_bytes(2, "big") + bytes(4)
    for questions in ((wrong,), (balance, wrong), (wrong, balance)):
        with pytest.raises(Refused) as refusal:
            ask(*questions)
        assert refusal.value == Refused("revert without a reason")
    # Nor can anything be changed by asking.
    mint = question("mint", str(owner.address), 1)
    with pytest.raises(Refused):
        ask(mint)
