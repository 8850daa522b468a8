"""Binding a scenario to its system: whether its words mean something, before a chain is touched."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ValidationError

from unbond.codec import camel, snake
from unbond.positions import PositionState
from unbond.scenario.known import (
    Fields,
    answer_fields,
    class_fields,
    error_fields,
    event_fields,
)
from unbond.scenario.load import Location, Problem, ScenarioError, ScenarioFile, validation_problems
from unbond.scenario.model import ExpectedPosition, Step, Value
from unbond.scenario.words import (
    WordChecker,
    check_party,
    is_name,
    near_fields,
    near_names,
)
from unbond.systems import System, system_class
from unbond.systems.base import ActionSpec, ArgumentKind
from unbond.when import parse_duration


class BoundScenario:
    """A scenario file bound to its system: every word of it means something."""

    def __init__(self, file: ScenarioFile) -> None:
        """Check that every word of the file means something.

        Raises:
            ScenarioError: with every problem found.
        """
        self.file = file
        self.scenario = file.scenario
        self._problems: list[Problem] = []
        self.kind = self._find_system()
        self.setup = self._bind_setup()
        self._errors = error_fields(self.kind)
        reader = WordChecker(self.kind.symbol, self.kind.powers, self.kind.other_symbols)
        for role, amount in self.scenario.funds.items():
            self._try(("funds", role), check_party, role)
            self._try(("funds", role), reader.check, ArgumentKind.AMOUNT, amount)
        for index, role in enumerate(self.scenario.refusing):
            if not is_name(role) or role == "owner":
                self._complain(("refusing", index), f"'{role}' is no role that can be a contract")
        for index, step in enumerate(self.scenario.steps):
            self._bind_step(("steps", index), step, reader)
        if self._problems:
            raise ScenarioError(self._problems)

    # Binding.

    def _find_system(self) -> type[System]:
        name = self.scenario.system
        try:
            kind = system_class(name)
        except LookupError as error:
            message = str(error)
        except Exception as error:
            # Somebody's own module can fail in any way while it is imported.
            message = f"'{name}' cannot be loaded: {type(error).__name__}: {error}"
        else:
            if not inspect.isabstract(kind):
                return kind
            message = f"'{name}' is no system but what systems derive from"
        raise ScenarioError([self.file.problem(("system",), message)])

    def _bind_setup(self) -> BaseModel | None:
        try:
            return self.kind.setup_model.model_validate(self.scenario.setup)
        except ValidationError as error:
            self._problems += validation_problems(
                self.file.path, self.file.lines, error, ("setup",), self.kind.setup_model
            )
            return None

    def _bind_step(self, place: Location, step: Step, reader: WordChecker) -> None:
        word = "do" if step.do is not None else "check"
        name = step.do if step.do is not None else step.check
        spec = self._spec(name or "", sends=step.do is not None)
        if spec is None:
            known = [s.name for s in self.kind.actions().values() if s.sends == (word == "do")]
            self._complain((*place, word), f"there is no '{name}'{near_names(name or '', known)}")
        else:
            self._bind_arguments(place, step, spec, reader)
        if step.by is not None:
            self._try((*place, "by"), check_party, step.by)
        if step.after is not None:
            self._try((*place, "after"), parse_duration, step.after)
        if step.at is not None:
            self._try((*place, "at"), reader.check_moment, step.at)
        event = self._event_of(step, spec)
        if step.name is not None:
            if not is_name(step.name):
                self._complain((*place, "as"), f"'{step.name}' is no name")
            elif step.name in reader.named:
                self._complain((*place, "as"), f"another step is called '{step.name}' already")
            reader.named[step.name] = event
        self._bind_expectation((*place, "expect"), step, spec, event, reader)

    def _bind_arguments(
        self, place: Location, step: Step, spec: ActionSpec, reader: WordChecker
    ) -> None:
        for argument, value in step.arguments.items():
            where = (*place, "with", argument)
            if argument not in spec.arguments:
                known = list(spec.arguments)
                self._complain(
                    where, f"'{spec.name}' takes no such argument{near_names(argument, known)}"
                )
            else:
                self._try(where, reader.check_argument, spec, argument, value)
        for argument in spec.arguments:
            if argument not in step.arguments and argument not in spec.optional:
                self._complain((*place, "with"), f"'{spec.name}' needs '{argument}'")

    def _event_of(self, step: Step, spec: ActionSpec | None) -> Fields | None:
        """The fields that can be known of the event of a step, none if it is to have none."""
        if step.check is not None or step.expect.refused is not None:
            return {}
        return event_fields(self.kind, spec.name) if spec is not None else None

    def _bind_expectation(
        self,
        place: Location,
        step: Step,
        spec: ActionSpec | None,
        event: Fields | None,
        reader: WordChecker,
    ) -> None:
        expected = step.expect
        if expected.refused is not None:
            self._bind_refusal((*place, "refused"), expected.refused, reader)
        if step.check is not None and expected.event:
            self._complain((*place, "event"), "a check has no event; say what it 'returns'")
        else:
            self._bind_fields((*place, "event"), expected.event, event, reader)
        if step.do is not None and expected.returns is not None:
            self._complain((*place, "returns"), "an action returns nothing; say its 'event'")
        elif spec is not None and isinstance(expected.returns, dict):
            answer = answer_fields(self.kind, spec.name)
            if answer == {}:
                self._complain((*place, "returns"), f"'{spec.name}' returns one value, not fields")
            else:
                self._bind_fields((*place, "returns"), expected.returns, answer, reader)
        for role, amount in expected.balances.items():
            self._try((*place, "balances", role), check_party, role)
            self._try((*place, "balances", role), reader.check_holding, amount)
        for role, positions in expected.positions.items():
            self._try((*place, "positions", role), check_party, role)
            for index, position in enumerate(positions):
                self._bind_position((*place, "positions", role, index), position, reader)

    def _bind_refusal(
        self, place: Location, expected: str | dict[str, Any], reader: WordChecker
    ) -> None:
        name = expected if isinstance(expected, str) else next(iter(expected))
        known = self._bind_error(place, name)
        if not isinstance(expected, str):
            self._bind_fields((*place, name), expected[name] or {}, known, reader)

    def _bind_error(self, place: Location, name: str) -> Fields | None:
        """Check that there is such an error; returns its fields, None if they are not known."""
        known = (self._errors or {}).get(name, class_fields(name))
        # Errors that no contract declares are named by a sentence or by their bytes.
        if known is None and self._errors is not None and name.isidentifier():
            self._complain(place, f"there is no error '{name}'{near_names(name, self._errors)}")
        return known

    def _bind_position(
        self, place: Location, expected: ExpectedPosition, reader: WordChecker
    ) -> None:
        kinds = {"state": PositionState, "amount": int, "rewards": int, "available_at": int}
        for field, kind in kinds.items():
            value = getattr(expected, field)
            if value is not None:
                self._try((*place, camel(field)), reader.check_field, field, kind, value)
        if expected.blocked_by:
            self._bind_error((*place, "blockedBy"), expected.blocked_by)

    def _bind_fields(
        self,
        place: Location,
        expected: dict[str, Value],
        known: Fields | None,
        reader: WordChecker,
    ) -> None:
        """Check what is expected of fields, of which the names and types may be known."""
        if known is None:
            return
        for field, value in expected.items():
            name = snake(field)
            if name not in known:
                self._complain(
                    (*place, field), f"there is no field '{field}'{near_fields(field, known)}"
                )
            else:
                self._try((*place, field), reader.check_field, name, known[name], value)

    def _spec(self, name: str, *, sends: bool) -> ActionSpec | None:
        spec = self.kind.actions().get(name)
        return spec if spec is not None and spec.sends == sends else None

    def _try(self, place: Location, check: Callable[..., Any], *arguments: Any) -> None:
        try:
            check(*arguments)
        except ValueError as error:
            self._complain(place, str(error))

    def _complain(self, place: Location, message: str) -> None:
        self._problems.append(self.file.problem(place, message))
