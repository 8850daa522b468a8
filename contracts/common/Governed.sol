// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

/// @title Who may do what: an owner in two steps, and a role for each power (C-7)
/// @notice The owner, and nobody else, gives and takes roles; there is no role that gives roles.
/// A system starts with every role of its own in the owner's hands, to be handed on.
/// @dev This contract will not:
/// - let a role holder, or the owner, touch a position or money of an account;
/// - let a pause stop anything but what a system marks `whenNotPaused`, which is new stakes only (C-6).
abstract contract Governed is Ownable2Step, AccessControl, Pausable {
    /// @notice Adds and describes what people can stake on.
    bytes32 public constant REGISTRAR_ROLE = keccak256("REGISTRAR_ROLE");

    /// @notice Brings in rewards.
    bytes32 public constant REWARDER_ROLE = keccak256("REWARDER_ROLE");

    /// @notice Runs what has to be run day by day.
    bytes32 public constant OPERATOR_ROLE = keccak256("OPERATOR_ROLE");

    /// @notice Stops new stakes and lets them go on again.
    bytes32 public constant PAUSER_ROLE = keccak256("PAUSER_ROLE");

    constructor(address admin) Ownable(admin) {
        _grantRole(PAUSER_ROLE, admin);
    }

    /// @notice Stops new stakes. Every exit stays open.
    function pause() external onlyRole(PAUSER_ROLE) {
        _pause();
    }

    /// @notice Lets new stakes in again.
    function unpause() external onlyRole(PAUSER_ROLE) {
        _unpause();
    }

    /// @notice Gives a role. Only the owner can.
    function grantRole(bytes32 role, address account) public override onlyOwner {
        _grantRole(role, account);
    }

    /// @notice Takes a role away. Only the owner can.
    function revokeRole(bytes32 role, address account) public override onlyOwner {
        _revokeRole(role, account);
    }
}
