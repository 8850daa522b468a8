// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

interface IBooks {
    function assets() external view returns (uint256);

    function liabilities() external view returns (uint256);
}

/// @title What calls back into a system when it is called by one
/// @notice Tries all calls that were prepared, one after another, and keeps what came of each.
abstract contract Intruder {
    /// @notice What a call back into the system came to.
    struct Attempt {
        bool succeeded;
        bytes answer;
    }

    /// @notice How often it found the system owing more than it had.
    uint256 public shortfalls;

    bytes[] private _prepared;
    Attempt[] private _attempts;

    /// @notice What the calls came to, in order.
    function attempts() external view returns (Attempt[] memory) {
        return _attempts;
    }

    /// @dev Forgets what came of others.
    function _prepare(bytes[] calldata calls) internal {
        delete _attempts;
        delete _prepared;
        for (uint256 i = 0; i < calls.length; ++i) _prepared.push(calls[i]);
    }

    function _tryAll(address target) internal {
        if (IBooks(target).assets() < IBooks(target).liabilities()) ++shortfalls;
        for (uint256 i = 0; i < _prepared.length; ++i) {
            (bool succeeded, bytes memory answer) = target.call(_prepared[i]);
            _attempts.push(Attempt(succeeded, answer));
        }
    }
}
