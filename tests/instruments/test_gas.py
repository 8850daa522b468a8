"""Gas figures: what moved, what counts as a rise, and what processes put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from unbond.files import LARGEST
from unbond.gas.ledger import Costs, GasError
from unbond.gas.snapshot import Change, Snapshot, SnapshotError, changes, rises

if TYPE_CHECKING:
    from pathlib import Path

PUT, TAKE = ("Vault", "put()"), ("Vault", "take()")


def test_the_figures_of_some_transactions(tmp_path: Path) -> None:
    made = Snapshot.of({TAKE: [7], PUT: [40, 10, 30, 20]}, {"b": 2, "a": 1})
    put = made.functions["Vault"]["put()"]
    # Of four, the lower one of the two in the middle: a figure that there was.
    assert (put.calls, put.min, put.median, put.max) == (4, 10, 20, 40)
    assert list(made.functions["Vault"]) == ["put()", "take()"]
    path = tmp_path / "new" / "gas.json"
    made.write(path)
    first = path.read_text()
    assert list(Snapshot.read(path).named) == ["a", "b"]
    Snapshot.read(path).write(path)
    assert path.read_text() == first


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match=r"there is no .*gas.json: write one with --gas-snap"):
        Snapshot.read(tmp_path / "gas.json")


def test_a_file_larger_than_any_of_ours(tmp_path: Path) -> None:
    endless, large = tmp_path / "endless.json", tmp_path / "large.json"
    endless.symlink_to("/dev/zero")
    large.write_bytes(b" " * LARGEST + b"{")
    for path in (endless, large):
        with pytest.raises(SnapshotError) as error:
            Snapshot.read(path)
        assert str(error.value) == f"{path} cannot be read: File too large"
    assert large.stat().st_size == LARGEST + 1


def test_figures_that_cannot_be_written_leave_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new" / "gas.json.new"
    path.mkdir(parents=True)
    with pytest.raises(SnapshotError) as error:
        Snapshot.of({PUT: [10]}, {}).write(path)
    assert str(error.value) == f"{path} cannot be written: Is a directory"
    assert [one.name for one in path.parent.iterdir()] == ["gas.json.new"]


def test_what_has_moved_most_comes_first() -> None:
    before = Snapshot.of({PUT: [100, 100], TAKE: [1000]}, {"kept": 5, "gone": 1, "less": 10})
    now = Snapshot.of({PUT: [100, 110], TAKE: [1001]}, {"kept": 5, "new": 3, "less": 5})
    found = changes(before, now)
    assert [(each.what, each.figure, each.before, each.now) for each in found] == [
        ("less", "", 10, 5),
        ("Vault.put()", "max", 100, 110),
        ("Vault.take()", "median", 1000, 1001),
        ("Vault.take()", "max", 1000, 1001),
        ("gone", "", 1, None),
        ("new", "", None, 3),
    ]
    assert [each.what for each in rises(found, 0.0)] == ["Vault.put()", *["Vault.take()"] * 2]
    assert [each.what for each in rises(found, 0.001)] == ["Vault.put()"]
    assert rises(found, 0.1) == []


def test_medians_of_other_transactions_are_not_compared() -> None:
    before = Snapshot.of({PUT: [10, 20, 30]}, {})
    assert changes(before, Snapshot.of({PUT: [30]}, {})) == []
    (risen,) = changes(before, Snapshot.of({PUT: [31]}, {}))
    assert risen == Change("Vault.put()", "max", 30, 31)
    (gone,) = changes(before, Snapshot.of({}, {}))
    assert (gone.figure, gone.before, gone.now) == ("median", 20, None)


def test_what_processes_noted_is_put_together() -> None:
    fixture = [("Vault", "constructor", 500)]
    first = Costs({"fixture ::vault[0]": fixture, "a": [("Vault", "put()", 10)]}, {"x": 1})
    second = Costs({"fixture ::vault[0]": fixture, "b": [("Vault", "put()", 30)]}, {"x": 1, "y": 2})
    first.add(Costs.load(second.dump()))
    whole = first.snapshot()
    calls = {name: gas.calls for name, gas in whole.functions["Vault"].items()}
    assert calls == {"constructor": 1, "put()": 2}
    assert whole.named == {"x": 1, "y": 2}
    with pytest.raises(GasError, match='two figures are called "x": 1 and 2 gas'):
        first.add(Costs({}, {"x": 2}))
