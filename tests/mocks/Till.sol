// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

interface ILedger {
    function ledger() external view returns (uint256[7] memory);

    function totalShares() external view returns (uint256);

    function bondShares() external view returns (uint256);

    function assets() external view returns (uint256);

    function liabilities() external view returns (uint256);

    function freeLiquidity() external view returns (uint256);

    function validatorCount() external view returns (uint256);

    function validators(uint256 index) external view returns (address, uint256, uint256);
}

/// @title A pool's books in one look
contract Till {
    /// @notice What `pool` says of itself.
    /// @return books The ledger, the shares, the bonds' part of them, assets, liabilities and liquidity.
    /// @return principal What the pool says that it has with all validators together.
    function look(ILedger pool) external view returns (uint256[] memory books, uint256 principal) {
        books = new uint256[](12);
        uint256[7] memory ledger = pool.ledger();
        for (uint256 i = 0; i < 7; ++i) books[i] = ledger[i];
        (books[7], books[8]) = (pool.totalShares(), pool.bondShares());
        (books[9], books[10], books[11]) = (pool.assets(), pool.liabilities(), pool.freeLiquidity());
        for (uint256 i = 0; i < pool.validatorCount(); ++i) {
            (, uint256 part, ) = pool.validators(i);
            principal += part;
        }
    }
}
