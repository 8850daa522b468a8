"""What a campaign finds: a short story, as a file that fails where contract and model differ."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest

import unbond.models.delegated as rules
from unbond.campaign.arena import Arena, Disagreement
from unbond.campaign.found import write_found
from unbond.campaign.shrink import shrink
from unbond.campaign.walk import Found, Tally, replay, walk, walk_block
from unbond.chain import rewound
from unbond.models.base import Move, Refusal
from unbond.scenario import BoundScenario, load_scenario, play
from unbond.when import WEEK

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unbond.chain import Chain

TOKENS = 10**18


@pytest.fixture
def arena(arena_of: Callable[[str], Arena]) -> Arena:
    """Delegated staking."""
    arena = arena_of("delegated")
    arena.begin()
    return arena


def find(arena: Arena) -> Found:
    """What the first walks find."""
    for seed in range(40):
        found = walk(arena, Random(seed), 250, Tally())
        if found is not None:
            return found
    raise AssertionError("nothing was found")


def test_a_finding_becomes_a_short_file(
    arena: Arena, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, local_chain: Chain
) -> None:
    with monkeypatch.context() as wrong:
        wrong.setattr(rules, "UNDELEGATE_EPOCHS", 2)
        found = find(arena)
        assert found.why.startswith("event Unstaked: by the model, available_at ")
        lengths: list[int] = []
        short = shrink(arena, found, lengths.append)
        # Somebody stakes, and unstakes as soon as it can be done.
        assert [move.action for move in short.moves] == ["stake", "unstake"]
        assert short.moves[0].second == arena.earliest
        assert short.moves[1].second == arena.model.origin + 13 * WEEK  # type: ignore[attr-defined]
        assert lengths[-1] == 2
        assert sorted(lengths, reverse=True) == lengths
        file = write_found(arena, short, tmp_path / "new" / "found")
        assert write_found(arena, short, tmp_path / "new" / "found") == file
        assert file.parent == tmp_path / "new" / "found"
        assert [file] == list(file.parent.iterdir())
    with rewound(local_chain):
        timeline = play(BoundScenario(load_scenario(file)), local_chain)
    assert [entry.differences != () for entry in timeline.entries] == [False, True]
    assert (
        "expected availableAt 2030-04-29T00:00:00Z, but it was 2030-04-22T00:00:00Z"
        in (timeline.entries[1].differences[0])
    )
    # As it is with the rules put right: a file that passes, and is worth keeping.
    assert replay(arena, short.moves) is None
    kept = write_found(arena, short, tmp_path)
    with rewound(local_chain):
        assert play(BoundScenario(load_scenario(kept)), local_chain).passed


def test_moves_that_are_not_needed_are_left_out(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MIN_STAKE", 1001 * TOKENS)
    short = shrink(arena, find(arena))
    assert len(short.moves) == 1
    (move,) = short.moves
    assert move.action == "stake"
    assert short.why.startswith("refusal: by the model, it is refused with BelowMinimum(")


def test_what_does_not_come_back_is_left_as_it_is(arena: Arena) -> None:
    delegator, provider = arena.people["delegator"], arena.people["provider"]
    found = Found(
        "delegated",
        arena.setup,
        (Move(arena.earliest, delegator, "stake", (provider, 1000 * TOKENS)),),
        "it was so once",
    )
    assert shrink(arena, found) is found


class TestDifferences:
    """Whatever the contract shows is compared: a model that says otherwise is found out."""

    @pytest.fixture
    def staked(self, arena: Arena) -> Arena:
        stake = (arena.people["provider"], 5000 * TOKENS)
        arena.step(Move(arena.earliest, arena.people["delegator"], "stake", stake))
        return arena

    def see(self, arena: Arena, action: str = "claim_commission", *arguments: Any) -> str:
        """What is found when somebody does something."""
        stranger = arena.people["stranger"]
        with pytest.raises(Disagreement) as caught:
            arena.step(Move(arena.model.now + 1, stranger, action, arguments), everybody=True)
        return str(caught.value)

    def test_assets(self, staked: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(staked.model, "assets", lambda: 5000 * TOKENS - 1)
        assert self.see(staked).startswith("assets: by the model, 4999")

    def test_liabilities(self, staked: Arena) -> None:
        staked.model.owed += 1  # type: ignore[attr-defined]
        assert self.see(staked).startswith("liabilities: by the model, 5000000000000000000001;")

    def test_balance(self, staked: Arena) -> None:
        staked.model.money[0].held[staked.people["latecomer"]] -= 1
        assert self.see(staked).startswith("ANKR of latecomer: by the model, 20000")

    def test_position(self, staked: Arena) -> None:
        (lot,) = staked.model.lots.values()  # type: ignore[attr-defined]
        lot.opens += 1
        assert self.see(staked) == (
            "positions of delegator: #1: by the model, available_at 1901836801; "
            "by the contract, available_at 1901836800"
        )

    def test_number_of_positions(self, staked: Arena) -> None:
        staked.model.next_id(staked.people["delegator"])
        assert self.see(staked).startswith("positions of delegator: by the model, 2 of them")

    def test_refusal(self, staked: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: Any) -> None:
            raise Refusal("ZeroAmount")

        staked.model._methods["claim_commission"] = refuse  # type: ignore[assignment]
        assert self.see(staked) == (
            "refusal: by the model, it is refused with ZeroAmount(); by the contract, it is "
            f"refused with UnknownProvider(provider={staked.address_of(staked.people['stranger'])})"
        )

    def test_success(self, staked: Arena) -> None:
        staked.model._methods["claim_commission"] = lambda sender: ()
        assert self.see(staked).startswith("result: by the model, it succeeds; by the contract,")

    def test_returned_value(self, staked: Arena) -> None:
        stake = staked.model._methods["stake"]
        staked.model._methods["stake"] = lambda *what: (stake(*what)[0] + 1,)
        provider = staked.people["provider"]
        assert self.see(staked, "stake", provider, 1000 * TOKENS).startswith("returned value: ")

    @pytest.mark.parametrize(("fields", "sign"), [((1,), "amount"), ((), "no event")])
    def test_event(self, staked: Arena, fields: tuple[int, ...], sign: str) -> None:
        stake = staked.model._methods["stake"]

        def tell(*what: Any) -> tuple[int, ...]:
            returned = stake(*what)
            last = staked.model._events.pop()
            if fields:
                staked.model._events.append((*last[:4], last[4] + 1, last[5]))
            return returned

        staked.model._methods["stake"] = tell
        seen = self.see(staked, "stake", staked.people["provider"], 1000 * TOKENS)
        assert seen.startswith("event Staked: by the model, ")
        assert ("amount 1000000000000000000001" if fields else "None") in seen


@pytest.mark.slow
def test_a_walk_stops_where_it_finds_something(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "LOCK_EPOCHS", 11)
    told: list[int] = []
    block = walk_block("delegated", 1, 0, steps=5000, told=told.append)
    assert block.found is not None
    assert block.tally.steps == sum(told) == 250 * (len(told) - 1) + len(block.found.moves) - 1
