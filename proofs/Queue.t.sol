// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {FirstFit} from "unbond/liquid/FirstFit.sol";

import {Proof} from "./Proof.sol";

/// @title What is proved of payout by first fit
contract QueueProofs is Proof {
    using FirstFit for FirstFit.Queue;

    FirstFit.Queue private _queue;

    /// @notice L-5: of five requests of less than 2^25 wei, the oldest is paid that wholly fits, and no other.
    /// @custom:halmos --loop 32
    function check_next(uint256[5] calldata amounts, uint256 liquidity) external {
        uint256 expected;
        for (uint256 i = 5; i > 0; --i) {
            uint256 amount = amounts[i - 1];
            VM.assume(_and(amount != 0, amount < 2 ** 25));
            expected = _pick(amount <= liquidity, i, expected);
        }
        for (uint256 i = 1; i <= 5; ++i) _queue.push(i, address(this), amounts[i - 1]);
        VM.assume(liquidity < 2 ** 25);
        (uint256 place, ) = _queue.nextPayable(0, 5, liquidity, false);
        assert(place == expected);
    }

    /// @notice L-5: of two requests of any amount that share a node, the oldest is paid that wholly fits, and no other.
    /// @custom:halmos --loop 32
    function check_sizes(uint256 one, uint256 other, uint256 liquidity) external {
        VM.assume(_and(_and(one != 0, one < MANY), _and(other != 0, other < MANY)));
        VM.assume(liquidity < MANY);
        _queue.push(4, address(this), one);
        _queue.push(5, address(this), other);
        (uint256 place, ) = _queue.nextPayable(0, 5, liquidity, false);
        assert(place == _pick(one <= liquidity, 4, _pick(other <= liquidity, 5, 0)));
    }
}
