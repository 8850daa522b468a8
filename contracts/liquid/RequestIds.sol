// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Ids that carry their owner and a place in a queue
/// @notice Places are given out in order, 1, 2, 3 … for everybody together; an id is the account's address followed by a
/// place. Nobody can take, or collide with, somebody else's.
/// @dev Each account has a list of its places, 32 bits each: eight to a slot, the first of which says how many there are.
abstract contract RequestIds {
    using SafeCast for uint256;

    /// @dev Bits of an id that hold the place; those above hold the account.
    uint256 private constant PLACE_BITS = 96;

    /// @dev Bits of a place in an account's list, and how many of them are in a slot.
    uint256 private constant ENTRY = 32;
    uint256 private constant ENTRIES = 8;

    mapping(address account => mapping(uint256 slot => uint256)) private _lists;

    /// @dev The id of a request.
    function _idOf(address account, uint256 place) internal pure returns (uint256) {
        return (uint256(uint160(account)) << PLACE_BITS) | place;
    }

    /// @dev The account in an id.
    function _accountOf(uint256 id) internal pure returns (address) {
        return address(uint160(id >> PLACE_BITS));
    }

    /// @dev The place in an id.
    function _placeOf(uint256 id) internal pure returns (uint256) {
        return id & ((1 << PLACE_BITS) - 1);
    }

    /// @dev Adds a place to an account's list.
    function _list(address account, uint256 place) internal {
        mapping(uint256 slot => uint256) storage list = _lists[account];
        uint256 first = list[0] + 1;
        uint256 index = uint32(first);
        uint256 entry = uint256(place.toUint32()) << (ENTRY * (index % ENTRIES));
        if (index < ENTRIES) {
            list[0] = first | entry;
        } else {
            list[0] = first;
            list[index / ENTRIES] |= entry;
        }
    }

    /// @dev A page of an account's ids, the oldest first.
    function _idsOf(address account, uint256 offset, uint256 limit) internal view returns (uint256[] memory ids) {
        mapping(uint256 slot => uint256) storage list = _lists[account];
        uint256 count = uint32(list[0]);
        if (offset >= count) return ids;
        ids = new uint256[](Math.min(limit, count - offset));
        for (uint256 i = 0; i < ids.length; ++i) {
            uint256 index = offset + i + 1;
            ids[i] = _idOf(account, uint32(list[index / ENTRIES] >> (ENTRY * (index % ENTRIES))));
        }
    }
}
