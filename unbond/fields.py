"""What a field of an event, an error or an answer means follows from its name, in snake case."""

from __future__ import annotations

_MOMENTS = ("_at", "_until", "until")
_OTHER_IDS = {"device_id"}
_COUNTED = {
    "at",
    "block",
    "bps",
    "cards",
    "count",
    "epoch",
    "epochs",
    "index",
    "nonce",
    "origin",
    "time",
    "timestamp",
    "until",
}


def is_moment(name: str) -> bool:
    """Whether it is a second in Unix time, such as ``available_at``."""
    return name.endswith(_MOMENTS)


def is_position(name: str) -> bool:
    """Whether it is the id of a position, such as ``exit_id``; a device's id is none."""
    return name == "id" or (name.endswith("_id") and name not in _OTHER_IDS)


def is_device(name: str) -> bool:
    """Whether it is the id of a device."""
    return name == "device_id"


def is_power(name: str) -> bool:
    """Whether it is the id of a role in the sense of access control."""
    return name == "role" or name.endswith("_role")


def is_shares(name: str) -> bool:
    """Whether it is a number of shares of a pool, in 10⁻¹⁸ of one."""
    return name == "shares" or name.endswith("_shares")


def is_share(name: str) -> bool:
    """Whether it is 1/10 000, such as ``commission_bps``."""
    return name.endswith("_bps")


def is_counted(name: str) -> bool:
    """Whether it is a moment, an epoch, a block, an index, a count or 1/10 000: never large."""
    return name.rpartition("_")[2] in _COUNTED
