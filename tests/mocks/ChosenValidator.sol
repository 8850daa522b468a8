// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

interface IHarvester {
    function harvest(uint256 validatorIndex) external returns (uint256 rewards);

    function redelegate() external returns (uint256 amount);
}

/// @title A validator without lock-up periods whose rewards are what a test says
/// @notice Pays with whatever coins it has, principal too: it can bring in more rewards than there are coins.
contract ChosenValidator {
    uint64 public constant lockedUntil = 0;

    uint256 public principal;

    uint256 public pendingRewards;

    /// @notice Bring this much when asked.
    function choose(uint256 rewards) external {
        pendingRewards = rewards;
    }

    /// @notice Lets `pool`, whose only validator and treasury this is, harvest the same coins `times` times.
    function turn(IHarvester pool, uint256 rewards, uint256 times) external {
        for (uint256 i = 0; i < times; ++i) {
            pendingRewards = rewards;
            pool.harvest(0);
            pool.redelegate();
        }
    }

    function delegate() external payable {
        principal += msg.value;
    }

    function claimRewards() external {
        uint256 amount = pendingRewards;
        pendingRewards = 0;
        _send(amount);
    }

    function release(uint256 amount) external {
        principal -= amount;
        _send(amount);
    }

    receive() external payable {}

    function _send(uint256 amount) private {
        (bool sent, ) = msg.sender.call{value: amount}("");
        require(sent);
    }
}
