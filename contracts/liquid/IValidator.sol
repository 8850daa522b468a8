// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title A validator, as the pool sees it
/// @notice Takes principal, earns with it, and lets rewards and principal out only when a lock-up period has ended.
/// @dev Amounts are in wei of the chain's coin. What it pays, it pays to the pool, in the same call.
interface IValidator {
    /// @notice Adds the coins that are sent along to the pool's principal.
    function delegate() external payable;

    /// @notice The second in which the present lock-up period ends; 0 before the first one.
    function lockedUntil() external view returns (uint64);

    /// @notice What has been earned and not been taken.
    function pendingRewards() external view returns (uint256);

    /// @notice Pays all rewards to the pool and starts the next lock-up period. Refused during one.
    function claimRewards() external;

    /// @notice Pays `amount` of the principal back to the pool. Refused during a lock-up period.
    function release(uint256 amount) external;
}
