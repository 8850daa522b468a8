"""A scenario as data: who does what, when, and what is expected to come of it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

Value = str | int | bool
"""How a value is written in a file: its meaning depends on where it stands."""


class _Part(BaseModel):
    # Strict: "yes" is not true, and "12" is not 12. A misspelt field is an error.
    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)


class ExpectedPosition(_Part):
    """What is expected of one position; what is not given may be anything."""

    state: str | None = None
    amount: Value | None = None
    rewards: Value | None = None
    available_at: Value | None = Field(None, alias="availableAt")
    blocked_by: str | None = Field(None, alias="blockedBy")


class Expectation(_Part):
    """What is expected of a step; what is not given may be anything, but success is the default."""

    refused: str | dict[str, dict[str, Value] | None] | None = None
    """The name of the error, or its name with its exact numbers."""
    event: dict[str, Value] = {}
    """Fields of the event that tells what was done."""
    returns: Value | dict[str, Value] | None = None
    """What a check returns: the value, or some of its fields."""
    balances: dict[str, Value | list[Value]] = {}
    """What roles hold after the step: of what is staked or, in a list, of several."""
    positions: dict[str, list[ExpectedPosition]] = {}
    """The positions of roles after the step, the oldest first, all of them."""

    @model_validator(mode="after")
    def _one_outcome(self) -> Expectation:
        if self.refused is not None and (self.event or self.returns is not None):
            raise ValueError("a refused step has neither event nor return value")
        if isinstance(self.refused, dict) and len(self.refused) != 1:
            raise ValueError("name one error, as in {StillLocked: {unlocksAt: …}}")
        return self


class Step(_Part):
    """One thing that somebody does, or that is looked at, at an exact second."""

    at: str | None = None
    """A moment: ISO 8601, or the name of an earlier step, or a field of its event, plus or minus
    durations, as in ``lot.unlocksAt - 1s``."""
    after: str | None = None
    """A duration since the step before, such as ``13d``. Without either, the second in which the
    next transaction lands: the next one or, if the step before sent nothing, the same."""
    by: str | None = None
    """The role that acts."""
    do: str | None = None
    """The action."""
    check: str | None = None
    """The view to ask instead."""
    arguments: dict[str, Value] = Field(default={}, alias="with")
    """The arguments of the action or the view, by name."""
    name: str | None = Field(None, alias="as")
    """A name for the step, and for the position that comes of it, to be used by later steps."""
    note: str | None = None
    """A sentence for the reader of the timeline."""
    expect: Expectation = Expectation()

    @model_validator(mode="after")
    def _coherent(self) -> Step:
        if self.at is not None and self.after is not None:
            raise ValueError("give 'at' or 'after', not both")
        if (self.do is None) == (self.check is None):
            raise ValueError("give one of 'do' and 'check'")
        if self.do is not None and self.by is None:
            raise ValueError("say 'by' whom it is done")
        return self


class Scenario(_Part):
    """A list of timed steps on one freshly deployed system."""

    title: str
    document: str | None = None
    """The number of the document that it works out."""
    rules: list[str] = []
    """The rules of the specification that it shows."""
    about: str | None = None
    """What it shows, for the reader."""
    system: str
    """The name of the system, or ``package.module:Class``."""
    setup: dict[str, Any] = {}
    """How the system is deployed; the system says what can be set."""
    funds: dict[str, Value] = {}
    """What roles hold of the token at the beginning."""
    refusing: list[str] = []
    """Roles that act through a contract which takes no coins."""
    steps: list[Step] = Field(min_length=1)
