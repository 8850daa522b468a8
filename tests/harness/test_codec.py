"""The Python side of the contracts agrees with their ABI and source, and bytes decode plainly."""

from __future__ import annotations

import dataclasses
import re
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from eth_abi.abi import encode
from eth_abi.exceptions import DecodingError
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from ethpm_types.abi import ABIType, EventABI, MethodABI
from hypothesis import given, settings
from hypothesis import strategies as st

from unbond.artifacts import container
from unbond.codec import EventCodec, MethodCodec, camel, decode_values, field_names, snake
from unbond.positions import Position, PositionKind, PositionState
from unbond.systems import System, delegated, device, liquid, system_class, system_names
from unbond.systems.base import _COMMON_EVENTS
from unbond.systems.delegated import DelegatedStaking, RowStatus, monday_of
from unbond.systems.device import DeviceStaking
from unbond.when import DAY, SESSION_START, WEEK

if TYPE_CHECKING:
    from tests.harness.conftest import Engine

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
KIND = container("DelegatedStaking").contract_type
ONE, OTHER = (to_checksum_address(keccak(text=name)[:20]) for name in ("one", "other"))


each_system = pytest.mark.parametrize(
    "system",
    [system_class(name) for name in system_names()],
    ids=lambda system: str(system.name),
)


def solidity_enum(file: str, name: str) -> dict[str, int]:
    """The members of an enum as its source declares them, in Python's spelling."""
    source = re.sub(r"//.*", "", (CONTRACTS / file).read_text())
    match = re.search(rf"enum {name} \{{(.*?)\}}", source, re.DOTALL)
    assert match is not None
    members = [member.strip() for member in match[1].split(",")]
    return {snake(member).upper(): number for number, member in enumerate(members)}


def abi_type(kind: str, *components: ABIType, name: str = "", indexed: bool = False) -> ABIType:
    fields: dict[str, Any] = {"type": kind, "name": name, "components": list(components) or None}
    return ABIType.model_validate(fields | ({"indexed": True} if indexed else {}))


class TestAgreement:
    @each_system
    def test_every_event_has_a_class_with_its_fields_in_order(self, system: type[System]) -> None:
        classes = {kind.__name__: kind for kind in (*_COMMON_EVENTS, *system.event_types)}
        written = {
            name: [field.name for field in dataclasses.fields(kind)]
            for name, kind in classes.items()
        }
        events: list[EventABI] = container(system.contract_name).contract_type.events
        assert written == {event.name: field_names(event.inputs) for event in events}

    @pytest.mark.parametrize(
        ("file", "enum"),
        [
            ("common/IExitSystem.sol", PositionKind),
            ("common/IExitSystem.sol", PositionState),
            ("delegated/IDelegatedStaking.sol", RowStatus),
            ("device/IDeviceStaking.sol", device.ExitKind),
            ("device/IDeviceStaking.sol", device.DeviceStatus),
            ("liquid/ILiquidStaking.sol", liquid.PayoutPolicy),
        ],
    )
    def test_enums_have_the_numbers_of_the_source(self, file: str, enum: type[IntEnum]) -> None:
        expected = solidity_enum(file, enum.__name__)
        assert {member.name: member.value for member in enum} == expected

    @pytest.mark.parametrize(
        ("contract", "view", "kind"),
        [
            ("DelegatedStaking", "positionsOf", Position),
            ("DelegatedStaking", "stakes", delegated.Stake),
            ("DelegatedStaking", "tickets", delegated.Ticket),
            ("DelegatedStaking", "providers", delegated.ProviderInfo),
            ("DeviceStaking", "positionsOf", Position),
            ("DeviceStaking", "devices", device.DeviceInfo),
            ("DeviceStaking", "coStakes", device.CoStakeInfo),
            ("DeviceStaking", "exits", device.Exit),
            ("LiquidStaking", "positionsOf", Position),
            ("LiquidStaking", "requests", liquid.Request),
            ("LiquidStaking", "ledger", liquid.Ledger),
        ],
    )
    def test_what_views_return_has_the_fields_of_the_struct(
        self, contract: str, view: str, kind: type
    ) -> None:
        (struct,) = container(contract).contract_type.view_methods[view].outputs
        fields = [field.name for field in dataclasses.fields(kind)]
        assert fields == field_names(struct.components or [])

    def test_a_row_has_the_fields_of_the_view(self) -> None:
        fields = [field.name for field in dataclasses.fields(delegated.ProviderRow)]
        assert fields == field_names(KIND.view_methods["providerRow"].outputs)

    def test_a_preview_has_the_fields_of_the_view(self) -> None:
        methods = container("DeviceStaking").contract_type.view_methods
        fields = [field.name for field in dataclasses.fields(device.Preview)]
        assert fields == field_names(methods["previewUnstake"].outputs)

    def test_constants_of_devices_are_those_of_the_contract(self, engine: Engine) -> None:
        system = DeviceStaking.deploy(engine.chain, engine.accounts[0])
        for name in ("COOLDOWN", "CO_STAKE_WAIT", "BASE_STAKE", "MAX_CO_STAKES"):
            assert getattr(device, name) == system.contract.view(name), name
        for name in system.powers:
            assert system.contract.view(name) == keccak(text=name)

    def test_constants_are_those_of_the_contract(self, engine: Engine) -> None:
        system = DelegatedStaking.deploy(engine.chain, engine.accounts[0])
        for name in ("EPOCH", "LOCK_EPOCHS", "UNDELEGATE_EPOCHS", "MIN_STAKE"):
            assert getattr(delegated, name) == system.contract.view(name), name
        for name in system.powers:
            assert system.contract.view(name) == keccak(text=name)
        assert delegated.EPOCH == WEEK

    @pytest.mark.rule("E-1")
    def test_mondays_are_those_of_the_contract(self, engine: Engine) -> None:
        engine.clock.start()
        owner = engine.accounts[0]
        for seconds in (0, 1, DAY, WEEK - 1):
            origin = monday_of(SESSION_START - WEEK + seconds)
            assert origin == SESSION_START - WEEK
            system = DelegatedStaking.deploy(engine.chain, owner, origin=origin)
            assert system.epoch_at(SESSION_START - 1) == 0
            assert system.epoch_at(SESSION_START) == 1

    def test_ids_are_those_of_the_contract(self, engine: Engine) -> None:
        owner, provider = engine.accounts[:2]
        system = DelegatedStaking.deploy(engine.chain, owner)
        system.add_provider(owner, str(provider.address), 0)
        system.fund(owner, owner, 10**24)
        for number in (1, 2):
            stake = system.stake(owner, str(provider.address), 10**21).main
            assert stake.stake_id == system.position_id(str(owner.address), number)
            assert system.position_name(stake.stake_id) == f"#{number}"


class TestNames:
    @pytest.mark.parametrize(
        ("solidity", "python"),
        [
            ("amount", "amount"),
            ("unlocksAt", "unlocks_at"),
            ("newStakeId", "new_stake_id"),
            ("commissionBps", "commission_bps"),
            ("x2Value", "x2_value"),
            ("owner_", "owner_"),
        ],
    )
    def test_spelling(self, solidity: str, python: str) -> None:
        assert snake(solidity) == python
        assert camel(python) == solidity

    def test_every_name_of_the_contract_survives_the_way_there_and_back(self) -> None:
        lists = [one.inputs for one in (*KIND.events, *KIND.errors)]
        lists += [one.outputs for one in KIND.view_methods]
        names = [field.name for fields in lists for field in fields if field.name]
        names += [method.name for method in KIND.mutable_methods]
        assert len(names) > 50
        assert [camel(snake(name)) for name in names] == names


class TestValues:
    def test_structs_are_tuples_and_addresses_are_checksummed(self) -> None:
        person = (abi_type("address", name="who"), abi_type("uint256", name="amount"))
        kinds = [
            abi_type("tuple[]", *person),
            abi_type("tuple", abi_type("tuple[2]", *person, name="pair"), abi_type("bytes4")),
            abi_type("address[2][]"),
            abi_type("bool"),
        ]
        data = encode(
            ["(address,uint256)[]", "((address,uint256)[2],bytes4)", "address[2][]", "bool"],
            [
                [(ONE.lower(), 1), (OTHER.lower(), 2)],
                ([(ONE.lower(), 3), (OTHER.lower(), 4)], b"\x01\x02\x03\x04"),
                [[ONE.lower(), OTHER.lower()], [OTHER.lower(), ONE.lower()]],
                True,
            ],
        )
        assert decode_values(kinds, data) == [
            [(ONE, 1), (OTHER, 2)],
            ([(ONE, 3), (OTHER, 4)], b"\x01\x02\x03\x04"),
            [[ONE, OTHER], [OTHER, ONE]],
            True,
        ]

    @settings(derandomize=True)
    @given(
        st.lists(
            st.tuples(st.binary(min_size=20, max_size=20), st.integers(0, 2**64 - 1), st.binary())
        )
    )
    def test_what_was_encoded_is_decoded(self, rows: list[tuple[bytes, int, bytes]]) -> None:
        columns = (abi_type("address"), abi_type("uint64"), abi_type("bytes"))
        (found,) = decode_values(
            [abi_type("tuple[]", *columns)], encode(["(address,uint64,bytes)[]"], [rows])
        )
        assert found == [(to_checksum_address(who), number, data) for who, number, data in rows]

    @pytest.mark.parametrize("kind", ["uint256", "uint64", "address", "bool", "string", "bytes4"])
    @pytest.mark.parametrize("length", [0, 31])
    def test_data_cut_short_are_an_error_and_not_zero(self, kind: str, length: int) -> None:
        with pytest.raises(DecodingError):
            decode_values([abi_type(kind)], bytes(length))


class TestMethods:
    def method(self, *outputs: str, inputs: tuple[str, ...] = ()) -> MethodCodec:
        return MethodCodec(
            MethodABI(
                name="ask",
                inputs=[abi_type(kind) for kind in inputs],
                outputs=[abi_type(kind) for kind in outputs],
            )
        )

    def test_a_call_is_the_selector_and_its_arguments(self) -> None:
        codec = self.method(inputs=("address", "uint256"))
        expected = keccak(text="ask(address,uint256)")[:4] + encode(
            ["address", "uint256"], [ONE, 7]
        )
        assert codec.encode([ONE, 7]) == expected

    def test_nothing_one_value_or_a_tuple_comes_back(self) -> None:
        assert self.method().decode(b"") is None
        assert self.method("uint256").decode(encode(["uint256"], [7])) == 7
        two = encode(["uint256", "address"], [7, ONE])
        assert self.method("uint256", "address").decode(two) == (7, ONE)

    def test_where_there_is_no_contract_there_is_no_answer(self, engine: Engine) -> None:
        with pytest.raises(DecodingError):
            DelegatedStaking.at(engine.chain, str(engine.accounts[9].address))


class TestEvents:
    def test_fields_come_in_the_order_of_the_declaration(self) -> None:
        event = EventABI.model_validate(
            {
                "type": "event",
                "name": "Mixed",
                "inputs": [
                    {"name": "firstAmount", "type": "uint256", "indexed": False},
                    {"name": "account", "type": "address", "indexed": True},
                    {"name": "note", "type": "string", "indexed": False},
                    {"name": "id", "type": "uint256", "indexed": True},
                ],
            }
        )
        codec = EventCodec(event)
        assert codec.topic == keccak(text="Mixed(uint256,address,string,uint256)")
        topics = [codec.topic, encode(["address"], [ONE]), encode(["uint256"], [9])]
        found = codec.decode(topics, encode(["uint256", "string"], [5, "so"]))
        assert list(found.items()) == [
            ("first_amount", 5),
            ("account", ONE),
            ("note", "so"),
            ("id", 9),
        ]

    def test_of_an_indexed_text_there_is_only_the_hash(self) -> None:
        inputs = [{"name": f"f{i}", "type": kind, "indexed": True} for i, kind in enumerate(HASHED)]
        event = EventABI.model_validate({"type": "event", "name": "Hashed", "inputs": inputs})
        topics = [keccak(text=kind) for kind in HASHED]
        found = EventCodec(event).decode([b"", *topics], b"")
        assert list(found.values()) == topics


HASHED = ("string", "bytes", "uint256[]")
