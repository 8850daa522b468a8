// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

interface IToken {
    function balanceOf(address account) external view returns (uint256);
}

interface ISystem {
    function assets() external view returns (uint256);

    function liabilities() external view returns (uint256);

    function token() external view returns (IToken);
}

/// @title Everybody's money in one look
contract Bookkeeper {
    /// @notice What a system has and owes, and what each of `accounts` holds of its token, in wei.
    function look(
        ISystem system,
        address[] calldata accounts
    ) external view returns (uint256 assets, uint256 liabilities, uint256[] memory balances) {
        assets = system.assets();
        liabilities = system.liabilities();
        IToken token = system.token();
        balances = new uint256[](accounts.length);
        for (uint256 i = 0; i < accounts.length; ++i) balances[i] = token.balanceOf(accounts[i]);
    }
}
