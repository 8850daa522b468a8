"""When everything in a scenario can be paid: the scenario on its model, and then time alone."""

from __future__ import annotations

from dataclasses import dataclass

from unbond.clock import LAST_BLOCK, NEXT_BLOCK, Block
from unbond.errors import Unanswered
from unbond.inprocess import OwnChain
from unbond.modelled import ModelChain
from unbond.positions import Position, PositionState
from unbond.roles import Roles
from unbond.scenario.bind import BoundScenario
from unbond.scenario.load import ScenarioError
from unbond.scenario.play import play
from unbond.systems import System
from unbond.systems.base import NextStep
from unbond.timeline import Timeline


@dataclass(frozen=True)
class Prospect:
    """A position that is open at the end of a scenario, and what becomes of it by itself."""

    role: str
    """Whose it is."""
    name: str
    """What its owner calls it, such as ``#1``."""
    position: Position
    """As it is at the end."""
    opens: int | None
    """The second from which it can be acted on, in Unix time: of what is open already when it
    opened or, if it did not open by time, the end; None if time alone does not open it."""
    blocked_then: str
    """The name of the error that acting on it in that second would still give; empty if none."""
    waits_for: str
    """What has to happen where time alone does not open it; else empty."""
    next: NextStep | None
    """What its owner does then; None if that is not known."""


@dataclass(frozen=True)
class Forecast:
    """A scenario as it should go, and what everybody has after it."""

    system: System
    roles: Roles
    """Who is who in it."""
    timeline: Timeline
    end: int
    """The second of its last step, in Unix time."""
    prospects: tuple[Prospect, ...]
    """By person, the oldest first."""


def forecast(bound: BoundScenario, chain: OwnChain | None = None) -> Forecast:
    """Play a scenario on the model of its system, and see when what is left in it opens.

    Args:
        bound: the scenario.
        chain: a fresh one to look on instead; one with that model is made if missing.

    Raises:
        ScenarioError: as :func:`unbond.scenario.play` does, and when the system has no model.
    """
    chain = chain or model_chain(bound)
    systems: list[System] = []
    timeline = play(bound, chain, chain.roles, deployed=systems.append)
    (system,) = systems
    end = timeline.entries[-1].timestamp
    block: Block = LAST_BLOCK if chain.timestamp_of(LAST_BLOCK) == end else NEXT_BLOCK
    left = [
        (role, position)
        for role in chain.roles.known
        for position in system.positions_of(chain.roles.address(role), block=block)
        if position.state is not PositionState.CLOSED
    ]
    # Time goes on only.
    moments = sorted({one.available_at for _, one in left if one.available_at > end})
    then: dict[tuple[str, Position], str] = {}
    for moment in moments:
        chain.clock.at(moment)
        for role, position in left:
            if position.available_at == moment:
                then[role, position] = _blocked(system, chain.roles.address(role), position)
    return Forecast(
        system=system,
        roles=chain.roles,
        timeline=timeline,
        end=end,
        prospects=tuple(
            _prospect(system, role, position, end, then.get((role, position)))
            for role, position in left
        ),
    )


def model_chain(bound: BoundScenario) -> ModelChain:
    """A chain with the model of a scenario's system.

    Raises:
        ScenarioError: when it has none.
    """
    assert bound.setup is not None
    try:
        return ModelChain(bound.kind, bound.setup)
    except LookupError as error:
        raise ScenarioError([bound.file.problem(("system",), str(error))]) from None


def _blocked(system: System, account: str, position: Position) -> str:
    """What stands in the way of a position in the second of the next transaction."""
    same = (position.id, position.kind)
    now = [one for one in system.positions_of(account) if (one.id, one.kind) == same]
    return now[0].blocked_by


def _prospect(
    system: System, role: str, position: Position, end: int, then: str | None
) -> Prospect:
    known = then is not None or not position.blocked_by
    return Prospect(
        role=role,
        name=system.name_of(position),
        position=position,
        opens=(position.available_at or end) if known else None,
        blocked_then=then or "",
        waits_for="" if known else system.waits_for(position),
        next=_next(system, position),
    )


def _next(system: System, position: Position) -> NextStep | None:
    try:
        return system.next_step(position)
    except Unanswered:
        # It depends on what only a contract can say.
        return None
