// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

interface IBalanced {
    function assets() external view returns (uint256);

    function liabilities() external view returns (uint256);
}

/// @title A validator that does as it is told, by anybody, and not as it ought to
contract WaywardValidator {
    /// @notice How it answers.
    enum Manner {
        Plain, // as a validator should
        Short, // with a wei less than it should pay
        Nothing, // without paying
        Over, // with a wei more than it should pay
        Revert, // not at all
        BurnGas, // not at all, and without leaving any gas
        Bomb, // not at all, with a very long reason
        Enter // by calling the pool with `prepared` first
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

    bytes public prepared;

    /// @notice What came of the last call back into the pool.
    bool public entered;
    bytes public answer;

    /// @notice Whether the pool's books balanced then.
    bool public balanced;

    uint64 private _until;
    uint256 private _rewards;

    /// @notice Brings in coins.
    receive() external payable {}

    /// @notice Answers at `place` in this manner from now on.
    function behave(Place place, Manner manner) external {
        manners[place] = manner;
    }

    /// @notice Calls the pool with `data` from now on at `place`.
    function arm(Place place, bytes calldata data) external {
        (manners[place], prepared) = (Manner.Enter, data);
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
        if (manner == Manner.Enter) {
            balanced = IBalanced(msg.sender).assets() == IBalanced(msg.sender).liabilities();
            (entered, answer) = msg.sender.call(prepared);
        }
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
