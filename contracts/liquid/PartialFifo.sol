// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Payout in strict order, in parts (L-7)
/// @notice All requests stand on one line, measured in wei: a request is the stretch from its start to its end, and begins
/// where the one before it ends. One number says how far the line has been filled. To fill it is to raise that number,
/// however many requests that covers.
/// @dev What is paid out of a request is cut off at its front: its start moves up, its amount shrinks.
library PartialFifo {
    using SafeCast for uint256;

    /// @dev A stretch of the line of which nothing has been paid. One slot.
    struct Request {
        uint96 amount; // wei
        uint128 start; // wei from the beginning of the line
    }

    struct Queue {
        uint128 requested; // where the line ends
        uint128 filled; // how far it has been filled
        mapping(uint256 id => Request) requests;
    }

    /// @dev Puts a request at the end.
    function push(Queue storage queue, uint256 id, uint256 amount) internal {
        uint256 start = queue.requested;
        queue.requests[id] = Request(amount.toUint96(), uint128(start));
        queue.requested = (start + amount).toUint128();
    }

    /// @dev Fills the line with up to `liquidity` wei. Returns how much of it was needed.
    function fill(Queue storage queue, uint256 liquidity) internal returns (uint256 amount) {
        amount = Math.min(liquidity, queue.requested - queue.filled);
        queue.filled += uint128(amount);
    }

    /// @dev Takes what has been filled out of a request.
    function take(Queue storage queue, uint256 id) internal returns (uint256 amount) {
        amount = filledOf(queue, id);
        Request storage request = queue.requests[id];
        request.amount -= uint96(amount);
        request.start += uint128(amount);
    }

    /// @dev What of a request has been filled and not been paid, in wei.
    function filledOf(Queue storage queue, uint256 id) internal view returns (uint256) {
        Request memory request = queue.requests[id];
        uint256 filled = queue.filled;
        return filled <= request.start ? 0 : Math.min(filled - request.start, request.amount);
    }

    /// @dev How much has to be filled before a request is, in wei.
    function ahead(Queue storage queue, uint256 id) internal view returns (uint256) {
        return Math.saturatingSub(queue.requests[id].start, queue.filled);
    }
}
