// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Intruder} from "./Intruder.sol";

/// @title A validator that does as it is told, by anybody, and not as it ought to
contract WaywardValidator is Intruder {
    /// @notice How it answers.
    enum Manner {
        Plain, // as a validator should
        Short, // with a wei less than it should pay
        Nothing, // without paying
        Over, // with a wei more than it should pay
        Revert, // not at all
        BurnGas, // not at all, and without leaving any gas
        Bomb, // not at all, with a very long reason
        Enter // by making all prepared calls of the pool first
    }

    /// @notice Where it answers like this.
    enum Place {
        Delegate,
        ClaimRewards,
        Release,
        LockedUntil,
        PendingRewards
    }

    error NotToday();

    mapping(Place place => Manner) public manners;

    uint64 private _until;
    uint256 private _rewards;

    /// @notice Brings in coins.
    receive() external payable {}

    /// @notice Answers at `place` in this manner from now on.
    function behave(Place place, Manner manner) external {
        manners[place] = manner;
    }

    /// @notice Makes all these calls of the pool from now on at `place`.
    function arm(Place place, bytes[] calldata calls) external {
        manners[place] = Manner.Enter;
        _prepare(calls);
    }

    /// @notice Says this from now on, whatever is true.
    function say(uint64 until, uint256 rewards) external {
        (_until, _rewards) = (until, rewards);
    }

    /// @notice Sends coins to somebody who has not asked.
    function send(address to, uint256 amount) external {
        (bool sent, bytes memory reason) = to.call{value: amount}("");
        if (sent) return;
        assembly {
            revert(add(reason, 32), mload(reason))
        }
    }

    function delegate() external payable {
        _pay(Place.Delegate, 0);
    }

    function claimRewards() external {
        _pay(Place.ClaimRewards, _rewards);
    }

    function release(uint256 amount) external {
        _pay(Place.Release, amount);
    }

    function lockedUntil() external view returns (uint64) {
        _refuse(manners[Place.LockedUntil]);
        return _until;
    }

    function pendingRewards() external view returns (uint256) {
        _refuse(manners[Place.PendingRewards]);
        return _rewards;
    }

    function _pay(Place place, uint256 amount) private {
        Manner manner = manners[place];
        _refuse(manner);
        if (manner == Manner.Enter) _tryAll(msg.sender);
        if (manner == Manner.Short) amount -= 1;
        if (manner == Manner.Nothing) amount = 0;
        if (manner == Manner.Over) amount += 1;
        if (amount == 0) return;
        (bool sent, ) = msg.sender.call{value: amount}("");
        require(sent, "not sent");
    }

    function _refuse(Manner manner) private pure {
        if (manner == Manner.Revert) revert NotToday();
        if (manner == Manner.BurnGas) {
            assembly {
                invalid()
            }
        }
        if (manner == Manner.Bomb) {
            assembly {
                revert(0, 100000)
            }
        }
    }
}
