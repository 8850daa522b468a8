"""What there is to be reached in a Solidity file: functions, statements, and branches."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from unbond.coverage.code import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

Node = dict[str, Any]

_CALLABLES = ("FunctionDefinition", "ModifierDefinition")
_CHECKS = ("require", "assert")
_BLOCKS = ("Block", "UncheckedBlock", "YulBlock")
_SIMPLE = frozenset(
    {
        *("ExpressionStatement", "VariableDeclarationStatement", "Return", "RevertStatement"),
        *("EmitStatement", "Break", "Continue"),
        *("YulExpressionStatement", "YulAssignment", "YulVariableDeclaration"),
        *("YulBreak", "YulContinue", "YulLeave"),
    }
)
_LARGEST = 2**31 - 1
_LEAVING = frozenset(
    {"Return", "RevertStatement", "Break", "Continue", "YulBreak", "YulContinue", "YulLeave"}
)


@dataclass(frozen=True, eq=False)
class Function:
    """A function, a constructor or a modifier with a body."""

    identity: int
    """The compiler's number of it."""
    name: str
    contract: str
    """Where it is defined; empty for a function outside of contracts."""
    place: Place
    used: frozenset[int]
    """What it and its modifiers name, by the compiler's numbers."""
    modifiers: frozenset[int]
    """The compiler's numbers of its modifiers."""
    kind: str
    """``function``, ``modifier``, ``constructor``, ``receive``, ``fallback`` or ``assembly``."""


@dataclass(frozen=True, eq=False)
class Statement:
    """What is executed as a whole: a simple statement, or the condition of another."""

    place: Place
    contract: str
    function: Function
    """What it is in."""
    used: frozenset[int]
    """What it may call itself."""
    block: Block
    simple: bool
    """Whether the next statement of the block follows, if this one neither reverts nor returns."""
    repeats: bool
    """Whether it is a loop's condition, which is executed more often than what is beside it."""
    dead: bool
    """Whether what comes before always leaves."""


@dataclass(eq=False)
class Block:
    """Statements that follow one another."""

    statements: list[Statement] = field(default_factory=list)
    way: tuple[Branch, int] | None = None
    """The way of a branch that leads to it and to nothing else, if one does."""


@dataclass(frozen=True, eq=False)
class Branch:
    """A place where the ways part."""

    kind: str
    """``if``, ``require``, ``choice`` (``? :``), ``try`` or ``switch``."""
    place: Place
    """Of the text that the jump is made from."""
    contract: str
    statement: Statement
    """In which one it is, or whose condition it is."""
    used: frozenset[int]
    """What all its ways may call, by the compiler's numbers."""
    ways: tuple[str, ...]
    """What each way is called."""
    into: tuple[Place | None, ...]
    """Where each way leads, if that is some text of its own."""


@dataclass
class Syntax:
    """What there is in one file."""

    functions: list[Function] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    branches: list[Branch] = field(default_factory=list)
    constants: list[Place] = field(default_factory=list)
    """What constants are. Wherever one is used, that is worked out anew."""


@dataclass
class Calls:
    """Who calls whom, in all files of one run of the compiler."""

    used: dict[int, frozenset[int]]
    """What each function or modifier names, by the compiler's numbers."""
    overridden: dict[int, set[int]]
    """Who stands for each function further down the inheritance."""
    _reached: dict[int, frozenset[int]] = field(default_factory=dict)

    def reached(self, first: frozenset[int]) -> frozenset[int]:
        """All that may be executed when these are called."""
        found: set[int] = set()
        for one in first:
            if one not in self._reached:
                self._reached[one] = self._closure(one)
            found |= self._reached[one]
        return frozenset(found)

    def standing_for(self, first: frozenset[int]) -> frozenset[int]:
        """These, and all that stand for one of them further down the inheritance."""
        found: set[int] = set()
        waiting = list(first)
        while waiting:
            here = waiting.pop()
            if here not in found:
                found.add(here)
                waiting += self.overridden.get(here, ())
        return frozenset(found)

    def _closure(self, one: int) -> frozenset[int]:
        found: set[int] = set()
        waiting = [one]
        while waiting:
            here = waiting.pop()
            if here not in found:
                found.add(here)
                waiting += self.used.get(here, ())
                waiting += self.overridden.get(here, ())
        return frozenset(found)


def calls(trees: list[Node]) -> Calls:
    """Who calls whom."""
    used: dict[int, frozenset[int]] = {}
    bases: dict[int, list[int]] = {}
    for tree in trees:
        for node in _walk(tree):
            if node.get("nodeType") in _CALLABLES:
                used[node["id"]] = frozenset(_named(node))
                bases[node["id"]] = [
                    *node.get("baseFunctions", ()),
                    *node.get("baseModifiers", ()),
                ]
    # What a function names may also be a variable; only functions matter.
    known = frozenset(used)
    overridden: dict[int, set[int]] = {}
    for one, over in bases.items():
        for base in over:
            overridden.setdefault(base, set()).add(one)
    return Calls({one: names & known for one, names in used.items()}, overridden)


def syntax(tree: Node) -> Syntax:
    """What there is to be reached in a file."""
    reader = _Reader()
    for node in tree.get("nodes", ()):
        if node["nodeType"] == "ContractDefinition":
            for part in node["nodes"]:
                reader.read_part(part, node["name"])
        else:
            reader.read_part(node, "")
    return reader.found


class _Reader:
    def __init__(self) -> None:
        self.found = Syntax()
        self._contract = ""
        self._function: Function
        self._dead = False

    def read_part(self, node: Node, contract: str) -> None:
        """A function or modifier with a body, or a constant; anything else is passed over."""
        kind = node["nodeType"]
        if kind == "VariableDeclaration" and node["constant"] and node.get("value"):
            self.found.constants.append(Place.read(node["value"]["src"]))
        elif kind in _CALLABLES and node.get("body"):
            self._contract = contract
            modifiers = (one["modifierName"] for one in node.get("modifiers", ()))
            self._callable(
                Function(
                    node["id"],
                    node["name"] or node["kind"],
                    contract,
                    Place.read(node["src"]),
                    frozenset(_named(node)),
                    frozenset(chain(*map(_named, modifiers))),
                    node.get("kind", "modifier"),
                ),
                node["body"],
            )

    def _callable(self, function: Function, body: Node) -> None:
        self._function = function
        self._dead = False
        self.found.functions.append(function)
        self._block(body, Block())

    def _assembly_function(self, node: Node) -> None:
        outer, dead = self._function, self._dead
        function = replace(outer, name=node["name"], place=Place.read(node["src"]), kind="assembly")
        self._callable(function, node["body"])
        self._function, self._dead = outer, dead

    def _block(self, node: Node, block: Block) -> None:
        """The statements of a block, or the single one that stands for it."""
        nodes = node.get("statements", ()) if node["nodeType"] in _BLOCKS else [node]
        dead = self._dead
        for inner in nodes:
            self._statement(inner, block)
            self._dead = self._dead or _leaves(inner)
        self._dead = dead

    def _statement(self, node: Node, block: Block) -> None:
        kind = node["nodeType"]
        if kind in _SIMPLE:
            self._add(node, block, simple=True)
        elif kind in _BLOCKS:
            self._block(node, block)
        elif kind in ("IfStatement", "YulIf"):
            self._if(node, block)
        elif kind in ("ForStatement", "YulForLoop"):
            self._for(node, block)
        elif kind in ("WhileStatement", "DoWhileStatement"):
            self._add(node["condition"], block, repeats=True)
            self._block(node["body"], Block())
        elif kind == "TryStatement":
            self._try(node, block)
        elif kind == "YulSwitch":
            self._switch(node, block)
        elif kind == "InlineAssembly" and "AST" in node:
            self._block(node["AST"], block)
        elif kind == "YulFunctionDefinition":
            self._assembly_function(node)

    def _add(
        self, node: Node, block: Block, *, simple: bool = False, repeats: bool = False
    ) -> Statement:
        statement = Statement(
            Place.read(node["src"]),
            self._contract,
            self._function,
            frozenset(_named(node)),
            block,
            simple,
            repeats,
            self._dead,
        )
        block.statements.append(statement)
        self.found.statements.append(statement)
        for inner in _walk(node):
            self._branch_within(inner, statement)
        return statement

    def _branch_within(self, node: Node, statement: Statement) -> None:
        if node.get("nodeType") == "Conditional":
            into = [Place.read(node[way]["src"]) for way in ("trueExpression", "falseExpression")]
            self._ways("choice", node, statement, ("true", "false"), *into)
        elif node.get("nodeType") == "FunctionCall" and _checks(node):
            self._ways("require", node, statement, ("holds", "fails"), None, None)

    def _ways(
        self,
        kind: str,
        node: Node,
        statement: Statement,
        ways: tuple[str, ...],
        *into: Place | None,
    ) -> Branch:
        place, used = Place.read(node["src"]), frozenset(_named(node))
        branch = Branch(kind, place, self._contract, statement, used, ways, into)
        self.found.branches.append(branch)
        return branch

    def _if(self, node: Node, block: Block) -> None:
        statement = self._add(node["condition"], block)
        bodies = [
            node["trueBody"] if "trueBody" in node else node["body"],
            node.get("falseBody"),
        ]
        into = [Place.read(body["src"]) if body else None for body in bodies]
        branch = self._ways("if", node, statement, ("true", "false"), *into)
        for way, body in enumerate(bodies):
            if body:
                self._block(body, Block(way=(branch, way)))

    def _for(self, node: Node, block: Block) -> None:
        for first in ("initializationExpression", "pre"):
            if node.get(first):
                self._block(node[first], block)
        if node.get("condition"):
            self._add(node["condition"], block, repeats=True)
        for inner in ("loopExpression", "post", "body"):
            if node.get(inner):
                self._block(node[inner], Block())

    def _try(self, node: Node, block: Block) -> None:
        statement = self._add(node["externalCall"], block)
        clauses = node["clauses"]
        names = tuple("returns" if not i else f"catch {i}" for i, _ in enumerate(clauses))
        into = [Place.read(clause["src"]) for clause in clauses]
        branch = self._ways("try", node, statement, names, *into)
        for way, clause in enumerate(clauses):
            self._block(clause["block"], Block(way=(branch, way)))

    def _switch(self, node: Node, block: Block) -> None:
        statement = self._add(node["expression"], block)
        bodies = [case["body"] for case in node["cases"]]
        names = tuple(
            "default" if case["value"] == "default" else f"case {case['value']['value']}"
            for case in node["cases"]
        )
        into = [Place.read(body["src"]) for body in bodies]
        branch = self._ways("switch", node, statement, names, *into)
        for way, body in enumerate(bodies):
            self._block(body, Block(way=(branch, way)))


def _leaves(node: Node) -> bool:
    """Whether nothing comes after a statement."""
    kind = node["nodeType"]
    if kind in _BLOCKS:
        return any(map(_leaves, node.get("statements", ())))
    if kind == "IfStatement":
        ways = node["trueBody"], node.get("falseBody")
        return all(way and _leaves(way) for way in ways)
    if kind == "ExpressionStatement":
        return _called(node["expression"]) == "revert"
    return kind in _LEAVING


def _checks(node: Node) -> bool:
    """Whether a call is the language's own ``require`` or ``assert``."""
    return _called(node) in _CHECKS


def _called(node: Node) -> str | None:
    """Which of the language's own functions is called, if one is."""
    called = node.get("expression", {})
    number = called.get("referencedDeclaration") or 0
    # Its own have negative numbers. A compiler in WebAssembly shows them without their sign.
    return called.get("name") if number < 0 or number > _LARGEST else None


def _walk(node: Any) -> Iterator[Node]:
    if isinstance(node, dict):
        yield node
        for part in node.values():
            if isinstance(part, (dict, list)):
                yield from _walk(part)
    elif isinstance(node, list):
        for part in node:
            yield from _walk(part)


def _named(node: Node) -> Iterator[int]:
    """The compiler's numbers of what is named in some text."""
    for inner in _walk(node):
        for key in ("referencedDeclaration", "function"):
            number = inner.get(key)
            if isinstance(number, int) and number > 0:
                yield number
