// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {OpenToken} from "./OpenToken.sol";

/// @title A token that can be told to misbehave, in each of the ways that real ones do
contract WaywardToken is OpenToken {
    enum Manner {
        Plain,
        TakesFee, // `FEE_BPS` of what is sent are burnt on the way
        Reverts,
        ReturnsFalse, // and moves nothing
        ReturnsNothing, // and moves everything, as tokens from before the standard do
        MovesNothing, // and says that it did
        BurnsGas, // and leaves none
        EmptiesReceiver // who has nothing at all afterwards
    }

    /// @notice What is burnt of a transfer while a fee is taken, in 1/10 000.
    uint256 public constant FEE_BPS = 100;

    /// @notice Transfers are stopped.
    error TransfersStopped();

    /// @notice This account gets nothing any more.
    error Denied(address account);

    Manner public manner;

    mapping(address account => bool) public denied;

    /// @notice Behave like this from now on.
    function behave(Manner manner_) external {
        manner = manner_;
    }

    /// @notice Refuse every transfer to `account` from now on, or none.
    function deny(address account, bool denied_) external {
        denied[account] = denied_;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        if (_idles()) return manner == Manner.MovesNothing;
        super.transfer(to, amount);
        return _answer();
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        if (_idles()) return manner == Manner.MovesNothing;
        super.transferFrom(from, to, amount);
        return _answer();
    }

    function _move(address from, address to, uint256 amount) internal override {
        if (denied[to]) revert Denied(to);
        if (manner == Manner.Reverts) revert TransfersStopped();
        if (manner == Manner.BurnsGas) {
            assembly {
                invalid()
            }
        }
        super._move(from, to, amount);
        if (manner == Manner.TakesFee) _burn(to, (amount * FEE_BPS) / 10_000);
        if (manner == Manner.EmptiesReceiver) _burn(to, balanceOf[to]);
    }

    function _idles() private view returns (bool) {
        return manner == Manner.ReturnsFalse || manner == Manner.MovesNothing;
    }

    function _answer() private view returns (bool) {
        if (manner == Manner.ReturnsNothing) {
            assembly {
                return(0, 0)
            }
        }
        return true;
    }
}
