// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IExitSystem} from "./IExitSystem.sol";

/// @title The till of a system that holds one ERC-20 token (C-4, C-10)
/// @notice What is owed is a number in storage. The balance is looked at only to see that a deposit arrived whole,
/// so that tokens sent in uninvited change nobody's entitlement.
/// @dev Money is counted after it has come in and before it goes out: a token that calls back in the middle of a
/// transfer never sees `assets()` below `liabilities()`.
abstract contract Custody is IExitSystem {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    /// @notice The token that is staked and paid.
    IERC20 public immutable token;

    /// @dev What is owed, in wei. One byte short of a word, so that it shares its slot with the flag of a pause, which
    /// every deposit reads anyway.
    uint248 private _liabilities;

    constructor(IERC20 token_) {
        if (address(token_) == address(0)) revert ZeroAddress();
        token = token_;
    }

    /// @inheritdoc IExitSystem
    function assets() external view returns (uint256) {
        return token.balanceOf(address(this));
    }

    /// @inheritdoc IExitSystem
    function liabilities() external view returns (uint256) {
        return _liabilities;
    }

    /// @dev Takes `amount` from `from` and owes it from now on; to whom is the caller's to note down.
    function _take(address from, uint256 amount) internal {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(from, address(this), amount);
        uint256 held = token.balanceOf(address(this));
        if (held < before + amount) revert TransferShortfall(amount, Math.saturatingSub(held, before));

        _liabilities += amount.toUint248();
    }

    /// @dev Pays `amount` to `to` and no longer owes it.
    function _pay(address to, uint256 amount) internal {
        _liabilities -= amount.toUint248();

        token.safeTransfer(to, amount);
    }
}
