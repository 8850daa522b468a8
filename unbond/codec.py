"""Between Python values and the bytes of contracts, by ABI: plain tuples, checksummed addresses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from eth_abi.codec import ABICodec
from eth_abi.decoding import UnsignedIntegerDecoder
from eth_abi.encoding import UnsignedIntegerEncoder
from eth_abi.registry import BaseEquals
from eth_abi.registry import registry as shared_registry
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

if TYPE_CHECKING:
    from ethpm_types.abi import ABIType, EventABI, MethodABI

# Ape lets the shared registry read a number that is cut short, or not there at all, as zero.
_registry = shared_registry.copy()  # type: ignore[no-untyped-call]
_registry.unregister("uint")
_is_uint = BaseEquals("uint")  # type: ignore[no-untyped-call]
_registry.register(_is_uint, UnsignedIntegerEncoder, UnsignedIntegerDecoder, label="uint")
_abi = ABICodec(_registry)


def snake(name: str) -> str:
    """``unlocksAt`` in Solidity is ``unlocks_at`` in Python."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: "_" + match[1].lower(), name)


def camel(name: str) -> str:
    """``unlocks_at`` in Python is ``unlocksAt`` in Solidity."""
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)


def field_names(fields: Sequence[ABIType]) -> list[str]:
    """What the fields are called in Python; a nameless one by its place, as ``_0``."""
    return [snake(field.name or f"_{place}") for place, field in enumerate(fields)]


def encode_values(kinds: Sequence[ABIType], values: Sequence[Any]) -> bytes:
    """ABI-encode ``values`` of these types.

    Raises:
        eth_abi.exceptions.EncodingError: when a value does not fit its type.
    """
    return _abi.encode([kind.canonical_type for kind in kinds], values)


def decode_values(kinds: Sequence[ABIType], data: bytes) -> list[Any]:
    """Decode ABI-encoded ``data`` of these types; tuples are plain, addresses checksummed.

    Raises:
        eth_abi.exceptions.DecodingError: when the data is not of these types.
    """
    values = _abi.decode([kind.canonical_type for kind in kinds], data)
    return [_clean(kind, kind.canonical_type, v) for kind, v in zip(kinds, values, strict=True)]


def _clean(kind: ABIType, canonical: str, value: Any) -> Any:
    if canonical.endswith("]"):
        element = canonical[: canonical.rindex("[")]
        return [_clean(kind, element, item) for item in value]
    if canonical == "address":
        return to_checksum_address(value)
    if canonical.startswith("("):
        parts = kind.components or []
        return tuple(_clean(p, p.canonical_type, v) for p, v in zip(parts, value, strict=True))
    return value


class MethodCodec:
    """Encodes the calls of one method and decodes what it returns."""

    def __init__(self, abi: MethodABI) -> None:
        """Serve the method that ``abi`` describes."""
        self.abi = abi

    @cached_property
    def selector(self) -> bytes:
        """The first four bytes of a call."""
        return keccak(text=self.abi.selector)[:4]

    @cached_property
    def _input_types(self) -> list[str]:
        return [kind.canonical_type for kind in self.abi.inputs]

    def encode(self, arguments: Sequence[Any]) -> bytes:
        """The data of a call with these arguments.

        Raises:
            eth_abi.exceptions.EncodingError: when an argument does not fit its type.
        """
        return self.selector + _abi.encode(self._input_types, arguments)

    def decode_arguments(self, data: bytes) -> list[Any]:
        """The arguments of a call, from its data.

        Raises:
            eth_abi.exceptions.DecodingError: when the data is no such call's.
        """
        return decode_values(self.abi.inputs, data[4:])

    def decode(self, data: bytes) -> Any:
        """What a call returned: nothing, one value, or a tuple of values."""
        values = decode_values(self.abi.outputs, data)
        if not values:
            return None
        return values[0] if len(values) == 1 else tuple(values)


class EventCodec:
    """Decodes the logs of one event."""

    def __init__(self, abi: EventABI) -> None:
        """Serve the event that ``abi`` describes."""
        self.name = abi.name
        self.topic = keccak(text=abi.selector)
        self._fields = list(zip(field_names(abi.inputs), abi.inputs, strict=True))
        self._plain = [field for field in abi.inputs if not field.indexed]

    def decode(self, topics: Sequence[bytes], data: bytes) -> dict[str, Any]:
        """The fields of a log by name, in the order in which the event declares them.

        Of an indexed field that does not fit into a topic the log has only the hash.
        """
        indexed = iter(topics[1:])
        plain = iter(decode_values(self._plain, data))
        return {
            name: _from_topic(field, next(indexed)) if field.indexed else next(plain)
            for name, field in self._fields
        }


def _from_topic(field: ABIType, topic: bytes) -> Any:
    kind = field.canonical_type
    if kind in ("string", "bytes") or kind.endswith(("]", ")")):
        return topic
    (value,) = decode_values([field], topic)
    return value


def word(value: Any) -> bytes:
    """A value of an elementary type as contracts have it: 32 bytes."""
    return value if isinstance(value, bytes) else int(value).to_bytes(32, "big")


class EventWords:
    """Turns an event of which all fields are known as numbers into the log of a contract."""

    def __init__(self, abi: EventABI) -> None:
        """Serve the event that ``abi`` describes."""
        self._topic = keccak(text=abi.selector)
        self._indexed = [place for place, one in enumerate(abi.inputs, 1) if one.indexed]
        self._plain = [place for place, one in enumerate(abi.inputs, 1) if not one.indexed]

    def log(self, fact: Sequence[Any]) -> tuple[list[bytes], bytes]:
        """The topics and the data of an event; ``fact`` is its name, then its fields in order."""
        topics = [self._topic]
        topics += [int(fact[place]).to_bytes(32, "big") for place in self._indexed]
        return topics, b"".join([int(fact[place]).to_bytes(32, "big") for place in self._plain])
