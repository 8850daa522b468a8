// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IValidator} from "./IValidator.sol";

/// @title A simulated validator, for local chains and tests
/// @notice Rewards grow by the second from principal and a yearly rate. Somebody has to pay in the coins for them: anybody
/// can, by sending them here. The first to delegate is the pool, and stays it for ever.
contract LockupValidator is IValidator {
    using SafeCast for uint256;

    /// @notice Only the pool can do this.
    error NotThePool(address pool, address caller);

    /// @notice A lock-up period is running until this second.
    error LockupRunning(uint64 until);

    /// @notice Nobody has paid in the coins for these rewards, both in wei.
    error Underfunded(uint256 rewards, uint256 funds);

    /// @notice More was asked for than has been delegated, both in wei.
    error ExceedsPrincipal(uint256 amount, uint256 principal);

    /// @dev Parts of a whole in a rate.
    uint256 private constant BPS = 10_000;

    /// @notice How long a lock-up period lasts, in seconds.
    uint64 public immutable lockupPeriod;

    /// @notice What principal earns in 365 days, in 1/10 000.
    uint256 public immutable yearlyRateBps;

    /// @notice Who delegates; zero until somebody has.
    address public pool;

    /// @inheritdoc IValidator
    uint64 public lockedUntil;

    /// @dev The second up to which rewards have been counted.
    uint32 private _countedUntil;

    /// @notice What is delegated, in wei.
    uint128 public principal;

    /// @dev What had been earned and not been taken at that second, in wei.
    uint128 private _counted;

    constructor(uint64 lockupPeriod_, uint256 yearlyRateBps_) {
        lockupPeriod = lockupPeriod_;
        yearlyRateBps = yearlyRateBps_;
    }

    modifier onlyPool() {
        if (msg.sender != pool) revert NotThePool(pool, msg.sender);
        _;
    }

    modifier afterLockup() {
        if (block.timestamp < lockedUntil) revert LockupRunning(lockedUntil);
        _;
    }

    /// @notice Brings in coins to pay rewards with.
    receive() external payable {}

    /// @inheritdoc IValidator
    function delegate() external payable {
        if (pool == address(0)) {
            pool = msg.sender;
            _startPeriod();
        } else if (msg.sender != pool) {
            revert NotThePool(pool, msg.sender);
        }

        _count();
        principal += msg.value.toUint128();
    }

    /// @inheritdoc IValidator
    function claimRewards() external onlyPool afterLockup {
        uint256 amount = pendingRewards();
        uint256 funds = address(this).balance - principal;
        if (amount > funds) revert Underfunded(amount, funds);

        _counted = 0;
        _countedUntil = block.timestamp.toUint32();
        _startPeriod();

        Address.sendValue(payable(pool), amount);
    }

    /// @inheritdoc IValidator
    function release(uint256 amount) external onlyPool afterLockup {
        if (amount > principal) revert ExceedsPrincipal(amount, principal);

        _count();
        principal -= uint128(amount);

        Address.sendValue(payable(pool), amount);
    }

    /// @inheritdoc IValidator
    function pendingRewards() public view returns (uint256) {
        return _counted + (principal * yearlyRateBps * (block.timestamp - _countedUntil)) / (BPS * 365 days);
    }

    /// @dev Notes down what has been earned so far, before the principal changes.
    function _count() private {
        _counted = pendingRewards().toUint128();
        _countedUntil = block.timestamp.toUint32();
    }

    /// @dev Starts a lock-up period.
    function _startPeriod() private {
        lockedUntil = uint64(block.timestamp) + lockupPeriod;
    }
}
