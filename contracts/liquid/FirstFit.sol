// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Payout of the oldest request that wholly fits (L-5, L-6)
/// @notice Requests stand at places 1, 2, 3 … in the order of their age. The oldest is looked at first; one that does
/// not fit is passed over and keeps its place, unless it is overdue: nobody overtakes it then.
/// @dev To find the next one that fits without looking at all that do not, the places are the leaves of a tree in which
/// each node has four children and knows the smallest request below each of them. A node is one slot of four lanes, a
/// lane 32 bits of size and 32 bits of note:
/// - the size is that of the request, as a number with an exponent, rounded down (`_sizeOf`), and 0 if none waits there.
///   Where two sizes are the same, the amounts themselves are compared, so that the order is exact;
/// - the note of a leaf is the second in which the request was made, which stays; that of a lane above is the place of
///   the smallest request.
/// Level 0 holds the leaves, place `p` in lane `p % 4` of node `p / 4`. Level `l` is there once a place has reached 4^l.
/// No step visits more than two nodes of a level, so that with 100 000 requests waiting a search reads at most 18
/// slots, and as many amounts if all sizes are alike.
library FirstFit {
    using SafeCast for uint256;

    /// @dev A request: waiting if it has a size in the tree, set aside if it has an amount only. One slot.
    struct Request {
        address owner;
        uint96 amount; // wei that are still to be paid
    }

    struct Queue {
        mapping(uint256 place => Request) requests;
        mapping(uint256 node => uint256) nodes;
        // What waits at the places 256 b to 256 b + 255 together, in wei.
        mapping(uint256 block => uint256) waitingIn;
    }

    /// @dev Bits of a lane, and of either half of it.
    uint256 private constant LANE = 64;
    uint256 private constant HALF = 32;
    uint256 private constant LANE_MASK = type(uint64).max;
    uint256 private constant NOTE_MASK = type(uint32).max;

    /// @dev Bits by which a level is set apart from the index of a node.
    uint256 private constant LEVEL = 64;

    /// @dev Bits of a place that tell it within its block.
    uint256 private constant BLOCK = 8;

    /// @dev Bits of an amount that its size keeps.
    uint256 private constant PRECISION = 25;

    /// @dev As much as anybody can ask for: every request that waits fits.
    uint256 private constant ANY = type(uint96).max;

    /* CHANGES */

    /// @dev Puts a request at `place`, which is the one after the last.
    function push(Queue storage queue, uint256 place, address owner, uint256 amount) internal {
        queue.requests[place] = Request(owner, amount.toUint96());
        queue.waitingIn[place >> BLOCK] += amount;

        uint256 size = _sizeOf(amount);
        _setLane(queue, 0, place, size, block.timestamp.toUint32());
        // Tell the levels above, up to the first that knows of one as small.
        uint256 index = place >> 2;
        for (uint256 level = 1; index != 0; ++level) {
            uint256 lane = _laneAt(queue, level, index);
            uint256 known = lane >> HALF;
            if (known != 0) {
                if (known < size) break;
                if (known == size && queue.requests[lane & NOTE_MASK].amount <= amount) break;
            }
            _setLane(queue, level, index, size, place);
            index >>= 2;
        }
    }

    /// @dev Takes the request at `place`, which waits, out of the queue.
    function take(Queue storage queue, uint256 place) internal returns (address owner, uint256 amount) {
        Request storage request = queue.requests[place];
        (owner, amount) = (request.owner, request.amount);
        request.amount = 0;
        queue.waitingIn[place >> BLOCK] -= amount;

        _setLane(queue, 0, place, 0, requestedAt(queue, place));
        // Tell the levels above, up to the first for which it was not the smallest.
        uint256 index = place >> 2;
        for (uint256 level = 1; index != 0; ++level) {
            if (_laneAt(queue, level, index) & NOTE_MASK != place) break;
            (uint256 size, uint256 smallest) = _smallest(queue, level - 1, index);
            _setLane(queue, level, index, size, smallest);
            index >>= 2;
        }
    }

    /// @dev Notes that `amount`, taken out of the queue, could not be paid and waits for the owner to claim it.
    function setAside(Queue storage queue, uint256 place, uint256 amount) internal {
        queue.requests[place].amount = uint96(amount);
    }

    /// @dev Takes what has been set aside.
    function takeAside(Queue storage queue, uint256 place) internal returns (uint256 amount) {
        amount = queue.requests[place].amount;
        queue.requests[place].amount = 0;
    }

    /* WHO IS NEXT */

    /// @dev The next request to pay with `liquidity` wei after the one at `place`, in the order of age; 0 if there is none.
    /// @param last The last place given out.
    /// @param inOrder Whether nobody has been passed over so far.
    /// @param target How long a request can be overtaken, in seconds.
    /// @return next Its place.
    /// @return stillInOrder Whether nobody has been passed over for it either.
    function nextPayable(
        Queue storage queue,
        uint256 place,
        uint256 last,
        uint256 liquidity,
        bool inOrder,
        uint256 target
    ) internal view returns (uint256 next, bool stillInOrder) {
        if (inOrder) {
            next = _next(queue, place + 1, last, ANY);
            if (next == 0 || queue.requests[next].amount <= liquidity) return (next, true);
            // The oldest does not fit. It is older than all others: if it is not overdue, none is.
            if (block.timestamp >= requestedAt(queue, next) + target) return (0, true);
            place = next;
        }
        return (_next(queue, place + 1, last, liquidity), false);
    }

    /* VIEWS */

    /// @dev When the request at `place` was made.
    function requestedAt(Queue storage queue, uint256 place) internal view returns (uint256) {
        return _laneAt(queue, 0, place) & NOTE_MASK;
    }

    /// @dev Whether the request at `place` waits.
    function waits(Queue storage queue, uint256 place) internal view returns (bool) {
        return _laneAt(queue, 0, place) >> HALF != 0;
    }

    /// @dev What waits at places before `place`, in wei. Reads at most 255 requests, and a slot for each 256 places between
    /// the oldest that waits and this.
    function ahead(Queue storage queue, uint256 place) internal view returns (uint256 amount) {
        uint256 oldest = _next(queue, 1, place, ANY);
        if (oldest == 0) return 0;
        uint256 block_ = place >> BLOCK;
        for (uint256 older = oldest >> BLOCK; older < block_; ++older) amount += queue.waitingIn[older];
        uint256 next = Math.max(oldest, block_ << BLOCK);
        while (true) {
            next = _next(queue, next, place, ANY);
            if (next == 0 || next >= place) return amount;
            amount += queue.requests[next].amount;
            ++next;
        }
    }

    /* TREE */

    /// @dev The first place from `from` to `last` with a request of at most `limit` wei; 0 if there is none.
    function _next(
        Queue storage queue,
        uint256 from,
        uint256 last,
        uint256 limit
    ) private view returns (uint256) {
        uint256 limitSize = _sizeOf(limit);
        uint256 level = 0;
        uint256 index = from;
        uint256 word = queue.nodes[_node(level, index)] >> (LANE * (index % 4));
        while (index <= last >> (2 * level)) {
            if (_fits(queue, level, index, word & LANE_MASK, limit, limitSize)) {
                if (level == 0) return index;
                // Down: it is below this lane.
                index *= 4;
                word = queue.nodes[_node(--level, index)];
            } else if (++index % 4 != 0) {
                // Right.
                word >>= LANE;
            } else {
                // Up and right: it is nowhere in this node.
                index /= 4;
                word = queue.nodes[_node(++level, index)] >> (LANE * (index % 4));
            }
        }
        return 0;
    }

    /// @dev Whether the smallest request that a lane knows of is at most `limit` wei.
    function _fits(
        Queue storage queue,
        uint256 level,
        uint256 index,
        uint256 lane,
        uint256 limit,
        uint256 limitSize
    ) private view returns (bool) {
        uint256 size = lane >> HALF;
        if (size == 0 || size > limitSize) return false;
        if (size < limitSize) return true;
        return queue.requests[level == 0 ? index : lane & NOTE_MASK].amount <= limit;
    }

    /// @dev The size and the place of the smallest request in the node at `level` that holds `index`, the last one of
    /// those that are equal; nothing if none waits there.
    function _smallest(
        Queue storage queue,
        uint256 level,
        uint256 node
    ) private view returns (uint256 size, uint256 place) {
        uint256 word = queue.nodes[(level << LEVEL) | node];
        for (uint256 index = node * 4; word != 0; ++index) {
            uint256 found = (word >> HALF) & NOTE_MASK;
            if (found != 0 && (size == 0 || found <= size)) {
                uint256 there = level == 0 ? index : word & NOTE_MASK;
                if (found != size || queue.requests[there].amount <= queue.requests[place].amount) {
                    (size, place) = (found, there);
                }
            }
            word >>= LANE;
        }
    }

    /// @dev The key of the node that holds the lane `index` of a level.
    function _node(uint256 level, uint256 index) private pure returns (uint256) {
        return (level << LEVEL) | (index / 4);
    }

    /// @dev A lane.
    function _laneAt(Queue storage queue, uint256 level, uint256 index) private view returns (uint256) {
        return (queue.nodes[_node(level, index)] >> (LANE * (index % 4))) & LANE_MASK;
    }

    /// @dev Writes a lane.
    function _setLane(Queue storage queue, uint256 level, uint256 index, uint256 size, uint256 note) private {
        uint256 shift = LANE * (index % 4);
        uint256 node = _node(level, index);
        queue.nodes[node] = (queue.nodes[node] & ~(LANE_MASK << shift)) | (((size << HALF) | note) << shift);
    }

    /// @dev An amount in 32 bits: its first 25 and an exponent, such that a larger amount never has a smaller size. An amount
    /// below 2^25 is its own size.
    function _sizeOf(uint256 amount) private pure returns (uint256) {
        if (amount >> PRECISION == 0) return amount;
        uint256 exponent = Math.log2(amount) + 1 - PRECISION;
        return (exponent << (PRECISION - 1)) + (amount >> exponent);
    }
}
