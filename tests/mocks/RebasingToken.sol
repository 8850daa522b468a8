// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {OpenToken} from "./OpenToken.sol";

/// @title A token whose balances change by themselves
/// @notice As those do that pay interest, or follow a price, in their balances.
contract RebasingToken is OpenToken {
    /// @notice Each of `holders` has `numerator` / `denominator` of what it had, rounded down. No event tells it.
    function rebase(address[] calldata holders, uint256 numerator, uint256 denominator) external {
        for (uint256 i = 0; i < holders.length; ++i) {
            balanceOf[holders[i]] = (balanceOf[holders[i]] * numerator) / denominator;
        }
    }
}
