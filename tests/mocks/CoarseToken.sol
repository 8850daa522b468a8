// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {OpenToken} from "./OpenToken.sol";

/// @title A token of few decimals
contract CoarseToken is OpenToken {
    uint8 public decimals;

    /// @notice Have this many decimals.
    function choose(uint8 decimals_) external {
        decimals = decimals_;
    }
}
