"""The flow with this package's driver: typed events, refusals without a transaction."""

import pytest
from flow import FLOWS, report

from unbond.chain import Chain, rewound
from unbond.roles import Roles
from unbond.systems.delegated import EPOCH, MIN_STAKE, DelegatedStaking, StillLocked
from unbond.when import SESSION_START


def test_flows(local_chain: Chain, roles: Roles) -> None:
    owner, provider, delegator = map(roles.account, ("owner", "provider", "delegator"))
    staking = DelegatedStaking.deploy(local_chain, owner)
    staking.add_provider(owner, provider.address, 0)
    staking.fund(owner, delegator, 10 * MIN_STAKE)
    clock = local_chain.clock

    def flow() -> None:
        with rewound(local_chain):
            stake_id = staking.stake(delegator, provider.address, MIN_STAKE).main.stake_id
            with pytest.raises(StillLocked):
                staking.unstake(delegator, stake_id, MIN_STAKE)
            clock.at(SESSION_START + 13 * EPOCH)
            staking.unstake(delegator, stake_id, MIN_STAKE)
            clock.at(SESSION_START + 15 * EPOCH)
            staking.claim(delegator, stake_id)
            assert staking.liabilities() == 0
            assert staking.token.balance_of(delegator.address) == 10 * MIN_STAKE

    report(flow, FLOWS)
