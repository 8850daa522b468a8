"""A contract is recognised by its code, whatever its deployment or its metadata put in."""

import pytest

from unbond.coverage.traces import shape, without_hash

PUSHES = {"PUSH20": 0x73, "PUSH32": 0x7F}
BODY = bytes.fromhex("6080604052")
SOLC = bytes.fromhex("64736f6c634300081e0033")


def _code(digest: bytes) -> bytes:
    """Code with metadata behind it, of which the digest is that of an IPFS file."""
    return BODY + b"\xfe\xa2\x64ipfsX\x22\x12\x20" + digest + SOLC


@pytest.mark.parametrize("place", [0, 11, 31])
@pytest.mark.parametrize("push", PUSHES.values(), ids=PUSHES)
def test_a_hash_that_looks_like_a_push_hides_nothing(push: int, place: int) -> None:
    looks_like_code = _code(bytes(place) + bytes([push]) + b"\x01" * (31 - place))
    other = _code(b"\x01" * 32)
    assert shape(looks_like_code) == looks_like_code
    assert shape(looks_like_code) != shape(other)
    assert without_hash(shape(looks_like_code)) == without_hash(shape(other))


def test_what_a_deployment_puts_in_is_emptied() -> None:
    immutable, library = b"\x7f" + b"\x05" * 32, b"\x73" + b"\x06" * 20
    emptied = b"\x7f" + bytes(32) + b"\x73" + bytes(20)
    assert shape(BODY + immutable + library + BODY) == BODY + emptied + BODY
