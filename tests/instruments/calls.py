"""What is done with the corpus: one table, played on Ape's chain and written out for forge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.instruments.play import Deed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.instruments.play import Argument


def _make(name: str, kind: str, *arguments: Argument, types: str = "", fails: bool = False) -> Deed:
    return Deed(name, kind, f"({types})", arguments, 0, fails)


def _call(
    name: str, signature: str, *arguments: Argument, value: int = 0, fails: bool = False
) -> Deed:
    return Deed(name, "", signature, arguments, value, fails)


def _each(name: str, function: str, *arguments: int, fails: tuple[int, ...] = ()) -> Iterator[Deed]:
    """One call after another with a number."""
    for one in arguments:
        yield _call(name, f"{function}(uint256)", one, fails=one in fails)


def deeds() -> list[Deed]:
    """All that is done, in order. Most is done a different number of times."""
    return [
        *_construction(),
        *_modifiers(),
        *_inheritance(),
        *_loops(),
        *_expressions(),
        *_checks(),
        *_assembly(),
        *_libraries(),
        *_receivers(),
    ]


def _construction() -> Iterator[Deed]:
    two = "uint256,uint256"
    yield _make("leaf", "Leaf", 1, 2, types=two)
    yield _make("leaf 7", "Leaf", 10**40, 3, types=two)
    yield _make("leaf 0", "Leaf", 0, 0, types=two)
    yield _make("too large", "Leaf", 1, 51, types=two, fails=True)
    yield _make("middle", "Middle", 7, types="uint256")
    yield _make("bare", "Bare")
    for name, times in (("leaf", 1), ("leaf 7", 2), ("leaf 0", 3)):
        yield from [_call(name, "sum()")] * times
    yield from [_call("bare", "size()")] * 4
    yield _call("bare", "unknown()", fails=True)
    yield from [_call("bare", "even()")] * 2
    yield _make("loop", "Loop", 4, types="uint256")
    yield _make("loop", "Loop", 51, types="uint256", fails=True)
    yield _make("empty", "Empty")
    yield _make("factory", "Factory")
    yield _call("factory", "make(uint256,uint256)", 3, 4)
    yield _call("factory", "make(uint256,uint256)", 3, 60, fails=True)
    yield from _each("factory", "tryMake", 5, 6, 70, 5)
    yield _call("factory", "leaves(uint256)", 0)
    yield _make("cell", "Cell")
    yield from _each("cell", "put", 1, 2, 1)
    yield _call("factory", "clone(address)", "cell")
    yield _make("proxy", "Proxy", "cell", types="address")
    yield from _each("proxy", "put", 3, 4, 5, 3, 9, 1)
    yield _call("proxy", "put(uint256,uint256)", 1, 2, fails=True)


def _modifiers() -> Iterator[Deed]:
    yield _make("modifiers", "Modifiers")
    yield from _each("modifiers", "nested", 1, 2, 100, fails=(100,))
    yield from [_call("modifiers", "plain()")] * 2
    yield from _each("modifiers", "withReturn", 5, 6, 7)
    yield from _each("modifiers", "limited", 4, 5)
    yield from [_call("modifiers", "empty()")] * 5
    yield from [_call("modifiers", "some(bool)", one) for one in (True, True, False)]
    yield from [_call("modifiers", "repeated()")] * 7
    yield from _each("modifiers", "several", 0, 1, 3, 51, 100, 0, fails=(100,))
    yield from _each("modifiers", "inner", 0, 2, 3, 60, 200, fails=(200,))
    yield from _each("modifiers", "recursive", 0, 3, 100, fails=(100,))


def _inheritance() -> Iterator[Deed]:
    yield _make("bottom", "Bottom")
    yield _make("other", "Other")
    yield from _each("bottom", "visit", 1, 2, 3)
    yield from _each("bottom", "use", 1, 5)
    yield from _each("other", "use", 4, 5, 6)
    yield from _each("other", "visit", 7)
    yield from [_call("other", "replaced()")] * 4
    yield _call("bottom", "replaced()")
    yield from [_call("bottom", "name()")] * 3
    yield _call("other", "name()")
    yield _call("other", "visits()")


def _loops() -> Iterator[Deed]:
    yield _make("loops", "Loops")
    yield from _each("loops", "each", 0, 3, 5)
    yield from _each("loops", "eachWithout", 0, 4)
    yield from _each("loops", "single", 3, 50)
    yield from _each("loops", "some", 1, 3, 8)
    yield from _each("loops", "down", 0, 9, 2)
    yield from _each("loops", "once", 2, 9, 7, 1)
    yield from _each("loops", "within", 0, 1, 2, 3, 6, 9)
    yield _call("loops", "grid(uint256,uint256)", 3, 4)
    yield _call("loops", "grid(uint256,uint256)", 0, 4)
    yield _call("loops", "total()")


def _expressions() -> Iterator[Deed]:
    yield _make("expressions", "Expressions")
    yield from _each("expressions", "nest", 1, 2)
    yield from _each("expressions", "fibonacci", 0, 4)
    yield from _each("expressions", "short", 0, 5)
    yield from _each("expressions", "even", 3, 4)
    yield from _each("expressions", "odd", 3)
    yield from _each("expressions", "choice", 1, 2, 3, 4, 5)
    yield from [
        _call("expressions", "point(bool,uint256)", first, number)
        for first, number in ((True, 1), (False, 2), (False, 3))
    ]
    yield from _each("expressions", "tell", 1, 2)
    yield _call("expressions", "bytesOf(string)", "Grüße, ἅπαξ")
    yield from _each("expressions", "self", 3, 4)
    yield from _each("expressions", "overloaded", 1)
    yield from [_call("expressions", "overloaded(uint256,uint256)", 1, 2)] * 2
    yield from [_call("expressions", "overloaded(bool)", True)] * 3
    yield from [
        _call("expressions", "wide(uint256,uint256)", a, b)
        for a, b in ((1, 2), (3, 1), (4, 3), (5, 4))
    ]


def _checks() -> Iterator[Deed]:
    yield _make("checks", "Checks")
    yield from _each("checks", "text", 3, 4, 5, fails=(3,))
    yield from _each("checks", "plain", 1, 4, 2, 3, fails=(1, 2, 3))
    yield from _each("checks", "custom", 4, 2, 3, fails=(3,))
    yield from _each("checks", "several", 1, 2, 5, 7, 6, 8, 9, fails=(1, 5, 7, 9))
    yield from _each("checks", "reverts", 0, 1, 2, 3, 4, 5, 3, fails=(1, 2, 3, 4))
    yield from _each("checks", "panics", 0, 1, 2, 3, 4, fails=(0, 3, 4))
    yield from _each("checks", "unreachable", 0, 1, 2)
    yield from _each("checks", "unreachableToo", 0, 2, 4, fails=(4,))
    yield _make("attempts", "Attempts", "checks", types="address")
    yield from _each("attempts", "plain", 3, 4, 5)
    yield from _each("attempts", "told", 0, 1, 2, 3, 1)
    yield from _each("attempts", "reasons", 0, 1, 2, 3, 4)
    yield from _each("attempts", "low", 1, 2, 3, 5)
    yield from _each("attempts", "uncaught", 2, 3, fails=(3,))
    yield from _each("attempts", "looped", 2, 4)
    yield _call("attempts", "failures()")


def _assembly() -> Iterator[Deed]:
    yield _make("assembly", "Assembly")
    yield from _each("assembly", "flow", 0, 1, 3, 4, 5, 6, 9, 10)
    yield from _each("assembly", "single", 1, 2, 3)
    yield from _each("assembly", "onlyDefault", 1, 2, 3)
    yield from _each("assembly", "mixed", 0, 2, 3)


def _libraries() -> Iterator[Deed]:
    yield _make("user", "User")
    yield from _each("user", "add", 0, 1, 20, 3, fails=(0,))
    yield from [_call("user", "sum()")] * 2
    yield from [
        _call("user", "compare(uint256,uint256)", a, b) for a, b in ((1, 2), (9, 9), (20, 0))
    ]


def _receivers() -> Iterator[Deed]:
    yield _make("receiver", "Receiver")
    yield _make("simple", "Simple")
    yield _make("sender", "Sender")
    yield from [_call("receiver", "", value=one) for one in (1, 6, 2)]
    yield _call("receiver", "", "0102", value=3)
    yield _call("receiver", "give()", value=2)
    yield from [_call("sender", "send(address,uint256)", "receiver", 1, value=9)] * 2
    yield _call("sender", "send(address,uint256)", "simple", 1, value=9)
    yield _call("sender", "send(address,uint256)", "sender", 1, value=9)
    yield _call("sender", "push(address,uint256)", "simple", 1, value=9, fails=True)
    yield from [_call("sender", "push(address,uint256)", "sender", 1, value=9)] * 3
    yield from [_call("sender", "look(address)", "receiver")] * 3
    yield from [_call("simple", "", "01")] * 3
    yield _call("simple", "", value=1, fails=True)
    yield _call("sender", "starve(address)", "simple")
