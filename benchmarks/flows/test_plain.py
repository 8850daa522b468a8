"""The flow as any Ape project would write it: Ape's own objects, nothing of this package."""

from typing import Any

from flow import FLOWS, report

MINIMUM = 1000 * 10**18
EPOCH = 7 * 24 * 3600


def test_flows(accounts: Any, chain: Any, project: Any, networks: Any) -> None:
    owner, provider, delegator = accounts[0], accounts[1], accounts[2]
    if networks.provider.name != "test":
        networks.provider.make_request("anvil_setBlockTimestampInterval", [1])

    def go_to(moment: int) -> None:
        if networks.provider.name == "test":
            networks.provider.set_timestamp(moment)
        else:
            networks.provider.set_timestamp(moment - 1)
            chain.mine()

    monday = 1_893_974_400
    go_to(monday)
    token = owner.deploy(project.StakeToken, "ANKR", "ANKR", owner)
    staking = owner.deploy(project.DelegatedStaking, token, monday, True, owner)
    staking.addProvider(provider, 0, sender=owner)
    token.mint(delegator, 10 * MINIMUM, sender=owner)
    token.approve(staking, 2**256 - 1, sender=delegator)

    def flow() -> None:
        snapshot = chain.snapshot()
        receipt = staking.stake(provider, MINIMUM, sender=delegator)
        stake_id = receipt.events[-1].stakeId
        refused = False
        try:
            staking.unstake(stake_id, MINIMUM, sender=delegator)
        except Exception:
            refused = True
        assert refused
        go_to(monday + 13 * EPOCH)
        staking.unstake(stake_id, MINIMUM, sender=delegator)
        go_to(monday + 15 * EPOCH)
        staking.claim(stake_id, sender=delegator)
        assert staking.liabilities() == 0
        assert token.balanceOf(delegator) == 10 * MINIMUM
        chain.restore(snapshot)

    report(flow, FLOWS)
