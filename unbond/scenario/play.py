"""Running a scenario on a chain: bind its words to a system, then do it step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from unbond.amounts import LARGEST, parse_amount, parse_share
from unbond.chain import Chain
from unbond.clock import LAST_BLOCK, NEXT_BLOCK, Block, ClockError
from unbond.codec import snake
from unbond.errors import Refused, Unanswered
from unbond.positions import PositionState
from unbond.roles import Roles, parse_address
from unbond.scenario.bind import BoundScenario
from unbond.scenario.compare import Comparison, plain_value
from unbond.scenario.load import Location, ScenarioError
from unbond.scenario.model import Step, Value
from unbond.scenario.words import choose, is_name, split_moment
from unbond.systems import System
from unbond.systems.base import ActionSpec, ArgumentKind, Coin, Receipt, SystemSpeaker
from unbond.timeline import Entry, Holding, Timeline
from unbond.wallets import StubbornWallet
from unbond.when import HOUR, SESSION_START, WEEK, parse_duration, parse_moment


@dataclass(frozen=True)
class _Done:
    """A named step that has been done."""

    timestamp: int
    event: dict[str, Any]
    position: int | None


LEFT_OUT = "left out: only a contract can answer this"
"""What a timeline says of a step that the chain cannot do, since it is a model."""


class RoleSpeaker(SystemSpeaker):
    """Names people by role."""

    def __init__(self, system: System, roles: Roles) -> None:
        """Speak of this system and these people."""
        super().__init__(system)
        self._roles = roles

    def person(self, address: str) -> str:
        """Somebody's role."""
        return self._roles.name_of(address)


def play(
    bound: BoundScenario,
    chain: Chain,
    roles: Roles | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    deployed: Callable[[System], None] = lambda system: None,
    later: int = 0,
) -> Timeline:
    """Deploy the scenario's system on ``chain`` and do every step; returns what happened.

    Args:
        bound: the scenario.
        chain: where; its time has to be movable.
        roles: who is who; test accounts if missing.
        progress: called with the number of steps done and their total.
        deployed: called with the system before the first step.
        later: by how many seconds all moments that the file names are later than it says.

    Raises:
        ClockError: when the chain's time cannot be moved.
        ScenarioError: when a step cannot be done at its time, or a word only now turned out to
            mean nothing.
    """
    chain.clock.start()
    chain.clock.at(max(chain.clock.now, SESSION_START + later))
    session = _Session(bound, chain, roles or Roles(chain), later)
    deployed(session.system)
    return session.play(progress)


def room_for(bound: BoundScenario, now: int) -> int:
    """How many seconds later a scenario's moments have to be, to be played from ``now`` on.

    They are whole weeks, so that everything in it is as far from the beginning of its epoch as the
    file says.

    Args:
        bound: the scenario.
        now: where the chain is, in Unix time.
    """
    weeks = max(0, (now - SESSION_START) // WEEK)
    named = [step.at for step in bound.scenario.steps if step.at is not None]
    moments = [moment for at in named if (moment := _absolute(at)) is not None]
    # The rest of the week will do, if there is time to set everything up.
    if moments and min(moments) + weeks * WEEK < now + HOUR and now > SESSION_START:
        weeks += 1
    return weeks * WEEK


def _absolute(at: Value) -> int | None:
    """A moment in Unix time; None if it depends on what happened before."""
    if isinstance(at, int):
        return at
    base, shift = split_moment(at)
    return None if is_name(base.partition(".")[0]) else parse_moment(base) + shift


class Purses:
    """What people hold of everything that a system uses.

    A test account has had coins all along, and pays for gas. Of the coin of the chain is shown what
    there would be had it begun with its funds, and were gas free.
    """

    def __init__(self, system: System, roles: Roles, funds: dict[str, int]) -> None:
        """Begin with what roles have been given, in wei."""
        self._system = system
        self._roles = roles
        self._fees: dict[str, int] = {}
        self._before: dict[str, int] = {}
        for role, amount in funds.items():
            self._before[role] = self._coins(role, NEXT_BLOCK) - amount

    def note_fee(self, role: str, fee: int) -> None:
        """Remember what somebody paid for gas, in wei."""
        self._fees[role] = self._fees.get(role, 0) + fee

    def of(self, role: str, block: Block) -> dict[str, int]:
        """What somebody holds, in wei by symbol."""
        held = {}
        for symbol, money in self._system.money.items():
            if isinstance(money, Coin):
                before = self._before.setdefault(role, self._coins(role, NEXT_BLOCK))
                held[symbol] = self._coins(role, block) + self._fees.get(role, 0) - before
            else:
                held[symbol] = money.balance_of(self._roles.address(role), block=block)
        return held

    def _coins(self, role: str, block: Block) -> int:
        return self._system.chain.balance_of(self._roles.address(role), block)


class _Session:
    """A scenario while it runs."""

    def __init__(self, bound: BoundScenario, chain: Chain, roles: Roles, later: int) -> None:
        self.file = bound.file
        self.later = later
        self.chain = chain
        self.roles = roles
        self.symbol = bound.kind.symbol
        self.other_symbols = bound.kind.other_symbols
        self.done: dict[str, _Done] = {}
        scenario = bound.scenario
        owner = roles.account("owner")
        # First: a wallet may have a role in the setup.
        wallets = [self._wallet(role) for role in scenario.refusing]
        with self._about(("setup",)):
            self.system = bound.kind.establish(chain, owner, bound.setup, roles.account)
        funds = {}
        for role, amount in scenario.funds.items():
            with self._about(("funds", role)):
                funds[role] = parse_amount(amount, self.symbol)
                self.system.fund(owner, roles.account(role), funds[role])
        for wallet in wallets:
            # Not before it has its funds.
            wallet.refuse(chain)
        for index, step in enumerate(scenario.steps):
            if step.by is not None:
                # Who has no gas yet gets some now: between two steps it would take a second.
                with self._about(("steps", index, "by")):
                    roles.account(step.by)
        self.people = list(scenario.funds)
        self.purses = Purses(self.system, roles, funds)
        self.last = chain.clock.present
        self.speaker = RoleSpeaker(self.system, roles)

    def _wallet(self, role: str) -> StubbornWallet:
        wallet = StubbornWallet.open(self.chain, self.roles.account(f"keeper of {role}"))
        self.roles.appoint(role, wallet)
        return wallet

    def play(self, progress: Callable[[int, int], None]) -> Timeline:
        scenario = self.file.scenario
        timeline = Timeline(
            file=self.file.path,
            title=scenario.title,
            document=scenario.document,
            about=scenario.about,
            rules=scenario.rules,
            symbol=self.symbol,
            network=self.chain.name,
        )
        for index, step in enumerate(scenario.steps):
            progress(index, len(scenario.steps))
            try:
                timeline.entries.append(self._play_step(index, step))
            except ScenarioError as error:
                if timeline.passed:
                    raise
                # A step before it went wrong, and the reader has to see that.
                timeline.entries.append(self._undone(index, step, error))
                break
        progress(len(scenario.steps), len(scenario.steps))
        return timeline

    def _undone(self, index: int, step: Step, error: ScenarioError) -> Entry:
        name = step.do or step.check or ""
        return Entry(
            number=index + 1,
            timestamp=self.chain.clock.now,
            role=step.by or "",
            action=name,
            what=self._describe(self.system.actions()[name], step),
            result="could not be done, and ends the scenario",
            event=None,
            refused=None,
            returned=None,
            gas_used=0,
            holdings=(),
            balances={},
            others={},
            differences=tuple(map(str, error.problems)),
            note=step.note,
        )

    @contextmanager
    def _about(self, place: Location) -> Iterator[None]:
        """Turn what goes wrong inside into a complaint about the field at ``place``."""
        try:
            yield
        except (LookupError, Refused) as error:
            message = f"refused: {error.sentence}" if isinstance(error, Refused) else str(error)
            raise ScenarioError([self.file.problem(place, message)]) from None

    def _play_step(self, index: int, step: Step) -> Entry:
        place: Location = ("steps", index)
        now = self.last = self._go_to_time_of(place, step)
        name = step.do or step.check or ""
        spec = self.system.actions()[name]
        arguments = {
            argument: self._countable(place, argument, self._value(place, argument, spec, step))
            for argument in spec.arguments
            if argument in step.arguments
        }
        method = getattr(self.system, name)
        receipt: Receipt[Any] | None = None
        refusal: Refused | None = None
        returned: Any = None
        answered = True
        try:
            if spec.sends:
                receipt = method(self.roles.account(step.by or ""), **arguments)
            else:
                returned = method(**arguments)
        except Refused as error:
            refusal = error
        except Unanswered:
            answered = False
        # After a transaction things stand as in its block; else as in the next, which is now.
        block: Block = LAST_BLOCK if receipt else NEXT_BLOCK
        if receipt is not None and step.name is not None:
            event = receipt.main
            self.done[step.name] = _Done(now, dict(vars(event)), event.position)
        elif step.name is not None:
            self.done[step.name] = _Done(now, {}, None)
        positions = {
            role: self.system.positions_of(self.roles.address(role), block=block)
            for role in dict.fromkeys([*self.people, *step.expect.positions])
        }
        if receipt is not None and step.by not in self.file.scenario.refusing:
            # For a wallet, its keeper pays.
            self.purses.note_fee(step.by or "", receipt.fee)
        balances = {
            role: self.purses.of(role, block)
            for role in dict.fromkeys([*self.people, *step.expect.balances])
        }
        checker = Comparison(self.file, self, place)
        if answered:
            checker.outcome(step, receipt, refusal, returned)
        checker.balances(step, balances)
        checker.positions(step, positions)
        return Entry(
            number=index + 1,
            timestamp=receipt.timestamp if receipt else now,
            role=step.by or "",
            action=name,
            what=self._describe(spec, step),
            result=self._result(receipt, refusal, returned) if answered else LEFT_OUT,
            event=dict(vars(receipt.main)) if receipt else None,
            refused={"name": refusal.name, **refusal.fields} if refusal else None,
            returned=plain_value(returned),
            gas_used=receipt.gas_used if receipt else 0,
            holdings=tuple(
                Holding(role, self.system.name_of(position), position)
                for role, owned in positions.items()
                for position in owned
                if position.state is not PositionState.CLOSED
            ),
            balances={role: held[self.symbol] for role, held in balances.items()},
            others={
                role: {symbol: held[symbol] for symbol in self.other_symbols}
                for role, held in balances.items()
                if self.other_symbols
            },
            differences=tuple(checker.differences),
            note=step.note,
            left_out=not answered,
        )

    def _go_to_time_of(self, place: Location, step: Step) -> int:
        clock = self.chain.clock
        try:
            if step.at is not None:
                return clock.at(self.moment((*place, "at"), step.at))
            if step.after is not None:
                return clock.at(self.last + parse_duration(step.after))
        except ClockError as error:
            field = "at" if step.at is not None else "after"
            raise ScenarioError([self.file.problem((*place, field), str(error))]) from None
        return clock.now

    def _countable(self, place: Location, argument: str, value: Any) -> Any:
        if isinstance(value, int) and not 0 <= value <= LARGEST:
            message = f"{value} is negative, or more than a contract can count"
            raise ScenarioError([self.file.problem((*place, "with", argument), message)])
        return value

    def _value(self, place: Location, argument: str, spec: ActionSpec, step: Step) -> Any:
        where = (*place, "with", argument)
        value = step.arguments[argument]
        kind = spec.arguments[argument]
        if argument in spec.choices:
            return choose(spec.choices[argument], value)
        if kind is ArgumentKind.AMOUNT:
            return parse_amount(value, spec.units.get(argument, self.symbol))
        if kind is ArgumentKind.BPS:
            return parse_share(value)
        if kind is ArgumentKind.MOMENT:
            return self.moment(where, value)
        if kind is ArgumentKind.POSITION:
            return self.position(where, value)
        if kind is ArgumentKind.PARTY:
            return self.address(str(value))
        return value

    # What words mean by now.

    def address(self, value: str) -> str:
        """The address of a role, or the address itself."""
        return parse_address(value) if value.startswith("0x") else self.roles.address(value)

    def position(self, place: Location, value: Value) -> int:
        """The position that came of a named step, or an id itself."""
        if isinstance(value, int):
            return value
        position = self.done[str(value)].position
        if position is None:
            message = f"no position came of the step '{value}'"
            raise ScenarioError([self.file.problem(place, message)])
        return position

    def is_named(self, value: str) -> bool:
        """Whether a step so far has this name."""
        return value in self.done

    def moment(self, place: Location, value: Value) -> int:
        """A moment: of its own, of a named step, or of a field of that step's event."""
        if isinstance(value, int):
            # No moment at all is no later.
            return value + self.later if value else 0
        base, shift = split_moment(value)
        name, dot, field = base.partition(".")
        done = self.done.get(name)
        if done is None:
            return parse_moment(base) + shift + self.later
        if not dot:
            return done.timestamp + shift
        found = done.event.get(snake(field))
        if not isinstance(found, int):
            message = f"the event of the step '{name}' has no moment '{field}'"
            raise ScenarioError([self.file.problem(place, message)])
        return found + shift

    def _describe(self, spec: ActionSpec, step: Step) -> str:
        arguments = ", ".join(
            f"{name} {str(value).lower() if isinstance(value, bool) else value}"
            for name, value in step.arguments.items()
        )
        return spec.name.replace("_", " ") + (f": {arguments}" if arguments else "")

    def _result(self, receipt: Receipt[Any] | None, refusal: Refused | None, returned: Any) -> str:
        if refusal is not None:
            return f"refused: {self.speaker.refusal(refusal)}"
        if receipt is not None:
            return "; ".join(event.sentence(self.speaker) for event in receipt.events)
        value = plain_value(returned)
        if isinstance(value, dict):
            return self.speaker.fields(value)
        return self.speaker.value("", value)
