"""Reading a scenario file: YAML with a line for every complaint."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from unbond.files import read_file
from unbond.scenario.model import Scenario

Location = tuple[str | int, ...]
"""The way to a field of a file: names of fields and places in lists."""


@dataclass(frozen=True)
class Problem:
    """Something wrong in a file."""

    file: str
    line: int
    """From 1; 0 for the file as a whole."""
    field: str
    """The way to it, as in ``steps[2].with.amount``; empty for the file as a whole."""
    message: str

    def __str__(self) -> str:
        """The problem in one line."""
        place = [self.file, str(self.line)] if self.line else [self.file]
        parts = [":".join(place), self.field, self.message]
        # What stands in the file may have several lines.
        return " ".join(": ".join(part for part in parts if part).splitlines())


class ScenarioError(Exception):
    """A scenario file that cannot be run; nothing has been done."""

    def __init__(self, problems: list[Problem]) -> None:
        """Take all that is wrong, in the order of the file."""
        self.problems = sorted(problems, key=lambda problem: (problem.file, problem.line))
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True)
class ScenarioFile:
    """A scenario and where each of its fields stands."""

    path: str
    scenario: Scenario
    lines: dict[Location, int]

    def problem(self, location: Location, message: str) -> Problem:
        """Complain about the field at ``location``."""
        return Problem(self.path, self.line_of(location), field_name(location), message)

    def line_of(self, location: Location) -> int:
        """The line of a field or, if the file does not give it, of what should hold it."""
        return _line_of(self.lines, location)


def load_scenario(path: Path) -> ScenarioFile:
    """Read a scenario file and check its form; what its words mean is checked before it is run.

    Raises:
        ScenarioError: with every problem found.
    """
    name = str(path)
    try:
        content = read_file(path)
    except FileNotFoundError:
        raise ScenarioError([Problem(name, 0, "", "there is no such file")]) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise ScenarioError([Problem(name, 0, "", f"cannot be read: {reason}")]) from None
    lines: dict[Location, int] = {}
    try:
        data = _parse(content, lines)
    except _Unreadable as error:
        raise ScenarioError([Problem(name, error.line, "", error.message)]) from None
    if not isinstance(data, dict):
        raise ScenarioError([Problem(name, 1, "", "is no scenario: it has no fields")])
    try:
        scenario = Scenario.model_validate(data)
    except ValidationError as error:
        raise ScenarioError(validation_problems(name, lines, error, (), Scenario)) from None
    return ScenarioFile(name, scenario, lines)


def validation_problems(
    file: str,
    lines: dict[Location, int],
    error: ValidationError,
    prefix: Location,
    model: type[BaseModel],
) -> list[Problem]:
    """Pydantic's complaints in the words of this package, one a field, each with its line."""
    messages: dict[Location, str] = {}
    wanted: dict[Location, list[str]] = {}
    for detail in error.errors():
        location = prefix
        for part in detail["loc"]:
            # Beside the way through the file, pydantic names the members of unions.
            if (*location, part) in lines:
                location = (*location, part)
        kind = detail["type"]
        if kind in _WANTED:
            # A union complains once for each of its members.
            wanted.setdefault(location, []).append(_WANTED[kind])
        elif kind == "extra_forbidden":
            near = _suggestion(str(detail["loc"][-1]), model)
            messages.setdefault(location, f"there is no such field{near}")
        elif kind == "missing":
            messages.setdefault((*location, detail["loc"][-1]), "is missing")
        else:
            messages.setdefault(location, detail["msg"].removeprefix("Value error, "))
    for location, kinds in wanted.items():
        # Where something further inside is wrong, another member of the union is meant.
        if not any(
            other[: len(location)] == location
            for other in (*messages, *wanted)
            if other != location
        ):
            messages[location] = f"should be {' or '.join(dict.fromkeys(kinds))}"
    return [
        Problem(file, _line_of(lines, location), field_name(location), message)
        for location, message in messages.items()
    ]


_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "dict_type": "fields",
    "model_type": "fields",
    "list_type": "a list",
}
"""Pydantic's complaints about the type of a value, and what the value should be."""


def field_name(location: Location) -> str:
    """``("steps", 2, "with")`` as people write it: ``steps[2].with``."""
    name = ""
    for part in location:
        name += f"[{part}]" if isinstance(part, int) else f".{part}"
    return name.removeprefix(".")


_DEEPEST = 50
"""How many lists and fields may stand in each other; the format needs eight."""


class _Unreadable(Exception):
    """A file that is not the YAML that is read here."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        self.message = message


def _parse(content: bytes, lines: dict[Location, int]) -> Any:
    """The fields of a file, noting the line of each."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _Unreadable(line, f"is not UTF-8: byte 0x{content[error.start]:02x}") from None
    try:
        loader = _Loader(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _Unreadable(line, f"has the character U+{error.character:04X}") from None
    try:
        node = loader.get_single_node()
        return None if node is None else _plain(node, (), lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _Unreadable(mark.line + 1 if mark else 1, str(error.problem)) from None
    except (ValueError, OverflowError):
        raise _Unreadable(loader.line + 1, "has an escape that is no character") from None


class _Loader(yaml.SafeLoader):
    """YAML without its surprises: dates stay text, and so do yes, no, on and off."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Refuse aliases, which let a short file stand for an endless one, and endless nesting."""
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases are not read here", problem_mark=mark)
        if self.depth == _DEEPEST:
            raise yaml.MarkedYAMLError(problem="is nested too deeply", problem_mark=mark)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"~|null|", ["~", "n", ""]),
    ("bool", r"true|false", ["t", "f"]),
    ("int", r"-?[0-9]+", list("-0123456789")),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$", re.ASCII), _first
    )


def _plain(node: yaml.Node, location: Location, lines: dict[Location, int]) -> Any:
    """The value of a node, noting the line of every field below it."""
    lines[location] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*location, i), lines) for i, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        fields: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(
                    problem="a field's name is text", problem_mark=key.start_mark
                )
            name = _text(key)
            if name in fields:
                raise yaml.MarkedYAMLError(
                    problem=f"the field '{name}' is given twice", problem_mark=key.start_mark
                )
            place = (*location, name)
            fields[name] = _plain(value, place, lines)
            lines[place] = key.start_mark.line + 1
        return fields
    if node.tag == "tag:yaml.org,2002:null":
        return None
    if node.tag == "tag:yaml.org,2002:bool":
        return node.value == "true"
    if node.tag == "tag:yaml.org,2002:int":
        try:
            return int(node.value)
        except ValueError:
            # Thousands of digits.
            raise yaml.MarkedYAMLError(
                problem="cannot be read as a number", problem_mark=node.start_mark
            ) from None
    if node.tag == "tag:yaml.org,2002:str":
        return _text(node)
    raise yaml.MarkedYAMLError(
        problem=f"cannot be read as text, a number, true or false: {node.value}",
        problem_mark=node.start_mark,
    )


def _text(node: yaml.Node) -> str:
    """The text of a node; an escape in quotes may have made something that is none."""
    text = str(node.value)
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise yaml.MarkedYAMLError(problem="is no text", problem_mark=node.start_mark)
    return text


def _line_of(lines: dict[Location, int], location: Location) -> int:
    while location not in lines:
        location = location[:-1]
    return lines[location]


def _suggestion(name: str, model: type[BaseModel]) -> str:
    """The nearest field of a model or of one below it."""
    known: set[str] = set()
    todo, seen = [model], {model}
    while todo:
        current = todo.pop()
        for field, info in current.model_fields.items():
            known.add(info.alias or field)
            for part in _models_in(info.annotation):
                if part not in seen:
                    seen.add(part)
                    todo.append(part)
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]
