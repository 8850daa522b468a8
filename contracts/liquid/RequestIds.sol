// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Ids that carry their owner and a place in a queue
/// @notice Places are given out in order, 1, 2, 3 … for everybody together; an id is the account's address followed by a
/// place. Nobody can take, or collide with, somebody else's.
/// @dev Each account has a list of its places and of when it got them, 32 bits for either: four entries to a slot, the
/// first of which says how many there are.
abstract contract RequestIds {
    using SafeCast for uint256;

    /// @dev Bits of an id that hold the place; those above hold the account.
    uint256 private constant PLACE_BITS = 96;

    /// @dev Bits of an entry, and of either half of it: the place, and above it the second.
    uint256 private constant ENTRY = 64;
    uint256 private constant HALF = 32;

    /// @dev Entries in a slot.
    uint256 private constant ENTRIES = 4;

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

    /// @dev Adds a place, which is the last one, to an account's list.
    function _list(address account, uint256 place) internal {
        mapping(uint256 slot => uint256) storage list = _lists[account];
        uint256 first = list[0] + 1;
        uint256 index = uint64(first);
        uint256 entry = (uint256(block.timestamp.toUint32()) << HALF) | place.toUint32();
        entry <<= ENTRY * (index % ENTRIES);
        if (index < ENTRIES) {
            list[0] = first | entry;
        } else {
            list[0] = first;
            list[index / ENTRIES] |= entry;
        }
    }

    /// @dev When the request with this id was made; 0 if there never was one. Places in a list rise, so it is found by
    /// halving.
    function _requestedAt(uint256 id) internal view returns (uint256) {
        address account = _accountOf(id);
        uint256 place = _placeOf(id);
        uint256 low = 1;
        uint256 high = uint64(_lists[account][0]);
        while (low <= high) {
            uint256 middle = Math.average(low, high);
            uint256 entry = _entry(account, middle);
            if (uint32(entry) == place) return entry >> HALF;
            if (uint32(entry) < place) low = middle + 1;
            else high = middle - 1;
        }
        return 0;
    }

    /// @dev A page of an account's ids, the oldest first.
    function _idsOf(address account, uint256 offset, uint256 limit) internal view returns (uint256[] memory ids) {
        uint256 count = uint64(_lists[account][0]);
        if (offset >= count) return ids;
        ids = new uint256[](Math.min(limit, count - offset));
        for (uint256 i = 0; i < ids.length; ++i) ids[i] = _idOf(account, uint32(_entry(account, offset + i + 1)));
    }

    /// @dev An entry of an account's list, the first of which is number 1.
    function _entry(address account, uint256 index) private view returns (uint256) {
        return uint64(_lists[account][index / ENTRIES] >> (ENTRY * (index % ENTRIES)));
    }
}
