// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

interface IBooks {
    function assets() external view returns (uint256);

    function liabilities() external view returns (uint256);
}

/// @title A contract in the place of a person
/// @notice Does what it is told, by anybody; when a token calls it in the middle of a transfer, it calls back into
/// the system and keeps what came of that.
contract Puppet {
    /// @notice What a call out of a hook came to.
    struct Attempt {
        bool succeeded;
        bytes answer;
    }

    address public target;
    bytes public prepared;

    /// @notice How often a hook found the system owing more than it had.
    uint256 public shortfalls;

    Attempt[] private _attempts;

    /// @notice Calls `target_` once. Reverts as the call does.
    function act(address target_, bytes calldata data) external returns (bytes memory) {
        return _call(target_, data);
    }

    /// @notice Calls `target_` again and again.
    function repeat(address target_, bytes calldata data, uint256 times) external {
        for (uint256 i = 0; i < times; ++i) _call(target_, data);
    }

    /// @notice Call `target_` with `data` from now on out of every hook.
    function arm(address target_, bytes calldata data) external {
        target = target_;
        prepared = data;
    }

    /// @notice What a token calls before and after it has moved money to or from here.
    function onTransfer() external {
        if (target == address(0)) return;
        if (IBooks(target).assets() < IBooks(target).liabilities()) ++shortfalls;
        address target_ = target;
        target = address(0); // what the call itself moves is no occasion for another one
        (bool succeeded, bytes memory answer) = target_.call(prepared);
        target = target_;
        _attempts.push(Attempt(succeeded, answer));
    }

    /// @notice What the hooks came to, in order.
    function attempts() external view returns (Attempt[] memory) {
        return _attempts;
    }

    function _call(address target_, bytes calldata data) private returns (bytes memory answer) {
        bool succeeded;
        (succeeded, answer) = target_.call(data);
        if (succeeded) return answer;
        assembly {
            revert(add(answer, 32), mload(answer))
        }
    }
}
