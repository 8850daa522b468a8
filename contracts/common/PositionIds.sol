// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IExitSystem} from "./IExitSystem.sol";

/// @title Ids that carry their owner
/// @notice An account's positions are numbered 1, 2, 3 … for itself; an id is the account's address followed by that
/// number. Nobody can add to, or collide with, somebody else's, and no list has to be stored to page through one.
abstract contract PositionIds is IExitSystem {
    /// @dev Bits of an id that hold the number of a position; those above hold its account.
    uint256 private constant NUMBER_BITS = 96;

    /// @dev What is kept of an account. One slot.
    struct Account {
        uint96 lastNumber; // how many positions it has ever had
        uint160 tally; // for a system's own use
    }

    mapping(address account => Account) internal _accounts;

    /// @dev The id of the `number`th position of `account`.
    function _idOf(address account, uint256 number) internal pure returns (uint256) {
        return (uint256(uint160(account)) << NUMBER_BITS) | number;
    }

    /// @dev A new id for the caller.
    function _nextId() internal returns (uint256) {
        return _idOf(msg.sender, ++_accounts[msg.sender].lastNumber);
    }

    /// @dev The number in an id.
    function _numberOf(uint256 id) internal pure returns (uint256) {
        return id & ((1 << NUMBER_BITS) - 1);
    }

    /// @dev Whose id this is. Refuses one that was never given out.
    function _ownerOf(uint256 id) internal view returns (address owner) {
        owner = address(uint160(id >> NUMBER_BITS));
        uint256 number = _numberOf(id);
        if (number == 0 || number > _accounts[owner].lastNumber) revert UnknownId(id);
    }
}
