"""What a contract refuses arrives as the right exception with its numbers, from every engine."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest
from ape.types import AddressType
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from ethpm_types.abi import ErrorABI
from hexbytes import HexBytes
from hypothesis import given, settings
from hypothesis import strategies as st
from web3.exceptions import Web3RPCError
from web3.types import TxParams, Wei

from unbond import errors
from unbond.artifacts import container
from unbond.clock import NEXT_BLOCK
from unbond.codec import field_names
from unbond.errors import ErrorDecoder, NotYours, Refused, UnknownId, ZeroAmount, revert_data
from unbond.systems import delegated, device, liquid
from unbond.systems.delegated import DelegatedStaking, StillLocked
from unbond.systems.device import ExitKind
from unbond.when import SESSION_START

if TYPE_CHECKING:
    from tests.harness.conftest import Engine

ECHO = "365f5f37365ffd"
"""Reverts with the data it is called with."""
WHO = AddressType("0x70997970C51812dc3A010C7d01b50e0d17dc79C8")

ABI = [
    error
    for name in ("DelegatedStaking", "DeviceStaking", "LiquidStaking", "LockupValidator")
    for error in container(name).contract_type.errors
]
TOKEN_ABI = container("StakeToken").contract_type.errors
DECLARED = {
    error.name: error
    for interface in ("IExitSystem", "IDelegatedStaking", "IDeviceStaking", "ILiquidStaking")
    for error in container(interface).contract_type.errors
}
"""What the interface files declare; the rest comes from libraries."""

DECODER = ErrorDecoder([*ABI, *TOKEN_ABI])


def revert(signature: str, *values: Any) -> bytes:
    kinds = signature[signature.index("(") + 1 : -1]
    return keccak(text=signature)[:4] + encode(kinds.split(",") if kinds else [], values)


def own_classes() -> dict[str, type[Refused]]:
    return {
        name: kind
        for module in (errors, delegated, device, liquid)
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Refused) and kind is not Refused
    }


def by_name(known: list[ErrorABI]) -> dict[str, ErrorABI]:
    return {error.name: error for error in known}


class TestClasses:
    def test_every_declared_error_has_one(self) -> None:
        assert set(DECLARED) - set(own_classes()) == set()
        assert len(DECLARED) >= 48

    @pytest.mark.parametrize("name", sorted(own_classes()))
    def test_each_has_the_fields_of_its_error(self, name: str) -> None:
        error = by_name([*ABI, *TOKEN_ABI])[name]
        assert list(inspect.get_annotations(own_classes()[name])) == field_names(error.inputs)

    @pytest.mark.parametrize("name", sorted(own_classes()))
    def test_each_has_the_types_of_its_error(self, name: str) -> None:
        python = {
            "uint256": "int",
            "uint64": "int",
            "uint8": "ExitKind",
            "address": "str",
            "bytes32": "bytes",
        }
        error = by_name([*ABI, *TOKEN_ABI])[name]
        expected = [python[str(field.canonical_type)] for field in error.inputs]
        assert list(inspect.get_annotations(own_classes()[name]).values()) == expected

    @pytest.mark.parametrize("error", DECLARED.values(), ids=list(DECLARED))
    def test_each_is_what_its_data_decode_to(self, error: ErrorABI) -> None:
        known = {"address": WHO, "uint8": ExitKind.FULL}
        values = [known.get(str(field.type), 7 + i) for i, field in enumerate(error.inputs)]
        refusal = DECODER.decode(revert(error.selector, *values))
        assert type(refusal) is own_classes()[error.name]
        assert [getattr(refusal, name) for name in field_names(error.inputs)] == values
        assert [type(value) for value in refusal.fields.values()] == [type(v) for v in values]

    def test_two_of_one_name_are_refused(self) -> None:
        with pytest.raises(TypeError, match="there is a class for the error StillLocked already"):
            type("StillLocked", (Refused,), {"__module__": "elsewhere"})
        assert type(Refused.of("StillLocked", {"unlocks_at": 1})) is StillLocked


class TestRefused:
    def test_it_carries_its_numbers(self) -> None:
        refusal = DECODER.decode(revert("NotYours(address,address)", WHO, WHO))
        assert isinstance(refusal, NotYours)
        assert (refusal.name, refusal.owner, refusal.caller) == ("NotYours", WHO, WHO)
        assert refusal.fields == {"owner": WHO, "caller": WHO}

    def test_it_reads_as_a_sentence(self) -> None:
        refusal = DECODER.decode(revert("StillLocked(uint64)", SESSION_START))
        assert str(refusal) == "StillLocked(unlocks_at=2030-01-07T00:00:00Z)"
        assert str(Refused("Odd", role=b"\x01", id=2)) == "Odd(role=0x01, id=2)"
        assert str(ZeroAmount()) == "ZeroAmount()"

    def test_a_moment_beyond_the_calendar_is_a_number(self) -> None:
        refusal = DECODER.decode(revert("StillLocked(uint64)", 2**64 - 1))
        assert str(refusal) == f"StillLocked(unlocks_at={2**64 - 1})"

    def test_equal_are_those_of_one_name_and_numbers(self) -> None:
        assert UnknownId(id=1) == UnknownId(id=1)
        assert hash(UnknownId(id=1)) == hash(UnknownId(id=1))
        assert UnknownId(id=1) != UnknownId(id=2)
        assert ZeroAmount() != Refused("Other")
        assert ZeroAmount() == Refused("ZeroAmount")
        assert ZeroAmount() != "ZeroAmount()"

    def test_a_field_may_be_called_name(self) -> None:
        odd = ErrorABI.model_validate(
            {
                "type": "error",
                "name": "Taken",
                "inputs": [
                    {"name": "name", "type": "string"},
                    {"name": "", "type": "uint256"},
                    {"name": "", "type": "uint256"},
                ],
            }
        )
        refusal = ErrorDecoder([odd]).decode(revert("Taken(string,uint256,uint256)", "x", 1, 2))
        assert refusal == Refused.of("Taken", {"name": "x", "_1": 1, "_2": 2})
        assert refusal.name == "Taken"


class TestDecoding:
    def test_an_error_of_a_library_has_no_class_of_its_own(self) -> None:
        refusal = DECODER.decode(revert("SafeERC20FailedOperation(address)", WHO))
        assert type(refusal) is Refused
        assert (refusal.name, refusal.fields) == ("SafeERC20FailedOperation", {"token": WHO})

    def test_errors_of_the_token_are_known_to_the_system(self) -> None:
        signature = "ERC20InsufficientAllowance(address,uint256,uint256)"
        refusal = DECODER.decode(revert(signature, WHO, 1, 2))
        assert refusal.fields == {"spender": WHO, "allowance": 1, "needed": 2}

    @pytest.mark.parametrize(
        ("data", "name"),
        [
            pytest.param(b"", "revert without a reason", id="nothing"),
            pytest.param(b"\x01\x02", "0x0102", id="less than a selector"),
            pytest.param(bytes.fromhex("11223344"), "0x11223344", id="an unknown selector"),
            pytest.param(b"\x11" * 36, "0x" + "11" * 36, id="an unknown selector with data"),
        ],
    )
    def test_what_is_unknown_is_named_by_its_bytes(self, data: bytes, name: str) -> None:
        refusal = DECODER.decode(data)
        assert type(refusal) is Refused
        assert (refusal.name, refusal.fields, str(refusal)) == (name, {}, name)

    @pytest.mark.parametrize(
        "data",
        [
            revert("StillLocked(uint64)", 7)[:-1],
            revert("StillLocked(uint64)", 7)[:4],
            revert("Error(string)", "short")[:-32],
            keccak(text="StillLocked(uint64)")[:4] + b"\xff" * 32,
            keccak(text="UnknownProvider(address)")[:4] + b"\xff" * 32,
            keccak(text="Error(string)")[:4] + encode(["bytes"], [b"\xff\xfe"]),
        ],
        ids=[
            "a byte missing",
            "all missing",
            "text missing",
            "not 64 bits",
            "no address",
            "no text",
        ],
    )
    def test_so_is_what_does_not_fit_its_error(self, data: bytes) -> None:
        refusal = DECODER.decode(data)
        assert type(refusal) is Refused
        assert refusal.name == f"0x{data.hex()}"

    def test_reasons_and_panics(self) -> None:
        assert DECODER.decode(revert("Error(string)", "no – not now")) == Refused(
            "Error", message="no – not now"
        )
        assert DECODER.decode(revert("Panic(uint256)", 0x11)) == Refused("Panic", code=17)

    @settings(derandomize=True)
    @given(st.sampled_from([error.selector for error in ABI]), st.binary(max_size=100))
    def test_no_data_break_it(self, signature: str, data: bytes) -> None:
        assert DECODER.decode(keccak(text=signature)[:4] + data).name

    def test_selectors_in_a_view_have_names(self) -> None:
        assert DECODER.name_of(keccak(text="StillLocked(uint64)")[:4]) == "StillLocked"
        assert DECODER.name_of(bytes(4)) == ""
        assert DECODER.name_of(b"\x11\x22\x33\x44") == "0x11223344"


REVERTS = {
    "nothing": (b"", Refused("revert without a reason")),
    "a selector cut short": (b"\x01\x02", Refused("0x0102")),
    "a custom error": (revert("ZeroAmount()"), ZeroAmount()),
    "its numbers": (
        revert("StillLocked(uint64)", SESSION_START),
        StillLocked(unlocks_at=SESSION_START),
    ),
    "an address": (
        revert("NotYours(address,address)", WHO, WHO),
        NotYours(owner=WHO, caller=WHO),
    ),
    "every byte": (
        revert("AccessControlUnauthorizedAccount(address,bytes32)", WHO, bytes(range(32))),
        errors.AccessControlUnauthorizedAccount(account=WHO, needed_role=bytes(range(32))),
    ),
    "quotes": (
        revert("AccessControlUnauthorizedAccount(address,bytes32)", WHO, b"'\"\\\n" * 8),
        errors.AccessControlUnauthorizedAccount(account=WHO, needed_role=b"'\"\\\n" * 8),
    ),
    "an unknown error": (b"\x11\x22\x33\x44" + b"'\"\\\n", Refused("0x1122334427225c0a")),
    "a reason": (revert("Error(string)", "not now"), Refused("Error", message="not now")),
    "a reason in lines": (revert("Error(string)", "a: b\nc"), Refused("Error", message="a: b\nc")),
    "an empty reason": (revert("Error(string)", ""), Refused("Error", message="")),
    "a reason in quotes": (
        revert("Error(string)", "b'x' and \"y\""),
        Refused("Error", message="b'x' and \"y\""),
    ),
    "a reason like a broken literal": (
        revert("Error(string)", "b'\\'"),
        Refused("Error", message="b'\\'"),
    ),
    "a panic": (revert("Panic(uint256)", 0x11), Refused("Panic", code=0x11)),
    "a panic of another kind": (revert("Panic(uint256)", 0x32), Refused("Panic", code=0x32)),
}


class TestEngines:
    @pytest.mark.parametrize("case", REVERTS)
    def test_what_a_contract_reverts_with_arrives(self, engine: Engine, case: str) -> None:
        data, expected = REVERTS[case]
        echo = engine.deploy_code(ECHO)
        params: TxParams = {"to": echo.instance.address, "data": HexBytes(data)}
        with pytest.raises(Refused) as refusal:
            engine.chain.call(params, DECODER, NEXT_BLOCK)
        assert refusal.value == expected
        assert type(refusal.value) is type(expected)

    @pytest.mark.parametrize(
        ("runtime", "name"),
        [pytest.param("5b5f56", "out of gas", id="loop"), ("fe", "invalid instruction")],
    )
    def test_what_the_evm_itself_ends_is_told_apart(
        self, engine: Engine, runtime: str, name: str
    ) -> None:
        contract = engine.deploy_code(runtime)
        params: TxParams = {"to": contract.instance.address, "gas": 100_000}
        with pytest.raises(Refused) as refusal:
            engine.chain.call(params, DECODER, NEXT_BLOCK)
        assert refusal.value == Refused(name)

    def test_a_system_refuses_with_its_numbers(self, engine: Engine) -> None:
        owner, provider = engine.accounts[:2]
        system = DelegatedStaking.deploy(engine.chain, owner)
        system.add_provider(owner, str(provider.address), 0)
        with pytest.raises(errors.BelowMinimum) as refusal:
            system.stake(owner, str(provider.address), 999)
        assert (refusal.value.amount, refusal.value.minimum) == (999, 1000 * 10**18)

    def test_a_constructor_refuses_with_its_numbers(self, engine: Engine) -> None:
        engine.clock.start()
        height = engine.height
        with pytest.raises(delegated.OriginNotMonday) as refusal:
            DelegatedStaking.deploy(
                engine.chain, engine.accounts[0], token=WHO, origin=SESSION_START - 1
            )
        assert refusal.value.origin == SESSION_START - 1
        assert engine.height == height

    def test_what_is_no_refusal_stays_what_it_is(self, engine: Engine) -> None:
        contract = engine.deploy_code(ECHO)
        with pytest.raises(Exception, match=r"(?i)insufficient|funds|balance") as error:
            engine.chain.call(
                {"to": contract.instance.address, "from": WHO, "value": Wei(10**30)},
                DECODER,
                NEXT_BLOCK,
            )
        assert not isinstance(error.value, Refused)


@pytest.mark.parametrize(
    "error",
    [Web3RPCError("nonce too low"), ValueError("no such thing"), ConnectionError()],
)
def test_other_errors_are_none_of_it(error: Exception) -> None:
    assert revert_data(error) is None
    with pytest.raises(type(error)) as raised:
        DECODER.refusal(error)
    assert raised.value is error
