// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Intruder} from "./Intruder.sol";

/// @title A contract in the place of a person
/// @notice Does what it is told, by anybody. When tokens or coins come or go it calls back into the system, if it is
/// armed, and takes them as it is told.
contract Puppet is Intruder {
    /// @notice How tokens and coins are taken.
    enum Manner {
        Take, // gladly
        Refuse, // not at all
        BurnGas, // not at all, and without leaving any gas
        Bomb // not at all, with a very long reason
    }

    error Refuses();

    Manner public manner;
    address public target;

    /// @notice Takes coins as it takes tokens.
    receive() external payable {
        onTransfer();
    }

    /// @notice Calls `target_` once, with the coins that came along. Reverts as the call does.
    function act(address target_, bytes calldata data) external payable returns (bytes memory) {
        return _call(target_, data, msg.value);
    }

    /// @notice Calls `target_` again and again.
    function repeat(address target_, bytes calldata data, uint256 times) external {
        for (uint256 i = 0; i < times; ++i) _call(target_, data, 0);
    }

    /// @notice Take tokens and coins in this manner from now on.
    function behave(Manner manner_) external {
        manner = manner_;
    }

    /// @notice Make all these calls of `target_` from now on whenever tokens or coins come or go.
    function arm(address target_, bytes[] calldata calls) external {
        target = target_;
        _prepare(calls);
    }

    /// @notice What a token calls before and after it has moved money to or from here.
    function onTransfer() public {
        if (manner == Manner.Refuse) revert Refuses();
        if (manner == Manner.BurnGas) {
            assembly {
                invalid()
            }
        }
        if (manner == Manner.Bomb) {
            assembly {
                revert(0, 100000)
            }
        }
        if (target == address(0)) return;
        address target_ = target;
        target = address(0); // what the calls themselves move is no occasion for others
        _tryAll(target_);
        target = target_;
    }

    function _call(address target_, bytes calldata data, uint256 value) private returns (bytes memory answer) {
        bool succeeded;
        (succeeded, answer) = target_.call{value: value}(data);
        if (succeeded) return answer;
        assembly {
            revert(add(answer, 32), mload(answer))
        }
    }
}
