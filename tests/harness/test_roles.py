"""Who is who: well-known roles, others as they come, and money for those beyond the usual ten."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import ape
import pytest

from unbond.chain import Chain
from unbond.roles import POCKET_MONEY, WELL_KNOWN, Roles, parse_address

ADDRESSES = {
    "owner": "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
    "registrar": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
    "rewarder": "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
    "operator": "0x90F79bf6EB2c4f870365E785982E1f101E93b906",
    "pauser": "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65",
    "provider": "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc",
    "delegator": "0x976EA74026E726554dB657fA54763abd0C3a0aa9",
    "latecomer": "0x14dC79964da2C08b23698B3D3cc7Ca32193d9955",
    "stranger": "0x23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f",
}
TENTH = "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720"
ELEVENTH = "0xBcd4042DE499D14e55001CcbB24a551F3b954096"
TWELFTH = "0x71bE63f3384f5fb98995898A86B02Fb2426c5788"


@pytest.fixture
def people(local_chain: Chain) -> Roles:
    """Roles that nobody has asked for yet."""
    return Roles(local_chain)


def height(chain: Chain) -> int:
    return chain.provider.get_block("latest").number or 0


def test_well_known_roles_have_the_same_accounts_whoever_is_asked_for_first(
    local_chain: Chain,
) -> None:
    assert tuple(ADDRESSES) == WELL_KNOWN
    for order in (WELL_KNOWN, WELL_KNOWN[::-1]):
        people = Roles(local_chain)
        people.address("somebody")
        assert {role: people.address(role) for role in order} == ADDRESSES


def test_other_roles_take_the_next_free_account_in_the_order_of_asking(people: Roles) -> None:
    assert [people.address(role) for role in ("zoe", "adam", "zoe", "owner", "eve")] == [
        TENTH,
        ELEVENTH,
        TENTH,
        ADDRESSES["owner"],
        TWELFTH,
    ]


def test_an_account_is_the_one_at_the_address(people: Roles) -> None:
    for role in ("zoe", "adam", "owner"):
        assert people.account(role).address == people.address(role)
        assert people.account(role) is people.account(role)


def newcomers(chain: Chain, people: Roles) -> Iterator[str]:
    """Roles of accounts beyond the usual ten, to which nobody has sent anything yet."""
    for number in itertools.count():
        role = f"guest{number}"
        if chain.balance_of(people.address(role)) == 0:
            yield role


def test_more_accounts_than_ten_can_pay_for_gas(local_chain: Chain, people: Roles) -> None:
    owner = people.account("owner")
    tenth = people.address("tenth")
    before = height(local_chain)
    # One of the usual ten needs nothing.
    assert (people.account("tenth").address, height(local_chain)) == (tenth, before)
    accounts = [
        people.account(role) for role in itertools.islice(newcomers(local_chain, people), 4)
    ]
    assert height(local_chain) == before + 4
    assert [account.balance for account in accounts] == [POCKET_MONEY] * 4
    assert len({tenth, *(account.address for account in accounts)}) == 5
    for account in accounts:
        receipt = account.transfer(owner, 1)
        assert receipt.sender == account.address


def test_asking_again_sends_nothing_more(local_chain: Chain, people: Roles) -> None:
    role = next(newcomers(local_chain, people))
    account = people.account(role)
    before = height(local_chain)
    assert people.account(role) is account
    assert (height(local_chain), account.balance) == (before, POCKET_MONEY)


def test_an_address_costs_nothing(local_chain: Chain, people: Roles) -> None:
    before = height(local_chain)
    people.address("first")
    assert people.address("second") == ELEVENTH
    address = people.address(next(newcomers(local_chain, people)))
    assert height(local_chain) == before
    assert local_chain.balance_of(address) == 0


def test_a_return_to_an_earlier_snapshot_does_not_leave_anybody_without_gas(
    local_chain: Chain, people: Roles
) -> None:
    snapshot = local_chain.provider.snapshot()
    role = next(newcomers(local_chain, people))
    account = people.account(role)
    local_chain.provider.restore(snapshot)
    assert account.balance == 0
    assert people.account(role).balance == POCKET_MONEY
    account.transfer(people.account("owner"), 1)


def test_names(people: Roles) -> None:
    address = people.address("zoe")
    assert people.name_of(address) == "zoe"
    # Nobody has asked for the owner.
    assert people.name_of(ADDRESSES["owner"]) == ADDRESSES["owner"]
    people.account("owner")
    assert people.name_of(ADDRESSES["owner"]) == "owner"


def test_accounts_of_ones_own_come_first(local_chain: Chain) -> None:
    tests = ape.accounts.test_accounts
    people = Roles(local_chain, {"delegator": tests[8], "zoe": tests[7]})
    assert people.account("delegator") is tests[8]
    assert people.address("zoe") == ADDRESSES["latecomer"]
    assert people.address("adam") == TENTH
    assert people.name_of(str(tests[8].address)) == "delegator"


class LiveChain(Chain):
    """A chain that is nobody's own."""

    is_local = False


def test_a_live_chain_knows_only_accounts_of_ones_own(local_chain: Chain) -> None:
    mine = ape.accounts.test_accounts[3]
    people = Roles(LiveChain(local_chain.provider), {"owner": mine})
    assert people.account("owner") is mine
    for role in ("delegator", "zoe"):
        for ask in (people.account, people.address):
            with pytest.raises(LookupError) as error:
                ask(role)
            assert str(error.value) == (
                f"nobody has the role '{role}' on this network; name an account"
            )


@pytest.mark.parametrize(
    "text", [TENTH, TENTH.lower(), "0x" + TENTH[2:].upper()], ids=["checksum", "small", "capital"]
)
def test_addresses_are_read(text: str) -> None:
    assert parse_address(text) == TENTH


def test_an_address_of_digits_only_needs_no_checksum() -> None:
    assert parse_address("0x" + "1" * 40) == "0x" + "1" * 40


@pytest.mark.parametrize(
    "text",
    [
        TENTH[:-1],
        TENTH + "0",
        TENTH[:-1] + "1",
        TENTH.replace("Ee", "eE"),
        "0x",
        "",
        "0x" + "g" * 40,
    ],
)
def test_misspelt_addresses_are_not(text: str) -> None:
    with pytest.raises(ValueError, match=r"' is no address: its length or its checksum is wrong$"):
        parse_address(text)
