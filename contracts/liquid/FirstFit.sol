// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Payout of the oldest request that wholly fits (L-5, L-6)
/// @notice Requests stand at places 1, 2, 3 … in the order of their age. The oldest is looked at first; one that does
/// not fit is passed over and keeps its place, unless it is overdue: nobody overtakes it then.
/// @dev To find the next one that fits without looking at all that do not, the places are the leaves of a tree in which
/// each node has four children and knows the smallest request below each of them. A node is one slot of four lanes, a
/// lane the place of that request (32 bits) and above it its size (32 bits): its amount as a number with an exponent,
/// rounded down (`_sizeOf`), 0 if none waits there. Where two sizes are the same, the amounts themselves are compared,
/// so that the order is exact.
/// Place `p` is below lane `p / 4` of level 1, lane `p / 16` of level 2, and so on; lane `i` of a level is in its node
/// `i / 4`. The first lane of a level covers the places from 0 on, which are searched from below and never from above:
/// it is not kept.
/// No step visits more than two nodes of a level, so that with 100 000 requests waiting a search reads at most 16
/// nodes, and as many amounts if all sizes are alike.
library FirstFit {
    using SafeCast for uint256;

    /// @dev A request. One slot.
    struct Request {
        address owner;
        uint96 amount; // wei that wait to be paid
    }

    struct Queue {
        mapping(uint256 place => Request) requests;
        mapping(uint256 node => uint256) nodes;
        // What waits at the places 256 b to 256 b + 255 together, in wei.
        mapping(uint256 block => uint256) waitingIn;
        // What its owner refused and can claim, in wei.
        mapping(uint256 place => uint256) setAside;
    }

    /// @dev Bits of a lane, and of either half of it.
    uint256 private constant LANE = 64;
    uint256 private constant HALF = 32;
    uint256 private constant LANE_MASK = type(uint64).max;
    uint256 private constant PLACE_MASK = type(uint32).max;

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

        // Tell the levels, up to the first that knows of one as small.
        uint256 size = _sizeOf(amount);
        uint256 index = place / 4;
        for (uint256 level = 1; index != 0; ++level) {
            uint256 lane = _laneAt(queue, level, index);
            uint256 known = lane >> HALF;
            if (known != 0) {
                if (known < size) break;
                if (known == size && queue.requests[lane & PLACE_MASK].amount <= amount) break;
            }
            _setLane(queue, level, index, (size << HALF) | place);
            index /= 4;
        }
    }

    /// @dev Takes the request at `place`, which waits, out of the queue.
    function take(Queue storage queue, uint256 place) internal returns (address owner, uint256 amount) {
        Request storage request = queue.requests[place];
        (owner, amount) = (request.owner, request.amount);
        request.amount = 0;
        queue.waitingIn[place >> BLOCK] -= amount;

        // Tell the levels, up to the first for which it was not the smallest.
        uint256 index = place / 4;
        for (uint256 level = 1; index != 0; ++level) {
            if (_laneAt(queue, level, index) & PLACE_MASK != place) break;
            uint256 smallest = level == 1 ? _smallestOf(queue, index) : _smallest(queue, level - 1, index);
            _setLane(queue, level, index, smallest);
            index /= 4;
        }
    }

    /* WHO IS NEXT */

    /// @dev The next request to pay with `liquidity` wei after the one at `place`, in the order of age; 0 if there is none.
    /// @param last The last place given out.
    /// @param inOrder Whether nobody has been passed over so far.
    /// @return next Its place.
    /// @return passed The place of the oldest of all, if that one does not fit and would be the first to be passed over: if
    /// it is not overdue, none is, for all others are younger. 0 otherwise.
    function nextPayable(
        Queue storage queue,
        uint256 place,
        uint256 last,
        uint256 liquidity,
        bool inOrder
    ) internal view returns (uint256 next, uint256 passed) {
        if (inOrder) {
            next = _next(queue, place + 1, last, ANY);
            if (next == 0 || queue.requests[next].amount <= liquidity) return (next, 0);
            passed = place = next;
        }
        next = _next(queue, place + 1, last, liquidity);
    }

    /* VIEWS */

    /// @dev What waits at places before `place`, where a request waits as well, in wei. Reads at most 255 requests, and a
    /// slot for each 256 places between the oldest that waits and this.
    function ahead(Queue storage queue, uint256 place) internal view returns (uint256 amount) {
        uint256 oldest = _next(queue, 1, place, ANY);
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
        uint256 word = 0;
        while (index <= last >> (2 * level)) {
            if (level == 0 ? _waits(queue, index, limit) : _fits(queue, word & LANE_MASK, limit, limitSize)) {
                if (level == 0) return index;
                // Down: it is below this lane.
                index *= 4;
                --level;
                if (level != 0) word = queue.nodes[_node(level, index)];
            } else if (++index % 4 != 0) {
                // Right.
                word >>= LANE;
            } else {
                // Up and right: it is nowhere in this node.
                index /= 4;
                ++level;
                word = queue.nodes[_node(level, index)] >> (LANE * (index % 4));
            }
        }
        return 0;
    }

    /// @dev Whether a request of at most `limit` wei waits at `place`.
    function _waits(Queue storage queue, uint256 place, uint256 limit) private view returns (bool) {
        uint256 amount = queue.requests[place].amount;
        return amount != 0 && amount <= limit;
    }

    /// @dev Whether the smallest request that a lane knows of is at most `limit` wei, which is `limitSize` in size.
    function _fits(
        Queue storage queue,
        uint256 lane,
        uint256 limit,
        uint256 limitSize
    ) private view returns (bool) {
        uint256 size = lane >> HALF;
        if (size == 0 || size > limitSize) return false;
        return size < limitSize || queue.requests[lane & PLACE_MASK].amount <= limit;
    }

    /// @dev What a lane has to say of four places: the smallest that waits there, the last one of those that are equal.
    function _smallestOf(Queue storage queue, uint256 group) private view returns (uint256) {
        uint256 smallest = type(uint256).max;
        uint256 at;
        for (uint256 place = group * 4; place < group * 4 + 4; ++place) {
            uint256 amount = queue.requests[place].amount;
            if (amount != 0 && amount <= smallest) (smallest, at) = (amount, place);
        }
        return at == 0 ? 0 : (_sizeOf(smallest) << HALF) | at;
    }

    /// @dev What a lane has to say of the four lanes in a node: the smallest, the last one of those that are equal.
    function _smallest(Queue storage queue, uint256 level, uint256 node) private view returns (uint256 smallest) {
        uint256 word = queue.nodes[(level << LEVEL) | node];
        for (; word != 0; word >>= LANE) {
            uint256 lane = word & LANE_MASK;
            if (lane == 0) continue;
            uint256 size = lane >> HALF;
            if (
                smallest == 0 ||
                size < smallest >> HALF ||
                (size == smallest >> HALF &&
                    queue.requests[lane & PLACE_MASK].amount <= queue.requests[smallest & PLACE_MASK].amount)
            ) smallest = lane;
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
    function _setLane(Queue storage queue, uint256 level, uint256 index, uint256 lane) private {
        uint256 shift = LANE * (index % 4);
        uint256 node = _node(level, index);
        queue.nodes[node] = (queue.nodes[node] & ~(LANE_MASK << shift)) | (lane << shift);
    }

    /// @dev An amount in 32 bits: its first 25 and an exponent, such that a larger amount never has a smaller size. An amount
    /// below 2^25 is its own size.
    function _sizeOf(uint256 amount) private pure returns (uint256) {
        if (amount >> PRECISION == 0) return amount;
        uint256 exponent = Math.log2(amount) + 1 - PRECISION;
        return (exponent << (PRECISION - 1)) + (amount >> exponent);
    }
}
