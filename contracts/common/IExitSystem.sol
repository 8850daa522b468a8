// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice What a position is.
/// @dev Shared by every system; new kinds are added at the end, so that a number never changes its meaning.
enum PositionKind {
    Stake, // a stake that its owner put in
    CoStake, // a stake that somebody added to another one's
    Exit // an exit on its way: a cooldown, a ticket, a request
}

/// @notice Where a position stands at this second.
/// @dev Shared by every system; new states are added at the end.
enum PositionState {
    Closed, // nothing is left in it
    Locked, // a stake that cannot leave yet
    Unlocked, // a stake that can leave now
    Leaving, // an exit that has to wait
    Claimable // an exit that can be paid now
}

/// @notice One thing an account has in a system, in the one shape that all systems share (C-11).
/// @param id What the system's functions take to act on the position.
/// @param kind What it is.
/// @param state Where it stands at this second.
/// @param amount The principal in it, in wei.
/// @param rewards What it has earned and not been paid, in wei.
/// @param availableAt The second at which it opens, in Unix time; 0 if nothing in it opens by time.
/// @param blockedBy The selector of the error that acting on it now would give; 0 if it would succeed.
struct Position {
    uint256 id;
    PositionKind kind;
    PositionState state;
    uint256 amount;
    uint256 rewards;
    uint64 availableAt;
    bytes4 blockedBy;
}

/// @title What every staking system of this project has in common
/// @notice Views that let one page, one script and one test helper serve all of them, and the errors they share.
interface IExitSystem {
    /// @notice An amount of zero was given, or there is nothing to pay.
    error ZeroAmount();

    /// @notice The zero address was given where a real one is needed.
    error ZeroAddress();

    /// @notice There never was anything under this id.
    error UnknownId(uint256 id);

    /// @notice The amount is under the minimum, both in wei.
    error BelowMinimum(uint256 amount, uint256 minimum);

    /// @notice The position belongs to somebody else.
    error NotYours(address owner, address caller);

    /// @notice The token delivered less than it was asked to, both in wei.
    error TransferShortfall(uint256 expected, uint256 received);

    /// @notice What the system holds, in wei.
    function assets() external view returns (uint256);

    /// @notice What the system owes to everybody together, in wei. Never more than `assets()`.
    function liabilities() external view returns (uint256);

    /// @notice A page of an account's positions, the oldest first, closed ones included.
    /// @param account Whose positions.
    /// @param offset How many of them to pass over.
    /// @param limit How many of them to return at most.
    function positionsOf(address account, uint256 offset, uint256 limit) external view returns (Position[] memory);
}
