"""``ape console`` has everything at hand, on the embedded chain and on a devnet."""

from __future__ import annotations

import fcntl
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.harness.clients import APE, ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.conftest import Devnets

pytestmark = pytest.mark.slow

PROGRAM = """
delegated.token.approve(operator, delegated.address, 10**21)
lot = delegated.stake(operator, provider.address, 10**21).main
clock.at(lot.unlocks_at)
delegated.unstake(operator, lot.stake_id, lot.amount)
assert roles.account("operator") == operator
assert sorted(systems) == ["delegated", "device"] or len(systems) > 2
status(operator)
status()
"""


def console(**environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [APE, "console", "--code", PROGRAM],
        cwd=ROOT,
        # Wide enough for a table that is not folded, whatever runs this.
        env={**os.environ, "COLUMNS": "150", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done


def test_on_the_embedded_chain_everything_is_deployed_for_it() -> None:
    shown = console().stdout
    assert "on ethereum:local:test there are: clock, delegated, delegator, device" in shown
    assert shown.count("delegated claim --ticket 1 ") == 2


def test_on_a_devnet_it_is_what_is_there(devnets: Devnets) -> None:
    up = devnets.shared
    shown = console(UNBOND_DEVNET=str(up.folder), UNBOND_BOOK=str(up.book)).stdout
    assert "on ethereum:local:foundry there are: " in shown
    (left,) = up.run("status", "operator", "--json").json
    assert (left["state"], left["next"]["action"]) == ("leaving", "claim")


@pytest.mark.parametrize("said", [b"{}", None], ids=["damaged", "a folder"])
def test_a_devnet_of_which_nothing_can_be_read_is_said_and_done_without(
    tmp_path: Path, said: bytes | None
) -> None:
    told = tmp_path / "running.json"
    if said is None:
        told.mkdir()
    else:
        told.write_bytes(said)
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = console(UNBOND_DEVNET=str(tmp_path))
    reason = "Is a directory" if said is None else "it is damaged"
    assert done.stderr == (
        f"a devnet is up, but {told} cannot be read: {reason}; start it again, or name a network "
        "with --network\n"
    )
    assert "on ethereum:local:test there are: clock, delegated, delegator, device" in done.stdout
    assert told.is_dir() or told.read_bytes() == said
