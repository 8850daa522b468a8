"""The built package works without this checkout, its sources, and a compiler."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

PROGRAM = """
import ape
from unbond import artifacts
from unbond.chain import Chain
from unbond.roles import Roles
from unbond.systems.delegated import DelegatedStaking, MIN_STAKE

assert str(artifacts.MANIFEST).startswith({installed!r}), artifacts.MANIFEST
with ape.networks.parse_network_choice("ethereum:local:test"):
    chain = Chain()
    chain.clock.start()
    roles = Roles(chain)
    owner, provider, delegator = map(roles.account, ("owner", "provider", "delegator"))
    staking = DelegatedStaking.deploy(chain, owner)
    staking.add_provider(owner, provider.address, 0)
    staking.fund(owner, delegator, MIN_STAKE)
    lot = staking.stake(delegator, provider.address, MIN_STAKE).main
    print("unlocks at", lot.unlocks_at)
"""


@pytest.mark.slow
def test_a_built_package_deploys_without_a_compiler(tmp_path: Path) -> None:
    built = subprocess.run(
        ["make", "package", f"DIST={tmp_path / 'dist'}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = (tmp_path / "dist").glob("unbond-*.whl")
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
        names = archive.namelist()
    assert "unbond/contracts.json" in names
    assert "unbond/py.typed" in names
    assert not [name for name in names if name.startswith(("tests/", "scripts/", "contracts/"))]

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(installed=str(installed))],
        cwd=elsewhere,
        env={
            **os.environ,
            "PYTHONPATH": str(installed),
            # A folder without a compiler.
            "SOLCX_BINARY_PATH": str(elsewhere),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "unlocks at 1901836800" in done.stdout
