// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";

/// @title A wallet that can refuse coins, for local chains and tests
/// @notice Does what its owner says, with its own coins, and takes none while it refuses.
contract StubbornWallet is Ownable {
    /// @notice The wallet takes no coins now.
    error Refuses();

    /// @notice Whether it refuses coins.
    bool public refuses;

    constructor(address owner_) Ownable(owner_) {}

    receive() external payable {
        if (refuses) revert Refuses();
    }

    /// @notice Refuses coins from now on, or takes them again.
    function setRefuses(bool refuses_) external onlyOwner {
        refuses = refuses_;
    }

    /// @notice Calls a contract with `value` of the wallet's coins. Reverts as the call does.
    function execute(address target, uint256 value, bytes calldata data) external onlyOwner returns (bytes memory) {
        return Address.functionCallWithValue(target, data, value);
    }
}
