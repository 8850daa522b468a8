// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title aFTMc: the pool's shares as certificates
/// @notice A balance is a number of shares. It stays as it is while what a share is worth grows.
contract CertificateToken is ERC20Permit {
    /// @notice Only the pool can do this.
    error NotThePool(address pool, address caller);

    /// @notice Who makes and destroys certificates.
    address public immutable pool;

    /// @dev Whoever deploys the token is its pool.
    constructor() ERC20("FTM staking certificate", "aFTMc") ERC20Permit("FTM staking certificate") {
        pool = msg.sender;
    }

    modifier onlyPool() {
        if (msg.sender != pool) revert NotThePool(pool, msg.sender);
        _;
    }

    /// @notice Makes `shares` certificates for `to`.
    function mint(address to, uint256 shares) external onlyPool {
        _mint(to, shares);
    }

    /// @notice Destroys `shares` certificates of `from`.
    function burn(address from, uint256 shares) external onlyPool {
        _burn(from, shares);
    }
}
