"""What is known of a system's events, answers and errors before there is a chain."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

from unbond.artifacts import container
from unbond.codec import field_names
from unbond.errors import Refused
from unbond.systems import System
from unbond.systems.base import Receipt

Fields = dict[str, Any]
"""The types of fields by their Python names."""


def event_fields(kind: type[System], action: str) -> Fields | None:
    """The fields of the event that tells what an action did; None if they are not known."""
    several = [_fields_of(one) for one in event_classes(kind, action)]
    known = [fields for fields in several if fields is not None]
    return {name: kind for fields in known for name, kind in fields.items()} if known else None


def event_classes(kind: type[System], action: str) -> tuple[type, ...]:
    """The events of which one tells what an action did; none if they are not known."""
    returned = _returned(kind, action)
    if get_origin(returned) is not Receipt:
        return ()
    (event,) = get_args(returned)
    # It may be one of several, as the system decides.
    return get_args(event) or (event,)


def answer_fields(kind: type[System], question: str) -> Fields | None:
    """The fields of a view's answer, none if it is one value; None if they are not known."""
    returned = _returned(kind, question)
    return {} if returned in (bool, bytes, int, str) else _fields_of(returned)


def error_fields(kind: type[System]) -> dict[str, Fields] | None:
    """The errors that a system can give, and their fields; None if its contract is not known."""
    try:
        contracts = [container(name).contract_type for name in (kind.contract_name, "StakeToken")]
    except LookupError:
        return None
    errors: dict[str, Fields] = {"Error": {"message": str}, "Panic": {"code": int}}
    for abi in (error for contract in contracts for error in contract.errors):
        kinds = [_PLAIN.get(field.canonical_type.rstrip("0123456789")) for field in abi.inputs]
        declared = dict(zip(field_names(abi.inputs), kinds, strict=True))
        # Its exception, where there is one, tells more: which numbers are members of what.
        errors[abi.name] = class_fields(abi.name) or declared
    return errors


def class_fields(error: str) -> Fields | None:
    """The fields of an error by its exception; None if it has none."""
    kind = type(Refused.of(error, {}))
    hints = get_type_hints(kind)
    return None if kind is Refused else {name: hints[name] for name in kind.__annotations__}


_PLAIN = {"uint": int, "int": int, "bool": bool}


def _returned(kind: type[System], name: str) -> Any:
    return get_type_hints(getattr(kind, name)).get("return")


def _fields_of(kind: Any) -> Fields | None:
    if not is_dataclass(kind):
        return None
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}
