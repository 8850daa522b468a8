"""The two tokens of liquid staking: correct ERC-20 at whatever rate, two faces of one share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from eth_account import Account
from eth_account.messages import SignableMessage, encode_typed_data
from eth_utils.crypto import keccak

from tests.contracts.checks import UNLIMITED, ZERO_ADDRESS, undone
from unbond.artifacts import instance
from unbond.chain import Contract, Log
from unbond.errors import Refused, ZeroAmount

from .checks import COIN, FIRST_FIT, Pool, check_ledger, refusal_of
from .rates import ALL_RATES, RatedPool, pool_at

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.conftest import Mocks
    from unbond.chain import Chain
    from unbond.clock import Clock
    from unbond.roles import Roles

# Many of them, with a story each.
pytestmark = pytest.mark.slow

HELD = 5 * COIN
"""What the delegator stakes."""
PANIC = Refused("Panic", code=0x11)

TokenOf = Callable[[Pool], Contract]


def bonds_of(pool: Pool) -> Contract:
    return pool.bonds


def certificates_of(pool: Pool) -> Contract:
    return pool.certificates


EITHER = pytest.mark.parametrize("token_of", [bonds_of, certificates_of], ids=["aFTMb", "aFTMc"])


@pytest.fixture
def pool(
    local_chain: Chain, owner: AccountAPI, provider: AccountAPI, delegator: AccountAPI
) -> Pool:
    """A pool in which the delegator holds as many bonds as certificates, worth a wei a share."""
    pool = Pool(local_chain, owner, provider.address, FIRST_FIT, funded=False)
    for bonds in (True, False):
        assert pool.stake(delegator, HELD, bonds=bonds) == HELD
    return pool


@dataclass(frozen=True)
class Holdings:
    """Who holds how much of a token; and how much there is."""

    supply: int
    people: dict[str, int]


def holdings(token: Contract, roles: Roles) -> Holdings:
    """Who holds how much of a token now."""
    people = ("owner", "provider", "delegator", "latecomer", "stranger")
    held = {role: token.view("balanceOf", roles.address(role)) for role in people}
    return Holdings(token.view("totalSupply"), {role: n for role, n in held.items() if n})


def act(token: Contract, sender: AccountAPI, method: str, *arguments: Any) -> list[Log]:
    """Send a transaction to a token; returns its events."""
    return list(token.logs(token.act(method, *arguments, sender=sender)))


def told(logs: list[Log], name: str) -> list[dict[str, Any]]:
    """The fields of the events of this name."""
    return [log.fields for log in logs if log.name == name]


def moved(logs: list[Log], sender: str, to: str) -> int:
    """What the only transfer among these events moved; of bonds, shares follow it."""
    (transfer,) = told(logs, "Transfer")
    for shares in told(logs, "TransferShares"):
        assert (shares["from"], shares["to"]) == (sender, to)
    amount = int(next(v for k, v in transfer.items() if k in ("value", "amount")))
    assert transfer["to"] == to
    assert next(v for k, v in transfer.items() if k in ("from", "from_")) == sender
    return amount


def events_of(token: Contract, pool: Pool, sender: AccountAPI, *call: Any, value: int = 0) -> Any:
    """What a token tells of an action of the pool."""
    return list(token.logs(pool.contract.act(*call, sender=sender, value=value)))


# What every ERC-20 does.


@pytest.mark.rule("L-2")
def test_their_names(pool: Pool) -> None:
    for token, name, symbol in (
        (pool.bonds, "FTM staking bond", "aFTMb"),
        (pool.certificates, "FTM staking certificate", "aFTMc"),
    ):
        assert token.view("name") == name
        assert token.view("symbol") == symbol
        assert token.view("decimals") == 18
        assert token.view("pool") == pool.address


@EITHER
@pytest.mark.rule("L-2")
def test_what_there_is_is_what_people_hold(
    pool: Pool, roles: Roles, latecomer: AccountAPI, token_of: TokenOf
) -> None:
    token = token_of(pool)
    assert holdings(token, roles) == Holdings(HELD, {"delegator": HELD})
    pool.stake(latecomer, COIN, bonds=token_of is bonds_of)
    assert holdings(token, roles) == Holdings(HELD + COIN, {"delegator": HELD, "latecomer": COIN})


@EITHER
@pytest.mark.parametrize("amount", [0, 1, HELD - 1, HELD])
@pytest.mark.rule("L-2")
def test_a_transfer(
    pool: Pool,
    roles: Roles,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    token_of: TokenOf,
    amount: int,
) -> None:
    token = token_of(pool)
    other = certificates_of(pool) if token_of is bonds_of else bonds_of(pool)
    before = holdings(other, roles)
    assert token.view("transfer", latecomer.address, amount, sender=delegator) is True
    logs = act(token, delegator, "transfer", latecomer.address, amount)

    assert moved(logs, delegator.address, latecomer.address) == amount
    assert told(logs, "Approval") == []
    people = {"delegator": HELD - amount, "latecomer": amount}
    assert holdings(token, roles) == Holdings(HELD, {p: n for p, n in people.items() if n})
    assert holdings(other, roles) == before


@EITHER
@pytest.mark.parametrize("amount", [0, 1, HELD])
@pytest.mark.rule("L-2")
def test_a_transfer_to_oneself_changes_nothing(
    pool: Pool, roles: Roles, delegator: AccountAPI, token_of: TokenOf, amount: int
) -> None:
    token = token_of(pool)
    before = holdings(token, roles)
    logs = act(token, delegator, "transfer", delegator.address, amount)
    assert moved(logs, delegator.address, delegator.address) == amount
    assert holdings(token, roles) == before


@EITHER
@pytest.mark.parametrize("amount", [HELD + 1, 2**128, UNLIMITED], ids=hex)
@pytest.mark.rule("L-2")
def test_more_than_one_has_is_refused(
    pool: Pool,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    token_of: TokenOf,
    amount: int,
) -> None:
    """Also to oneself, and also out of an unlimited allowance."""
    token = token_of(pool)
    act(token, delegator, "approve", stranger.address, UNLIMITED)
    short = Refused(
        "ERC20InsufficientBalance", sender=delegator.address, balance=HELD, needed=amount
    )
    for to in (latecomer.address, delegator.address):
        assert refusal_of(token.act, "transfer", to, amount, sender=delegator) == short
        took = refusal_of(token.act, "transferFrom", delegator.address, to, amount, sender=stranger)
        assert took == short
    nothing = Refused(
        "ERC20InsufficientBalance", sender=latecomer.address, balance=0, needed=amount
    )
    assert refusal_of(token.act, "transfer", stranger.address, amount, sender=latecomer) == nothing


@EITHER
@pytest.mark.parametrize("amount", [0, 1, HELD])
@pytest.mark.rule("L-2")
def test_nothing_goes_to_the_zero_address(
    pool: Pool, delegator: AccountAPI, stranger: AccountAPI, token_of: TokenOf, amount: int
) -> None:
    token = token_of(pool)
    act(token, delegator, "approve", stranger.address, amount)
    nowhere = Refused("ERC20InvalidReceiver", receiver=ZERO_ADDRESS)
    assert refusal_of(token.act, "transfer", ZERO_ADDRESS, amount, sender=delegator) == nowhere
    took = refusal_of(
        token.act, "transferFrom", delegator.address, ZERO_ADDRESS, amount, sender=stranger
    )
    assert took == nowhere
    allowed = refusal_of(token.act, "approve", ZERO_ADDRESS, amount, sender=delegator)
    assert allowed == Refused("ERC20InvalidSpender", spender=ZERO_ADDRESS)


@EITHER
@pytest.mark.rule("C-5")
def test_an_allowance_is_what_was_said_last(
    pool: Pool, roles: Roles, delegator: AccountAPI, stranger: AccountAPI, token_of: TokenOf
) -> None:
    """Whatever the balance is; it moves nothing."""
    token = token_of(pool)
    before = holdings(token, roles)
    assert token.view("allowance", delegator.address, stranger.address) == 0
    for amount in (HELD, HELD + 1, UNLIMITED, 1, 0):
        assert token.view("approve", stranger.address, amount, sender=delegator) is True
        logs = act(token, delegator, "approve", stranger.address, amount)
        (approval,) = logs
        assert approval.name == "Approval"
        assert list(approval.fields.values()) == [delegator.address, stranger.address, amount]
        assert token.view("allowance", delegator.address, stranger.address) == amount
        assert token.view("allowance", stranger.address, delegator.address) == 0
    assert holdings(token, roles) == before


@EITHER
@pytest.mark.case(37)
@pytest.mark.parametrize(
    ("allowed", "amount", "left"),
    [
        (HELD, HELD, 0),
        (HELD, HELD - 1, 1),
        (1, 1, 0),
        (0, 0, 0),
        (1, 0, 1),
        (UNLIMITED - 1, HELD, UNLIMITED - 1 - HELD),
        (UNLIMITED, HELD, UNLIMITED),
    ],
    ids=["all", "all but a wei", "a wei", "nothing", "none of it", "nearly unlimited", "unlimited"],
)
@pytest.mark.rule("C-5")
def test_an_allowance_is_used_up_unless_it_is_unlimited(
    pool: Pool,
    roles: Roles,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    token_of: TokenOf,
    allowed: int,
    amount: int,
    left: int,
) -> None:
    """Case 37."""
    token = token_of(pool)
    act(token, delegator, "approve", stranger.address, allowed)
    call = ("transferFrom", delegator.address, latecomer.address, amount)
    assert token.view(*call, sender=stranger) is True
    logs = act(token, stranger, *call)

    assert moved(logs, delegator.address, latecomer.address) == amount
    assert told(logs, "Approval") == []
    assert token.view("allowance", delegator.address, stranger.address) == left
    people = {"delegator": HELD - amount, "latecomer": amount}
    assert holdings(token, roles) == Holdings(HELD, {p: n for p, n in people.items() if n})


@EITHER
@pytest.mark.case(37)
@pytest.mark.rule("C-5")
def test_more_than_is_allowed_is_refused_to_everybody(
    pool: Pool,
    roles: Roles,
    owner: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    token_of: TokenOf,
) -> None:
    """Case 37: to the pool's owner and to the holder himself too; one allowance is not another."""
    token = token_of(pool)
    other = certificates_of(pool) if token_of is bonds_of else bonds_of(pool)
    before = holdings(token, roles)
    act(token, delegator, "approve", stranger.address, 7)
    act(other, delegator, "approve", latecomer.address, UNLIMITED)
    for spender, allowed in ((stranger, 7), (latecomer, 0), (owner, 0), (delegator, 0)):
        for amount in (allowed + 1, UNLIMITED):
            refused = refusal_of(
                token.act,
                *("transferFrom", delegator.address, stranger.address, amount),
                sender=spender,
            )
            assert refused == Refused(
                "ERC20InsufficientAllowance",
                spender=spender.address,
                allowance=allowed,
                needed=amount,
            )
    assert holdings(token, roles) == before


@EITHER
@pytest.mark.rule("L-4", "C-5")
@pytest.mark.case(33, 37)
def test_only_the_pool_makes_and_destroys_them_and_only_for_the_caller(
    pool: Pool,
    roles: Roles,
    owner: AccountAPI,
    provider: AccountAPI,
    delegator: AccountAPI,
    stranger: AccountAPI,
    token_of: TokenOf,
) -> None:
    """Cases 33 and 37: whoever is allowed to spend everything cannot burn or convert a wei."""
    token = token_of(pool)
    act(token, delegator, "approve", stranger.address, UNLIMITED)
    extra = (1,) if token_of is bonds_of else ()
    before = holdings(token, roles)
    for who in (stranger, owner, provider, delegator):
        for method in ("mint", "burn"):
            for at in (who.address, delegator.address, pool.address):
                refused = refusal_of(token.act, method, at, 1, *extra, sender=who)
                assert refused == Refused("NotThePool", pool=pool.address, caller=who.address)
    none = Refused("ERC20InsufficientBalance", sender=stranger.address, balance=0, needed=1)
    own = ("burnBonds", "bondsToCertificates")
    if token_of is certificates_of:
        own = ("burnCertificates", "certificatesToBonds")
    for method in own:
        assert refusal_of(pool.act, stranger, method, 1) == none
    assert holdings(token, roles) == before


@EITHER
@pytest.mark.rule("C-6")
@pytest.mark.case(40)
def test_a_pause_stops_no_transfer(
    pool: Pool,
    roles: Roles,
    owner: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    token_of: TokenOf,
) -> None:
    """Case 40: nor conversions, nor burning."""
    pool.act(owner, "pause")
    token = token_of(pool)
    act(token, delegator, "transfer", latecomer.address, HELD)
    assert holdings(token, roles) == Holdings(HELD, {"latecomer": HELD})
    pool.act(delegator, "certificatesToBonds" if token_of is bonds_of else "bondsToCertificates", 1)
    assert holdings(token, roles) == Holdings(HELD + 1, {"latecomer": HELD, "delegator": 1})
    if token_of is bonds_of:
        pool.burn_bonds(latecomer, HELD)
    else:
        pool.burn(latecomer, HELD)
    assert holdings(token, roles) == Holdings(1, {"delegator": 1})


@EITHER
@pytest.mark.rule("L-2", "L-4")
def test_making_and_destroying_is_told_as_transfers(
    local_chain: Chain, roles: Roles, mocks: Mocks, delegator: AccountAPI, token_of: TokenOf
) -> None:
    """At a rate of three or so: in shares of certificates, and in wei of bonds."""
    pool = pool_at("3 or so", local_chain, roles, mocks)
    token, me = token_of(pool), str(delegator.address)
    bonds = token_of is bonds_of
    stake = "stakeForBonds" if bonds else "stakeForCertificates"
    there, back = ("certificatesToBonds", "bondsToCertificates")
    if not bonds:
        there, back = back, there

    def shown(shares: int) -> int:
        return int(pool.view("sharesToAmount", shares)) if bonds else shares

    made = pool.view("amountToShares", HELD)
    logs = events_of(token, pool, delegator, stake, value=HELD)
    assert moved(logs, ZERO_ADDRESS, me) == shown(made)
    logs = events_of(token, pool, delegator, back, 1000)
    assert moved(logs, me, ZERO_ADDRESS) == shown(1000)
    logs = events_of(token, pool, delegator, there, 999)
    assert moved(logs, ZERO_ADDRESS, me) == shown(999)
    if bonds:
        assert [f["shares"] for f in told(logs, "TransferShares")] == [999]
    burnt = pool.view("amountToSharesUp", 1000) if bonds else 1000
    logs = events_of(token, pool, delegator, "burnBonds" if bonds else "burnCertificates", 1000)
    assert moved(logs, me, ZERO_ADDRESS) == 1000
    if bonds:
        assert [f["shares"] for f in told(logs, "TransferShares")] == [burnt]
        assert token.view("sharesOf", me) == made - 1 - burnt
    else:
        assert token.view("balanceOf", me) == made - 1 - burnt


# aFTMc: permit.


@dataclass(frozen=True)
class Permit:
    """What an owner of certificates signs so that somebody may spend them."""

    owner: str
    spender: str
    value: int
    nonce: int
    deadline: int

    def message(self, token: Contract, chain_id: int) -> SignableMessage:
        """As it is signed for this token on that chain (ERC-712)."""
        return encode_typed_data(
            domain_data={
                "name": "FTM staking certificate",
                "version": "1",
                "chainId": chain_id,
                "verifyingContract": token.address,
            },
            message_types={
                "Permit": [
                    {"name": "owner", "type": "address"},
                    {"name": "spender", "type": "address"},
                    {"name": "value", "type": "uint256"},
                    {"name": "nonce", "type": "uint256"},
                    {"name": "deadline", "type": "uint256"},
                ]
            },
            message_data=vars(self),
        )

    def signed(self, token: Contract, signer: AccountAPI, chain_id: int) -> tuple[Any, ...]:
        """The arguments of ``permit``."""
        signature = signer.sign_message(self.message(token, chain_id))
        assert signature is not None
        v, r, s = signature.v, bytes(signature.r), bytes(signature.s)
        return (self.owner, self.spender, self.value, self.deadline, v, r, s)


def invalid(token: Contract, chain_id: int, meant: Permit, arguments: tuple[Any, ...]) -> Refused:
    """How a signature is refused that is not one of ``meant``: who it would be of."""
    v, r, s = arguments[4:]
    vrs = (v, int.from_bytes(r, "big"), int.from_bytes(s, "big"))
    signer = Account.recover_message(meant.message(token, chain_id), vrs=vrs)
    return Refused("ERC2612InvalidSigner", signer=signer, owner=meant.owner)


@pytest.fixture
def permit(clock: Clock, delegator: AccountAPI, stranger: AccountAPI) -> Permit:
    """The delegator's first: the stranger may spend seven coins' worth of shares for an hour."""
    return Permit(delegator.address, stranger.address, 7 * COIN, 0, clock.now + 3600)


@pytest.mark.rule("C-5")
def test_the_domain_is_the_token_on_its_chain(pool: Pool, local_chain: Chain) -> None:
    token, name = pool.certificates, "FTM staking certificate"
    kind = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    words = [
        keccak(text=kind),
        keccak(text=name),
        keccak(text="1"),
        local_chain.chain_id.to_bytes(32, "big"),
        bytes(12) + bytes.fromhex(token.address[2:]),
    ]
    assert bytes(token.view("DOMAIN_SEPARATOR")) == keccak(b"".join(words))
    domain = list(token.view("eip712Domain"))
    assert bytes(domain[0]) == b"\x0f"
    assert domain[1:5] == [name, "1", local_chain.chain_id, token.address]
    assert bytes(domain[5]) == bytes(32)
    assert list(domain[6]) == []


@pytest.mark.case(15, 34)
@pytest.mark.rule("C-5")
def test_a_permit_counts_once_whoever_brings_it(
    pool: Pool,
    roles: Roles,
    local_chain: Chain,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    permit: Permit,
) -> None:
    """Cases 15 and 34: brought by somebody else first, it does what it was signed for, once."""
    token, me = pool.certificates, str(delegator.address)
    given = permit.signed(token, delegator, local_chain.chain_id)
    assert token.view("nonces", me) == 0
    (approval,) = act(token, latecomer, "permit", *given)

    assert approval.name == "Approval"
    assert list(approval.fields.values()) == [me, stranger.address, 7 * COIN]
    assert token.view("nonces", me) == 1
    assert token.view("nonces", latecomer.address) == 0
    assert token.view("allowance", me, stranger.address) == 7 * COIN
    assert holdings(token, roles) == Holdings(HELD, {"delegator": HELD})

    # The real call comes too late: the allowance is there all the same, and is not given again.
    again = Permit(permit.owner, permit.spender, permit.value, 1, permit.deadline)
    late = invalid(token, local_chain.chain_id, again, given)
    for sender in (stranger, delegator, latecomer):
        assert refusal_of(token.act, "permit", *given, sender=sender) == late
    act(token, stranger, "transferFrom", me, stranger.address, HELD)
    assert token.view("allowance", me, stranger.address) == 7 * COIN - HELD
    assert refusal_of(token.act, "permit", *given, sender=stranger) == late

    # The next one takes the place of what is left of it.
    next_one = Permit(permit.owner, permit.spender, 3, 1, permit.deadline)
    act(token, stranger, "permit", *next_one.signed(token, delegator, local_chain.chain_id))
    assert token.view("allowance", me, stranger.address) == 3
    assert token.view("nonces", me) == 2


@pytest.mark.rule("C-1")
@pytest.mark.case(8)
def test_a_permit_counts_until_its_last_second(
    pool: Pool,
    local_chain: Chain,
    clock: Clock,
    delegator: AccountAPI,
    stranger: AccountAPI,
    permit: Permit,
) -> None:
    """Case 8: in the second of its deadline, and not one later."""
    token = pool.certificates
    given = permit.signed(token, delegator, local_chain.chain_id)
    clock.at(permit.deadline)
    assert refusal_of(token.view, "permit", *given, sender=stranger) is None
    clock.at(permit.deadline + 1)
    expired = Refused("ERC2612ExpiredSignature", deadline=permit.deadline)
    assert refusal_of(token.act, "permit", *given, sender=stranger) == expired
    assert token.view("nonces", delegator.address) == 0
    assert token.view("allowance", delegator.address, stranger.address) == 0


@pytest.mark.case(34)
@pytest.mark.rule("C-5")
def test_a_permit_is_good_for_nothing_else(
    pool: Pool,
    local_chain: Chain,
    owner: AccountAPI,
    provider: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    permit: Permit,
) -> None:
    """Case 34: not of another's, nor for another spender, amount, time, turn, chain or token."""
    token, here = pool.certificates, local_chain.chain_id
    elsewhere = Pool(local_chain, owner, provider.address, FIRST_FIT, funded=False).certificates
    good = permit.signed(token, delegator, here)
    forged = permit.signed(token, stranger, here)
    wrong = Refused("ERC2612InvalidSigner", signer=stranger.address, owner=str(delegator.address))
    assert refusal_of(token.act, "permit", *forged, sender=stranger) == wrong

    changes: tuple[dict[str, Any], ...] = (
        {"owner": str(latecomer.address)},
        {"spender": str(latecomer.address)},
        {"value": permit.value + 1},
        {"deadline": permit.deadline + 1},
    )
    for change in changes:
        meant = Permit(**{**vars(permit), **change})
        altered = (meant.owner, meant.spender, meant.value, meant.deadline, *good[4:])
        expected = invalid(token, here, meant, altered)
        assert refusal_of(token.act, "permit", *altered, sender=stranger) == expected
    early = Permit(**{**vars(permit), "nonce": 1})
    for where, signed in (
        (token, early.signed(token, delegator, here)),
        (token, permit.signed(token, delegator, here + 1)),
        (token, permit.signed(elsewhere, delegator, here)),
        (elsewhere, good),
    ):
        expected = invalid(where, here, permit, signed)
        assert refusal_of(where.act, "permit", *signed, sender=stranger) == expected
        assert where.view("nonces", delegator.address) == 0
        assert where.view("allowance", delegator.address, stranger.address) == 0

    # The zero address signs nothing: what is no signature at all is no permit of its.
    nobody = refusal_of(
        token.act,
        *("permit", ZERO_ADDRESS, stranger.address, 1, permit.deadline, 27, bytes(32), bytes(32)),
        sender=stranger,
    )
    assert nobody == Refused("ECDSAInvalidSignature")
    # Nor is the other half of a signature's mirror image.
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    mirrored = (order - int.from_bytes(good[6], "big")).to_bytes(32, "big")
    twin = refusal_of(
        token.act, "permit", *good[:4], 55 - good[4], good[5], mirrored, sender=stranger
    )
    assert twin == Refused("ECDSAInvalidSignatureS", s=mirrored)


@pytest.mark.case(15)
@pytest.mark.rule("C-5")
def test_nothing_in_the_pool_waits_for_a_permit_or_an_allowance(
    pool: Pool, local_chain: Chain, delegator: AccountAPI, stranger: AccountAPI
) -> None:
    """Case 15: so there is nothing that a permit brought early could make fail. Bonds have none."""
    pool.burn(delegator, 1)
    pool.burn_bonds(delegator, 1)
    pool.act(delegator, "certificatesToBonds", 1)
    pool.act(delegator, "bondsToCertificates", 1)
    for token in (pool.bonds, pool.certificates):
        assert token.view("allowance", delegator.address, pool.address) == 0
    names = {abi.name for abi in pool.bonds.instance.contract_type.methods}
    assert names.isdisjoint({"permit", "nonces", "DOMAIN_SEPARATOR"})
    taken = {abi.name for abi in pool.contract.instance.contract_type.methods}
    assert not [name for name in taken if "permit" in name.lower()]
    as_certificates = Contract(local_chain, instance("CertificateToken", pool.bonds.address))
    nonces = refusal_of(as_certificates.view, "nonces", delegator.address)
    assert nonces is not None


# aFTMb: a balance in wei that grows.

AMOUNTS: dict[str, Callable[[int, int], int]] = {
    # Of what one has and what a share is worth, in wei.
    "nothing": lambda held, worth: 0,
    "a wei": lambda held, worth: 1,
    "a share": lambda held, worth: worth,
    "a share and a wei": lambda held, worth: worth + 1,
    "half": lambda held, worth: held // 2,
    "all but a wei": lambda held, worth: held - 1,
    "all": lambda held, worth: held,
}


def bonds_at(rate: str, chain: Chain, roles: Roles, mocks: Mocks) -> RatedPool:
    """A pool at a rate in which the delegator, and the latecomer too, hold bonds."""
    pool = pool_at(rate, chain, roles, mocks)
    for role, amount in (("delegator", HELD + 11), ("latecomer", COIN + 1)):
        pool.stake(roles.account(role), amount, bonds=True)
    return pool


def check_sums(pool: RatedPool, roles: Roles) -> None:
    """All balances together are at most the supply, and that is at most the pool's value."""
    there = holdings(pool.bonds, roles)
    value, _ = pool.state()
    assert sum(there.people.values()) <= there.supply <= value
    # Each holder's balance, and the supply, is rounded down by less than a wei.
    assert there.supply - sum(there.people.values()) < max(1, len(there.people))


def check_moves(pool: RatedPool, sender: AccountAPI, to: AccountAPI, wei: int) -> None:
    """A transfer takes and brings the amount, or up to a share's worth more."""
    bonds, worth, state = pool.bonds, pool.worth(), pool.state()
    mine, theirs = (bonds.view("balanceOf", person.address) for person in (sender, to))
    held, already = (bonds.view("sharesOf", person.address) for person in (sender, to))
    shares = -(-wei // worth)
    logs = act(bonds, sender, "transfer", to.address, wei)

    assert moved(logs, sender.address, to.address) == wei
    assert [fields["shares"] for fields in told(logs, "TransferShares")] == [shares]
    assert bonds.view("sharesOf", sender.address) == held - shares
    assert bonds.view("sharesOf", to.address) == already + shares
    got = bonds.view("balanceOf", to.address) - theirs
    gave = mine - bonds.view("balanceOf", sender.address)
    # The shares are worth less than one share more than the amount; what is shown, a wei.
    assert wei <= got < wei + worth + 1
    assert wei <= gave < wei + worth + 1
    assert abs(got - gave) <= 1
    if worth < Fraction(COIN + 1, COIN):
        assert wei <= got <= wei + 1
    if wei == mine:
        assert (shares, gave) == (held, mine)
    assert pool.state() == state


@pytest.mark.rule("L-1", "L-2")
@ALL_RATES
def test_a_transfer_of_bonds_moves_what_it_says_or_a_share_more(
    local_chain: Chain,
    roles: Roles,
    mocks: Mocks,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    rate: str,
) -> None:
    """Whoever sends all that he is shown keeps nothing."""
    pool = bonds_at(rate, local_chain, roles, mocks)
    mine = pool.bonds.view("balanceOf", delegator.address)
    for amount in AMOUNTS.values():
        with undone():
            check_moves(pool, delegator, latecomer, amount(mine, int(pool.worth())))
    check_moves(pool, delegator, latecomer, mine)
    assert pool.bonds.view("sharesOf", delegator.address) == 0
    check_sums(pool, roles)


@pytest.mark.rule("L-1", "L-2")
@ALL_RATES
def test_a_share_is_sent_exactly(
    local_chain: Chain,
    roles: Roles,
    mocks: Mocks,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    rate: str,
) -> None:
    pool = bonds_at(rate, local_chain, roles, mocks)
    worth, state, bonds = pool.worth(), pool.state(), pool.bonds
    held, theirs = (bonds.view("sharesOf", p.address) for p in (delegator, latecomer))
    sent = 0
    for shares in (0, 1, 2, held - 3):
        logs = act(bonds, delegator, "transferShares", latecomer.address, shares)
        assert moved(logs, delegator.address, latecomer.address) == shares * worth // 1
        assert [fields["shares"] for fields in told(logs, "TransferShares")] == [shares]
        sent += shares
        assert bonds.view("sharesOf", delegator.address) == held - sent
        assert bonds.view("sharesOf", latecomer.address) == theirs + sent
        assert bonds.view("balanceOf", latecomer.address) == (theirs + sent) * worth // 1
    assert bonds.view("balanceOf", delegator.address) == 0
    missing = refusal_of(bonds.act, "transferShares", latecomer.address, 1, sender=delegator)
    assert missing == Refused(
        "ERC20InsufficientBalance", sender=delegator.address, balance=0, needed=int(worth)
    )
    nowhere = refusal_of(bonds.act, "transferShares", ZERO_ADDRESS, 1, sender=latecomer)
    assert nowhere == Refused("ERC20InvalidReceiver", receiver=ZERO_ADDRESS)
    assert pool.state() == state
    check_sums(pool, roles)


@pytest.mark.rule("L-1")
@ALL_RATES
def test_a_wei_more_than_the_balance_is_refused_at_any_rate(
    local_chain: Chain,
    roles: Roles,
    mocks: Mocks,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    rate: str,
) -> None:
    pool = bonds_at(rate, local_chain, roles, mocks)
    held = pool.bonds.view("balanceOf", delegator.address)
    exact = pool.bonds.view("sharesOf", delegator.address) * pool.worth()
    for amount in (held + 1, held + int(pool.worth()) + 1, UNLIMITED):
        assert amount > exact
        short = Refused(
            "ERC20InsufficientBalance", sender=delegator.address, balance=held, needed=amount
        )
        for to in (latecomer.address, delegator.address):
            assert refusal_of(pool.bonds.act, "transfer", to, amount, sender=delegator) == short
        assert refusal_of(pool.burn_bonds, delegator, amount) == short


@pytest.mark.rule("L-1", "L-2")
@ALL_RATES
def test_sending_bonds_to_oneself_changes_nothing_at_any_rate(
    local_chain: Chain, roles: Roles, mocks: Mocks, delegator: AccountAPI, rate: str
) -> None:
    pool = bonds_at(rate, local_chain, roles, mocks)
    before, state = holdings(pool.bonds, roles), pool.state()
    held = pool.bonds.view("sharesOf", delegator.address)
    for amount in (1, int(pool.worth()) + 1, pool.bonds.view("balanceOf", delegator.address)):
        act(pool.bonds, delegator, "transfer", delegator.address, amount)
        assert pool.bonds.view("sharesOf", delegator.address) == held
    act(pool.bonds, delegator, "transferShares", delegator.address, held)
    assert pool.bonds.view("sharesOf", delegator.address) == held
    assert (holdings(pool.bonds, roles), pool.state()) == (before, state)


@pytest.mark.rule("L-2", "L-3")
def test_balances_grow_with_a_harvest_and_nobody_sends_anything(
    local_chain: Chain,
    roles: Roles,
    mocks: Mocks,
    owner: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
) -> None:
    """In proportion to shares; certificates stay as many."""
    pool = bonds_at("4/3 or so", local_chain, roles, mocks)
    before, others = holdings(pool.bonds, roles), holdings(pool.certificates, roles)
    shares = {
        role: pool.bonds.view("sharesOf", roles.address(role))
        for role in ("delegator", "latecomer")
    }
    pool.chain.transfer(pool.owner, pool.validators[0].address, COIN)
    pool.validators[0].act("choose", COIN, sender=owner)
    receipt = pool.contract.act("harvest", 0, sender=owner)

    assert list(pool.bonds.logs(receipt)) == []
    assert list(pool.certificates.logs(receipt)) == []
    after = holdings(pool.bonds, roles)
    assert after.people == {role: n * pool.worth() // 1 for role, n in shares.items()}
    assert after.supply == sum(shares.values()) * pool.worth() // 1
    assert all(after.people[role] > before.people[role] for role in shares)
    assert holdings(pool.certificates, roles) == others
    check_sums(pool, roles)


@pytest.mark.rule("L-2")
@pytest.mark.case(19, 37)
def test_an_allowance_of_bonds_is_in_wei_and_does_not_grow(
    local_chain: Chain,
    roles: Roles,
    mocks: Mocks,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Cases 19 and 37: whoever may spend what there was cannot spend what has come since."""
    pool = bonds_at("3 or so", local_chain, roles, mocks)
    held = pool.bonds.view("balanceOf", delegator.address)
    act(pool.bonds, delegator, "approve", stranger.address, held)
    pool.harvest(2 * COIN)
    grown = pool.bonds.view("balanceOf", delegator.address)
    assert grown > held
    assert pool.bonds.view("allowance", delegator.address, stranger.address) == held
    too_much = refusal_of(
        pool.bonds.act,
        *("transferFrom", delegator.address, stranger.address, held + 1),
        sender=stranger,
    )
    assert too_much == Refused(
        "ERC20InsufficientAllowance", spender=stranger.address, allowance=held, needed=held + 1
    )
    act(pool.bonds, stranger, "transferFrom", delegator.address, latecomer.address, held - 1)
    act(pool.bonds, stranger, "transferFrom", delegator.address, latecomer.address, 1)
    assert pool.bonds.view("allowance", delegator.address, stranger.address) == 0
    left = pool.bonds.view("balanceOf", delegator.address)
    # Twice less than a share's worth more than what was allowed, and a wei.
    assert grown - held - 2 * pool.worth() - 1 < left <= grown - held
    check_sums(pool, roles)


@pytest.mark.rule("L-1", "L-2")
@pytest.mark.case(37)
@ALL_RATES
def test_each_wei_that_is_spent_costs_up_to_a_share(
    local_chain: Chain,
    roles: Roles,
    mocks: Mocks,
    delegator: AccountAPI,
    stranger: AccountAPI,
    rate: str,
) -> None:
    """Case 37: an allowance of three wei, spent wei by wei, takes three shares and no more."""
    pool = bonds_at(rate, local_chain, roles, mocks)
    bonds, worth = pool.bonds, pool.worth()
    before = bonds.view("balanceOf", delegator.address)
    act(bonds, delegator, "approve", stranger.address, 3)
    for _ in range(3):
        act(bonds, stranger, "transferFrom", delegator.address, stranger.address, 1)
    assert bonds.view("allowance", delegator.address, stranger.address) == 0
    assert bonds.view("sharesOf", stranger.address) == 3
    assert bonds.view("balanceOf", stranger.address) == 3 * worth // 1
    lost = before - bonds.view("balanceOf", delegator.address)
    assert 3 * worth - 1 < lost < 3 * worth + 1
    refused = refusal_of(
        bonds.act, "transferFrom", delegator.address, stranger.address, 1, sender=stranger
    )
    assert refused == Refused(
        "ERC20InsufficientAllowance", spender=stranger.address, allowance=0, needed=1
    )


@pytest.mark.rule("L-1", "L-2")
@ALL_RATES
def test_all_balances_together_are_never_more_than_there_is(
    local_chain: Chain,
    roles: Roles,
    mocks: Mocks,
    owner: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    provider: AccountAPI,
    rate: str,
) -> None:
    """Five holders of odd numbers of shares, through everything that moves them."""
    pool = bonds_at(rate, local_chain, roles, mocks)
    pool.act(owner, "certificatesToBonds", pool.view("totalShares") // 10**6 + 1)
    check_sums(pool, roles)
    for to, shares in ((stranger, 1), (provider, 3), (stranger, 1)):
        act(pool.bonds, delegator, "transferShares", to.address, shares)
        check_sums(pool, roles)
    assert len(holdings(pool.bonds, roles).people) == 5
    for sender, to, amount in (
        (latecomer, stranger, 7),
        (delegator, latecomer, COIN // 3),
        (latecomer, delegator, COIN // 3 + 1),
    ):
        act(pool.bonds, sender, "transfer", to.address, amount)
        check_sums(pool, roles)
    for net in (1, 2, 1001):
        pool.harvest(net)
        check_sums(pool, roles)
    pool.act(delegator, "bondsToCertificates", 3)
    pool.burn_bonds(delegator, 1)
    pool.burn_bonds(latecomer, pool.bonds.view("balanceOf", latecomer.address))
    check_sums(pool, roles)
    check_ledger(pool)


# Two faces of the same shares.


@pytest.mark.rule("L-2")
@pytest.mark.case(19)
@ALL_RATES
def test_changing_one_into_the_other_and_back_loses_nothing(
    local_chain: Chain,
    roles: Roles,
    mocks: Mocks,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    rate: str,
) -> None:
    """Case 19: as many shares on either side, whatever they are worth, and for one share too."""
    pool = bonds_at(rate, local_chain, roles, mocks)
    state, me = pool.state(), delegator.address
    held, worth = pool.bonds.view("sharesOf", me), pool.worth()
    others = pool.bonds.view("balanceOf", latecomer.address)
    for shares in (1, 2, 3, held // 3, held - 1, held):
        (converted,) = pool.act(delegator, "bondsToCertificates", shares)
        assert converted.fields == {
            "account": me,
            "token": pool.certificates.address,
            "shares": shares,
        }
        assert pool.certificates.view("balanceOf", me) == shares
        assert pool.bonds.view("sharesOf", me) == held - shares
        assert pool.bonds.view("balanceOf", me) == (held - shares) * worth // 1
        assert pool.state() == state
        (converted,) = pool.act(delegator, "certificatesToBonds", shares)
        assert converted.fields == {"account": me, "token": pool.bonds.address, "shares": shares}
        assert pool.certificates.view("balanceOf", me) == 0
        assert pool.bonds.view("sharesOf", me) == held
        assert pool.bonds.view("balanceOf", me) == held * worth // 1
        assert pool.state() == state
    assert pool.bonds.view("balanceOf", latecomer.address) == others
    check_sums(pool, roles)


@pytest.mark.rule("L-2", "C-12")
@pytest.mark.case(13)
@ALL_RATES
def test_nobody_converts_nothing_or_more_than_he_has(
    local_chain: Chain, roles: Roles, mocks: Mocks, delegator: AccountAPI, rate: str
) -> None:
    """Case 13: what is missing is told in wei of bonds, and in shares of certificates."""
    pool = bonds_at(rate, local_chain, roles, mocks)
    me, worth = str(delegator.address), pool.worth()
    held = pool.bonds.view("sharesOf", me)
    for method in ("bondsToCertificates", "certificatesToBonds"):
        assert refusal_of(pool.act, delegator, method, 0) == ZeroAmount()
    assert refusal_of(pool.act, delegator, "bondsToCertificates", held + 1) == Refused(
        "ERC20InsufficientBalance",
        sender=me,
        balance=held * worth // 1,
        needed=(held + 1) * worth // 1,
    )
    assert refusal_of(pool.act, delegator, "certificatesToBonds", 1) == Refused(
        "ERC20InsufficientBalance", sender=me, balance=0, needed=1
    )
    assert refusal_of(pool.act, delegator, "certificatesToBonds", UNLIMITED) == Refused(
        "ERC20InsufficientBalance", sender=me, balance=0, needed=UNLIMITED
    )
    # So many shares have no worth in 256 bits, once a share is worth more than a wei.
    refused = refusal_of(pool.act, delegator, "bondsToCertificates", UNLIMITED)
    assert refused == (
        Refused("ERC20InsufficientBalance", sender=me, balance=held, needed=UNLIMITED)
        if worth == Fraction(1)
        else PANIC
    )
